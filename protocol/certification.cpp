#include "protocol/certification.hpp"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <stdexcept>

namespace two_path {
namespace {

constexpr std::size_t nonce_bytes = 16;
constexpr std::size_t nonce_characters = 22;

void fill_random(std::uint8_t* bytes, std::size_t size) {
    if (RAND_bytes(bytes, static_cast<int>(size)) != 1)
        throw std::runtime_error("this machine gives no random bytes (RAND_bytes)");
}

bool same(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace

std::string_view name_of(Mode mode) noexcept {
    return mode == Mode::pull ? "pull" : "push";
}
std::string_view name_of(Issuer issuer) noexcept {
    return issuer == Issuer::plugin ? "plugin" : "device";
}
std::string_view name_of(Party party) noexcept {
    return party == Party::plugin ? "plugin" : "device";
}

std::optional<Mode> mode_from_name(std::string_view name) noexcept {
    if (name == "pull") return Mode::pull;
    if (name == "push") return Mode::push;
    return std::nullopt;
}

std::optional<Issuer> issuer_from_name(std::string_view name) noexcept {
    if (name == "plugin") return Issuer::plugin;
    if (name == "device") return Issuer::device;
    return std::nullopt;
}

std::string make_nonce() {
    std::array<std::uint8_t, nonce_bytes> bytes{};
    fill_random(bytes.data(), bytes.size());
    return to_base64url(bytes);
}

bool is_nonce(std::string_view text) noexcept {
    if (text.size() != nonce_characters) return false;
    const auto bytes = from_base64url(text);
    return bytes.has_value() && bytes->size() == nonce_bytes;
}

Certification Certification::make() {
    Certification made;
    fill_random(made.secret_.data(), made.secret_.size());
    return made;
}

std::optional<Certification> Certification::parse(std::string_view text) {
    auto bytes = from_base64url(text);
    if (!bytes || bytes->size() != size) return std::nullopt;
    Certification parsed;
    std::copy(bytes->begin(), bytes->end(), parsed.secret_.begin());
    wipe(*bytes);
    return parsed;
}

Certification::~Certification() {
    OPENSSL_cleanse(secret_.data(), secret_.size());
}

std::string Certification::text() const {
    return to_base64url(secret_);
}

std::string Certification::proof(Party party, const ProofInput& input) const {
    std::string message = "two-path/1";
    for (const auto part :
         {name_of(input.mode), name_of(party), input.session, input.client_nonce, input.server_nonce})
        message.append("\n").append(part);
    std::array<std::uint8_t, 32> mac{};
    unsigned mac_size = 0;
    const auto bytes = bytes_of(message);
    if (HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()), bytes.data(), bytes.size(),
             mac.data(), &mac_size) == nullptr)
        throw std::runtime_error("OpenSSL cannot serve HMAC-SHA256");
    return to_base64url(mac);
}

bool Certification::proves(std::string_view given, Party party, const ProofInput& input) const {
    return same(given, proof(party, input));
}

bool Certification::is(std::string_view given) const {
    auto own = text();
    const bool equal = same(given, own);
    wipe(own);
    return equal;
}

} // namespace two_path
