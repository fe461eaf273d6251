#include "update-module/seal.hpp"

#include "protocol/digest.hpp"
#include "protocol/encoding.hpp"

#include <boost/json/serialize.hpp>

namespace two_path::device {
namespace {

constexpr std::string_view before_digest = R"(,"seal":")";
constexpr std::string_view after_digest = "\"}";

std::string seal_of(std::string_view content) {
    return std::string(before_digest)
        .append(digest_of(DigestKind::sha256, bytes_of(content)).hex())
        .append(after_digest);
}

} // namespace

std::string sealed(const json::object& object) {
    auto text = json::serialize(object); // the record holds a secret: wiped here, and `whole` never moves
    const std::string_view content(text.data(), text.size() - 1);
    const auto seal = seal_of(content);
    std::string whole;
    whole.reserve(content.size() + seal.size());
    whole.append(content).append(seal);
    wipe(text);
    return whole;
}

Result<void> check_seal(std::string_view text) {
    const auto at = text.rfind(before_digest);
    if (at == std::string_view::npos || text.substr(at) == seal_of(text.substr(0, at))) return {};
    return fail(Errc::bad_request, "its seal does not hold: the storage has changed it");
}

} // namespace two_path::device
