#include "plugin/host/embedded/users.hpp"

#include "plugin/clock.hpp"
#include "plugin/host/embedded/embedded_host.hpp"
#include "plugin/host/embedded/identifier.hpp"
#include "plugin/host/embedded/password.hpp"

#include <algorithm>
#include <cctype>

namespace two_path::host {
namespace {

constexpr std::size_t max_email = 254; // RFC 5321, section 4.5.3.1.3
constexpr std::size_t min_password = 8;
constexpr std::size_t max_password = 1024;

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

Result<void> check_password(std::string_view password) {
    if (password.size() >= min_password && password.size() <= max_password) return {};
    return fail(Errc::bad_request, "a password has " + std::to_string(min_password) + " to " +
                                       std::to_string(max_password) + " bytes");
}

} // namespace

Result<void> create_user(state::Database& database, std::string_view email, std::string_view password) {
    if (!is_email(email))
        return fail(Errc::bad_request,
                    "the user's name must be an e-mail address, such as operator@example.com");
    if (auto checked = check_password(password); !checked) return checked.error();
    const auto name = in_lower_case(email);
    const auto stored = embedded::hash_password(password);
    database
        .query("INSERT INTO users (id, email, password, created) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING")
        .with(embedded::make_uuid(), name, stored, Clock::system().unix_time())
        .run();
    if (database.changes() == 0) return fail(Errc::conflict, "the user " + name + " exists already");
    return {};
}

Result<void> set_password(state::Database& database, std::string_view email, std::string_view password) {
    if (auto checked = check_password(password); !checked) return checked.error();
    const auto name = in_lower_case(email);
    const auto stored = embedded::hash_password(password);
    state::Transaction transaction(database);
    database.query("UPDATE users SET password = ? WHERE email = ?").with(stored, name).run();
    if (database.changes() == 0) return fail(Errc::not_found, "no user is called " + name);
    database.query("DELETE FROM user_tokens WHERE user = (SELECT id FROM users WHERE email = ?)")
        .with(name)
        .run();
    transaction.commit();
    return {};
}

namespace embedded {
namespace {

User read(const state::Query& row) {
    return {row.text(0), row.text(1), row.text(2), row.number(3)};
}

} // namespace

std::optional<User> user_by_email(state::Database& database, std::string_view email) {
    auto found = database.query("SELECT id, email, password, created FROM users WHERE email = ?");
    found.bind(in_lower_case(email));
    if (!found.next()) return std::nullopt;
    return read(found);
}

void add_user_token(state::Database& database, const std::string& id, const std::string& user,
                    std::int64_t expires, std::int64_t now) {
    state::Transaction transaction(database);
    database.query("DELETE FROM user_tokens WHERE expires < ?").with(now).run();
    database.query("INSERT INTO user_tokens (id, user, expires) VALUES (?, ?, ?)")
        .with(id, user, expires)
        .run();
    transaction.commit();
}

std::optional<User> user_by_token(state::Database& database, std::string_view id) {
    auto found = database.query("SELECT u.id, u.email, u.password, u.created FROM user_tokens t "
                                "JOIN users u ON u.id = t.user WHERE t.id = ?");
    found.bind(id);
    if (!found.next()) return std::nullopt;
    return read(found);
}

void remove_user_token(state::Database& database, std::string_view id) {
    database.query("DELETE FROM user_tokens WHERE id = ?").with(id).run();
}

} // namespace embedded
} // namespace two_path::host
