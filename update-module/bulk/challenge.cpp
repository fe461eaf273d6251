#include "update-module/bulk/challenge.hpp"

#include "protocol/certification.hpp"

namespace two_path::bulk {

std::optional<Challenge> parse_challenge(std::string_view text) {
    constexpr std::string_view word = "certify ";
    constexpr std::size_t nonce_size = 22;
    constexpr std::size_t proof_size = 43;
    if (text.size() != word.size() + nonce_size + 1 + proof_size || !text.starts_with(word))
        return std::nullopt;
    text.remove_prefix(word.size());
    if (!is_nonce(text.substr(0, nonce_size)) || text[nonce_size] != ' ') return std::nullopt;
    return Challenge{std::string(text.substr(0, nonce_size)), std::string(text.substr(nonce_size + 1))};
}

} // namespace two_path::bulk
