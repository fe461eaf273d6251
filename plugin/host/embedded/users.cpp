#include "plugin/host/embedded/users.hpp"

#include "plugin/clock.hpp"
#include "plugin/host/embedded/embedded_host.hpp"
#include "plugin/host/embedded/identifier.hpp"
#include "plugin/host/embedded/password.hpp"

#include <algorithm>
#include <cctype>

namespace two_path::host {
namespace embedded {
namespace {

constexpr std::size_t max_email = 254; // RFC 5321, section 4.5.3.1.3
constexpr std::size_t min_password = 8;
constexpr std::size_t max_password = 1024;
constexpr std::int64_t max_personal_tokens = 10; // Mender's default
constexpr std::int64_t use_noted_every = std::chrono::milliseconds(std::chrono::minutes(10)).count();

constexpr std::string_view select_users =
    "SELECT id, email, password, created, updated, logged_in FROM users ";

std::string in_lower_case(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return lower;
}

/// Enough to catch a slip. A colon would end the name in Basic credentials (RFC 7617).
bool is_email(std::string_view text) {
    const auto at = text.find('@');
    return text.size() <= max_email && at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
           text.find('@', at + 1) == std::string_view::npos &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F && c != ':'; });
}

User read_user(const state::Query& row) {
    return {row.text(0), row.text(1), row.text(2), row.number(3), row.number(4), row.number_or_none(5)};
}

std::optional<User> find(state::Database& database, std::string_view condition, std::string_view value) {
    auto found = database.query(std::string(select_users).append(condition));
    found.bind(value);
    if (!found.next()) return std::nullopt;
    return read_user(found);
}

Error user_exists(const std::string& email) {
    return fail(Errc::conflict, "the user " + email + " exists already");
}

bool is_others(state::Database& database, const std::string& email, const std::string& id) {
    const auto owner = user_by_email(database, email);
    return owner && owner->id != id;
}

Result<void> check_room_for(state::Database& database, const UserToken& token) {
    auto same = database.query(
        "SELECT count(*), coalesce(sum(name = ?), 0) FROM user_tokens WHERE user = ? AND name IS NOT NULL");
    same.with(*token.name, token.user);
    if (!same.next()) return {};
    if (same.number(1) > 0) return fail(Errc::conflict, "there is a token of this name already");
    if (same.number(0) >= max_personal_tokens)
        return fail(Errc::too_large,
                    "a user has at most " + std::to_string(max_personal_tokens) + " tokens; revoke one");
    return {};
}

} // namespace

Result<void> check_email(std::string_view email) {
    if (is_email(email)) return {};
    return fail(Errc::bad_request, "the user's name must be an e-mail address, such as operator@example.com");
}

Result<void> check_password(std::string_view password) {
    if (password.size() >= min_password && password.size() <= max_password) return {};
    return fail(Errc::bad_request, "a password has " + std::to_string(min_password) + " to " +
                                       std::to_string(max_password) + " bytes");
}

Result<std::string> add_user(state::Database& database, std::string_view email, const std::string& password,
                             std::int64_t now) {
    const auto name = in_lower_case(email);
    auto id = make_uuid();
    database
        .query("INSERT INTO users (id, email, password, created) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING")
        .with(id, name, password, now)
        .run();
    if (database.changes() == 0) return user_exists(name);
    return id;
}

Result<void> change_user(state::Database& database, const std::string& id, const UserChange& change,
                         std::string_view except, std::int64_t now) {
    state::Transaction transaction(database);
    if (!user_by_id(database, id)) return fail(Errc::not_found, "no such user");
    if (change.email) {
        const auto email = in_lower_case(*change.email);
        if (is_others(database, email, id)) return user_exists(email);
        database.query("UPDATE users SET email = ? WHERE id = ?").with(email, id).run();
    }
    if (change.password) {
        database.query("UPDATE users SET password = ? WHERE id = ?").with(*change.password, id).run();
        database.query("DELETE FROM user_tokens WHERE user = ? AND id <> ?").with(id, except).run();
    }
    database.query("UPDATE users SET updated = ? WHERE id = ?").with(now, id).run();
    transaction.commit();
    return {};
}

Result<void> remove_user(state::Database& database, const std::string& id) {
    state::Transaction transaction(database);
    if (!user_by_id(database, id)) return {};
    if (list_users(database).size() == 1)
        return fail(Errc::conflict, "this is the last user; nobody could log in any more");
    database.query("DELETE FROM settings WHERE owner = ?").with(id).run();
    database.query("DELETE FROM users WHERE id = ?").with(id).run();
    transaction.commit();
    return {};
}

std::optional<User> user_by_email(state::Database& database, std::string_view email) {
    return find(database, "WHERE email = ?", in_lower_case(email));
}

std::optional<User> user_by_id(state::Database& database, std::string_view id) {
    return find(database, "WHERE id = ?", id);
}

bool has_still(state::Database& database, const User& user) {
    const auto now = user_by_id(database, user.id);
    return now && now->password == user.password;
}

std::vector<User> list_users(state::Database& database) {
    auto rows = database.query(std::string(select_users).append("ORDER BY rowid"));
    std::vector<User> users;
    while (rows.next())
        users.push_back(read_user(rows));
    return users;
}

Result<void> add_user_token(state::Database& database, const UserToken& token) {
    state::Transaction transaction(database);
    database.query("DELETE FROM user_tokens WHERE expires < ?").with(token.created).run();
    if (token.name) {
        if (auto room = check_room_for(database, token); !room) return room.error();
    } else {
        database.query("UPDATE users SET logged_in = ? WHERE id = ?").with(token.created, token.user).run();
    }
    database.query("INSERT INTO user_tokens (id, user, name, created, expires) VALUES (?, ?, ?, ?, ?)")
        .with(token.id, token.user, token.name, token.created, token.expires)
        .run();
    transaction.commit();
    return {};
}

std::optional<User> user_by_token(state::Database& database, std::string_view id) {
    return find(database, "WHERE id = (SELECT user FROM user_tokens WHERE id = ?)", id);
}

void note_use(state::Database& database, std::string_view id, std::int64_t now) {
    {
        auto old = database.query(
            "SELECT 1 FROM user_tokens WHERE id = ? AND name IS NOT NULL AND (used IS NULL OR used < ?)");
        old.with(id, now - use_noted_every);
        if (!old.next()) return;
    }
    database.query("UPDATE user_tokens SET used = ? WHERE id = ?").with(now, id).run();
}

std::vector<UserToken> personal_tokens(state::Database& database, const std::string& user) {
    auto rows = database.query("SELECT id, user, name, created, expires, used FROM user_tokens "
                               "WHERE user = ? AND name IS NOT NULL ORDER BY created, name");
    rows.bind(user);
    std::vector<UserToken> tokens;
    while (rows.next())
        tokens.push_back({rows.text(0), rows.text(1), rows.text_or_none(2), rows.number(3), rows.number(4),
                          rows.number_or_none(5)});
    return tokens;
}

void remove_user_token(state::Database& database, std::string_view id) {
    database.query("DELETE FROM user_tokens WHERE id = ?").with(id).run();
}

bool remove_personal_token(state::Database& database, const std::string& user, std::string_view id) {
    database.query("DELETE FROM user_tokens WHERE id = ? AND user = ? AND name IS NOT NULL")
        .with(id, user)
        .run();
    return database.changes() > 0;
}

} // namespace embedded

Result<void> create_user(state::Database& database, std::string_view email, std::string_view password) {
    if (auto checked = embedded::check_email(email); !checked) return checked.error();
    if (auto checked = embedded::check_password(password); !checked) return checked.error();
    const auto added =
        embedded::add_user(database, email, embedded::hash_password(password), Clock::system().unix_time());
    if (!added) return added.error();
    return {};
}

Result<void> set_password(state::Database& database, std::string_view email, std::string_view password) {
    if (auto checked = embedded::check_password(password); !checked) return checked.error();
    const auto user = embedded::user_by_email(database, email);
    if (!user) return fail(Errc::not_found, "no user is called " + std::string(email));
    return embedded::change_user(database, user->id, {std::nullopt, embedded::hash_password(password)}, {},
                                 Clock::system().unix_time());
}

} // namespace two_path::host
