/// What the embedded host's endpoints work on.
#pragma once

#include "plugin/catalog/payloads.hpp"
#include "plugin/host/address_limiter.hpp"
#include "plugin/host/embedded/download_links.hpp"
#include "plugin/host/embedded/embedded_host.hpp"
#include "plugin/host/embedded/password_work.hpp"
#include "plugin/host/embedded/tokens.hpp"

namespace two_path::host::embedded {

/// Owned by EmbeddedHost; used on the worker executor only.
struct Parts {
    Executors executors;
    EmbeddedSettings settings;
    state::Database database;
    Tokens tokens;
    DownloadLinks links;
    catalog::Payloads files; ///< whole .mender files, named by their SHA-256
    AddressLimiter logins;
    AddressLimiter newcomers;
    PasswordWork passwords{executors.files};

    /// UNIX milliseconds, and seconds.
    [[nodiscard]] std::int64_t now() const { return settings.clock.unix_time(); }
    [[nodiscard]] std::int64_t now_in_seconds() const { return now() / 1000; }
};

/// The device's id behind a bearer token; unauthorized when it does not hold, or the device is not accepted.
[[nodiscard]] Result<std::string> device_of(Parts& parts, std::string_view bearer);
/// The id of a user's token that holds; else unauthorized.
[[nodiscard]] Result<std::string> user_token_of(Parts& parts, std::string_view bearer);
/// The e-mail address behind such an id, for the audit trail; empty when it was logged out.
[[nodiscard]] std::string name_of_user(Parts& parts, const std::string& token);

} // namespace two_path::host::embedded
