#include "plugin/control/result_notice.hpp"

#include "plugin/control/session_view.hpp"
#include "protocol/digest.hpp"

#include <boost/json/serialize.hpp>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <new>

namespace two_path::control {

std::string notice_id(std::string_view session) {
    // A session's id is 16 random bytes; whatever else it might be is digested to as many.
    auto bytes = from_base64url(session).value_or(Bytes());
    if (bytes.size() != 16) {
        const auto digest = digest_of(DigestKind::sha256, bytes_of(session));
        bytes = from_hex(digest.hex()).value();
        bytes.resize(16);
    }
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | 0x80U);
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);
    auto text = to_hex(bytes);
    for (const std::size_t dash : {8U, 13U, 18U, 23U})
        text.insert(dash, 1, '-');
    return text;
}

std::string result_notice(const state::Session& session, std::uint64_t sent) {
    return json::serialize(json::object{{"id", notice_id(session.id)},
                                        {"type", result_type},
                                        {"time", rfc3339(session.changed)},
                                        {"data", view(session, sent)}});
}

std::string notice_signature(std::string_view body, ByteView secret) {
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> code{};
    unsigned size = 0;
    const auto bytes = bytes_of(body);
    if (HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes.data(), bytes.size(),
             code.data(), &size) == nullptr)
        throw std::bad_alloc();
    return to_hex(ByteView(code).first(size));
}

} // namespace two_path::control
