/// The people who may use the management API, and their bearer tokens' ids.
#pragma once

#include "plugin/state/database.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace two_path::host::embedded {

struct User {
    std::string id;
    std::string email;
    std::string password; ///< as hash_password() made it
    std::int64_t created{0};
};

/// Without regard to case.
[[nodiscard]] std::optional<User> user_by_email(state::Database& database, std::string_view email);

/// Makes a token's id known until `expires` (UNIX ms), and forgets those that ended before `now`.
void add_user_token(state::Database& database, const std::string& id, const std::string& user,
                    std::int64_t expires, std::int64_t now);
/// The user behind a token's id, while it is known.
[[nodiscard]] std::optional<User> user_by_token(state::Database& database, std::string_view id);
void remove_user_token(state::Database& database, std::string_view id);

} // namespace two_path::host::embedded
