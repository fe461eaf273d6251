/// What was answered about a bearer token, for as long as that is believed or remembered.
#pragma once

#include "protocol/digest.hpp"
#include "protocol/error.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace two_path::host::mender {

/// Keyed by the token's SHA-256, so that no token stays in memory. Times are steady milliseconds. Used by one
/// thread.
class TokenCache {
  public:
    /// Of what is believed: so long a revoked token may still pass.
    static constexpr std::int64_t lifetime = 5'000;
    static constexpr std::size_t max_tokens = 10'000;

    /// How long an answer stays.
    explicit TokenCache(std::int64_t kept_for = lifetime)
      : kept_for_(kept_for) {}

    /// Whose it is, or why it is nobody's; none when that is not known now.
    [[nodiscard]] std::optional<Result<std::string>> find(std::string_view token, std::int64_t now) const;
    /// The oldest makes room.
    void keep(std::string_view token, const Result<std::string>& answer, std::int64_t now);

  private:
    std::int64_t kept_for_;
    struct Entry {
        std::string digest;
        Result<std::string> answer;
        std::int64_t until;
    };
    std::list<Entry> entries_; ///< the oldest first, which is also the first to end
    std::map<std::string, std::list<Entry>::iterator, std::less<>> by_digest_;
    void drop_oldest();
};

} // namespace two_path::host::mender
