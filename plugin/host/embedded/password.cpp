#include "plugin/host/embedded/password.hpp"

#include "protocol/encoding.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <vector>

namespace two_path::host::embedded {
namespace {

constexpr std::size_t salt_size = 16;
constexpr std::size_t hash_size = 32;

/// Stored beside each hash, so that a later release can raise them.
struct Cost {
    unsigned log2_n{15};
    unsigned r{8};
    unsigned p{3};
};

struct Stored {
    Cost cost;
    Bytes salt;
    Bytes hash;
};

Bytes derive(std::string_view password, const Bytes& salt, const Cost& cost) {
    Bytes hash(hash_size);
    constexpr std::uint64_t memory_limit = std::uint64_t{256} << 20U;
    if (EVP_PBE_scrypt(password.data(), password.size(), salt.data(), salt.size(),
                       std::uint64_t{1} << cost.log2_n, cost.r, cost.p, memory_limit, hash.data(),
                       hash.size()) != 1)
        throw std::runtime_error("scrypt cannot be computed");
    return hash;
}

std::string text_of(const Stored& stored) {
    const auto& cost = stored.cost;
    return "scrypt$" + std::to_string(cost.log2_n) + "$" + std::to_string(cost.r) + "$" +
           std::to_string(cost.p) + "$" + to_base64(stored.salt) + "$" + to_base64(stored.hash);
}

Bytes random_bytes(std::size_t size) {
    Bytes bytes(size);
    if (RAND_bytes(bytes.data(), static_cast<int>(size)) != 1)
        throw std::runtime_error("this machine has no randomness");
    return bytes;
}

std::optional<unsigned> number_in(std::string_view text, unsigned limit) {
    unsigned number = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (ec != std::errc() || end != text.data() + text.size() || number == 0 || number > limit)
        return std::nullopt;
    return number;
}

std::optional<Stored> parse_stored(std::string_view text) {
    std::vector<std::string_view> parts;
    for (auto dollar = text.find('$'); dollar != std::string_view::npos; dollar = text.find('$')) {
        parts.push_back(text.substr(0, dollar));
        text.remove_prefix(dollar + 1);
    }
    parts.push_back(text);
    if (parts.size() != 6 || parts[0] != "scrypt") return std::nullopt;
    const auto log2_n = number_in(parts[1], 17);
    const auto r = number_in(parts[2], 8);
    const auto p = number_in(parts[3], 16);
    auto salt = from_base64(parts[4]);
    auto hash = from_base64(parts[5]);
    if (!log2_n || !r || !p || !salt || !hash || hash->size() != hash_size) return std::nullopt;
    return Stored{{*log2_n, *r, *p}, std::move(*salt), std::move(*hash)};
}

} // namespace

std::string hash_password(std::string_view password) {
    Stored stored;
    stored.salt = random_bytes(salt_size);
    stored.hash = derive(password, stored.salt, stored.cost);
    return text_of(stored);
}

bool password_matches(std::string_view password, std::string_view stored) {
    const auto parsed = parse_stored(stored);
    if (!parsed) return false;
    const auto hash = derive(password, parsed->salt, parsed->cost);
    return CRYPTO_memcmp(hash.data(), parsed->hash.data(), hash_size) == 0;
}

std::string unmatched_password() {
    Stored stored;
    stored.salt = random_bytes(salt_size);
    stored.hash = random_bytes(hash_size);
    return text_of(stored);
}

} // namespace two_path::host::embedded
