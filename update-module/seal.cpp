#include "update-module/seal.hpp"

#include "protocol/digest.hpp"
#include "protocol/encoding.hpp"

#include <boost/json/serialize.hpp>

namespace two_path::device {
namespace {

constexpr std::string_view before_digest = R"(,"seal":")";
constexpr std::string_view after_digest = "\"}";

std::string with_seal(std::string_view content) {
    std::string text(content);
    text += before_digest;
    text += digest_of(DigestKind::sha256, bytes_of(content)).hex();
    return text.append(after_digest);
}

} // namespace

std::string sealed(const json::object& object) {
    auto text = json::serialize(object);
    auto whole = with_seal({text.data(), text.size() - 1});
    wipe(text); // the record holds a secret
    return whole;
}

Result<void> check_seal(std::string_view text) {
    const auto at = text.rfind(before_digest);
    if (at == std::string_view::npos || text == with_seal(text.substr(0, at))) return {};
    return fail(Errc::bad_request, "its seal does not hold: the storage has changed it");
}

} // namespace two_path::device
