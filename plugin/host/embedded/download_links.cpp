#include "plugin/host/embedded/download_links.hpp"

#include "plugin/durable_file.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <charconv>
#include <stdexcept>

namespace two_path::host::embedded {
namespace {

constexpr std::size_t secret_size = 32;

Error unusable(const std::string& why) {
    return fail(Errc::bad_configuration, why);
}

Result<Bytes> make_secret(const std::filesystem::path& file) {
    Bytes secret(secret_size);
    if (RAND_bytes(secret.data(), static_cast<int>(secret.size())) != 1)
        throw std::runtime_error("this machine has no randomness");
    auto text = to_base64(secret);
    const auto written = write_durably(file, text, 0600);
    wipe(text);
    if (!written) return unusable(written.error().detail);
    return secret;
}

} // namespace

Result<DownloadLinks> DownloadLinks::open(const std::filesystem::path& file) {
    auto text = read_small_file(file, 4 * secret_size);
    if (!text && text.error().code != Errc::not_found) return unusable(text.error().detail);
    auto secret = text ? from_base64(*text) : std::nullopt;
    if (text) {
        wipe(*text);
        if (!secret || secret->size() != secret_size)
            return unusable(file.string() + ": not a key of this program; remove it and a new one is made");
        return DownloadLinks(std::move(*secret));
    }
    auto made = make_secret(file);
    if (!made) return made.error();
    return DownloadLinks(std::move(*made));
}

Bytes DownloadLinks::signature_of(std::string_view artifact, std::string_view expires) const {
    const auto message = std::string("artifact\n").append(artifact).append("\n").append(expires);
    Bytes signature(EVP_MAX_MD_SIZE);
    unsigned size = 0;
    if (HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()), bytes_of(message).data(),
             message.size(), signature.data(), &size) == nullptr)
        throw std::runtime_error("OpenSSL cannot compute an HMAC");
    signature.resize(size);
    return signature;
}

std::string DownloadLinks::link(std::string_view artifact, std::int64_t expires) const {
    const auto end = std::to_string(expires);
    std::string link(download_route.substr(0, download_route.find('{')));
    link.append(artifact).append("?").append(expires_parameter).append("=").append(end);
    return link.append("&")
        .append(signature_parameter)
        .append("=")
        .append(to_base64url(signature_of(artifact, end)));
}

Result<void> DownloadLinks::check(std::string_view artifact, std::string_view expires,
                                  std::string_view signature, std::int64_t now) const {
    const auto given = from_base64url(signature);
    const auto right = signature_of(artifact, expires);
    if (!given || given->size() != right.size() ||
        CRYPTO_memcmp(given->data(), right.data(), right.size()) != 0)
        return fail(Errc::forbidden, "this download link was not made here");
    std::int64_t end = 0;
    const auto parsed = std::from_chars(expires.data(), expires.data() + expires.size(), end);
    if (parsed.ec != std::errc() || now >= end) return fail(Errc::forbidden, "this download link has ended");
    return {};
}

} // namespace two_path::host::embedded
