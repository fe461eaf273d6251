/// The people who may use the management API, and the bearer tokens by which they and their programs do.
#pragma once

#include "plugin/state/database.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace two_path::host::embedded {

/// Times are UNIX milliseconds.
struct User {
    std::string id;
    std::string email;
    std::string password; ///< as hash_password() made it
    std::int64_t created{0};
    std::int64_t updated{0};
    std::optional<std::int64_t> logged_in; ///< the last time
};

/// What is to change of a user; what is none stays.
struct UserChange {
    std::optional<std::string> email;
    std::optional<std::string> password; ///< as hash_password() made it
};

/// bad_request with what is wrong: an address that is none, or a password of under 8 or over 1024 bytes.
[[nodiscard]] Result<void> check_email(std::string_view email);
[[nodiscard]] Result<void> check_password(std::string_view password);

/// The new one's id. `email` has passed check_email(), `password` is as hash_password() made it. conflict
/// when the address is taken.
[[nodiscard]] Result<std::string> add_user(state::Database& database, std::string_view email,
                                           const std::string& password, std::int64_t now);
/// Another password ends all of the user's tokens but the one called `except`. not_found; conflict when the
/// address is taken.
[[nodiscard]] Result<void> change_user(state::Database& database, const std::string& id,
                                       const UserChange& change, std::string_view except, std::int64_t now);
/// With the user's settings and tokens. conflict for the last one: nobody could log in any more. Removing one
/// that is not there is no error.
[[nodiscard]] Result<void> remove_user(state::Database& database, const std::string& id);

/// Without regard to case.
[[nodiscard]] std::optional<User> user_by_email(state::Database& database, std::string_view email);
[[nodiscard]] std::optional<User> user_by_id(state::Database& database, std::string_view id);
/// Whether that is the user's password to this moment: it may change, or the user go, while it is compared.
[[nodiscard]] bool has_still(state::Database& database, const User& user);
/// In the order of their creation.
[[nodiscard]] std::vector<User> list_users(state::Database& database);

/// Of a login, or with a name: a personal access token.
struct UserToken {
    std::string id; ///< `jti`
    std::string user;
    std::optional<std::string> name;
    std::int64_t created{0};
    std::int64_t expires{0};
    std::optional<std::int64_t> used{}; ///< the last time, to ten minutes; of personal ones only
};

/// Makes a token known until it expires, notes a login, and forgets tokens that ended before. conflict for a
/// name that the user has given already; too_large when the user has ten with a name.
[[nodiscard]] Result<void> add_user_token(state::Database& database, const UserToken& token);
/// The user behind a token's id, while it is known.
[[nodiscard]] std::optional<User> user_by_token(state::Database& database, std::string_view id);
/// A personal token was shown. Written now and then only.
void note_use(state::Database& database, std::string_view id, std::int64_t now);
/// Those with a name, in the order of their creation.
[[nodiscard]] std::vector<UserToken> personal_tokens(state::Database& database, const std::string& user);
void remove_user_token(state::Database& database, std::string_view id);
/// False: the user has no personal token of this id.
bool remove_personal_token(state::Database& database, const std::string& user, std::string_view id);

} // namespace two_path::host::embedded
