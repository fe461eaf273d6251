#include "plugin/host/mender/access_token.hpp"

#include "plugin/host/mender/bearer.hpp"
#include "plugin/secret_file.hpp"
#include "protocol/encoding.hpp"

#include <utility>

namespace two_path::host::mender {
namespace {

constexpr std::size_t max_file = 16 * 1024;

Error unusable(const std::filesystem::path& file, const std::string& why) {
    return fail(Errc::bad_configuration, file.string() + ": " + why);
}

Result<std::string> read_token(const std::filesystem::path& file) {
    auto text = read_secret_file(file, max_file);
    if (!text) return text;
    const auto user = read_bearer(*text, TokenKind::user);
    if (user) return text;
    wipe(*text);
    return unusable(file, "holds no personal access token of a Mender server (" + user.error().detail +
                              "); make one there, in the settings of a user, and write it into the file");
}

} // namespace

AccessToken::AccessToken(std::filesystem::path file, std::string text)
  : file_(std::move(file))
  , text_(std::move(text)) {}

AccessToken::AccessToken(AccessToken&& other) noexcept
  : file_(std::move(other.file_))
  , text_(std::exchange(other.text_, {})) {}

AccessToken& AccessToken::operator=(AccessToken&& other) noexcept {
    std::swap(file_, other.file_);
    std::swap(text_, other.text_);
    return *this;
}

AccessToken::~AccessToken() {
    wipe(text_);
}

Result<AccessToken> AccessToken::open(const std::filesystem::path& file) {
    auto text = read_token(file);
    if (!text) return text.error();
    return AccessToken(file, std::move(*text));
}

Result<void> AccessToken::renew() {
    auto text = read_token(file_);
    if (!text) return text.error();
    text_.swap(*text);
    wipe(*text);
    return {};
}

} // namespace two_path::host::mender
