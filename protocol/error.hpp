/// The reasons for which anything can fail, said the same way on both paths, in every log and list.
#pragma once

#include <boost/system/result.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace two_path {

/// Why something failed. The set may grow; a name, once given, keeps its meaning.
enum class Errc : std::uint8_t {
    // what was asked
    bad_request,     ///< malformed or missing input
    unsupported,     ///< well formed, but not served by this release (the detail names it)
    unauthorized,    ///< no bearer token, or one that does not hold
    forbidden,       ///< the token holds, but not for this
    not_deployed,    ///< the host framework does not show this release as deployed to this device
    not_found,       ///< no such thing
    conflict,        ///< exists already, or is in use
    out_of_order,    ///< a session's step that its state does not allow
    payload_missing, ///< the release's payload is not in the plugin's catalog
    too_large,       ///< over a stated bound
    busy,            ///< no room for another now; try again
    unavailable,     ///< a party that is needed did not answer in time; try again
    internal,        ///< our own fault
    // certification
    certification_mismatch, ///< the second certification information is not the first
    certification_refused,  ///< the second path refused the login
    certification_expired,  ///< its time ran out
    certification_invalid,  ///< invalidated, or never stored
    // the second path
    second_path_unreachable, ///< no connection, or silence
    truncated,               ///< the transfer ended early
    tampered,                ///< a block's digest differs, again and again
    payload_refused,         ///< the second path does not give this file to this session
    // the descriptor
    bad_descriptor, ///< not a descriptor, or one that contradicts itself
    bad_block_list, ///< a block list that does not match its digest in the descriptor
    bad_signature,  ///< an artifact's signature that does not hold, or is missing where one is demanded
    downgrade,      ///< a sequence below the one last committed
    decode_failed,  ///< the encoded file does not decode to its announced size
    // the device
    no_room,              ///< the device's storage cannot hold it
    io_error,             ///< the device's storage failed
    inner_module_missing, ///< the installer is not on this device
    inner_module_failed,  ///< the installer said no
    not_ready,            ///< the device's control part says busy
    no_token,             ///< the Mender client gives no bearer token
    no_route,             ///< the gateway has no two-path route
    plugin_unreachable,   ///< the plugin did not answer over the first path
    bad_configuration,    ///< a setting that cannot be used
    time_limit,           ///< the module's own time ran out
    interrupted,          ///< the attempt was killed
    superseded,           ///< a newer attempt took this one's place
    aborted,              ///< the operator ended the update
    expired,              ///< the session was left alone for too long
    // after the update
    version_mismatch,   ///< the installed version is not the one that was sent
    version_unreadable, ///< the installed version could not be read
    rolled_back,        ///< the device went back to the software it had
};

/// What a reason means to each of the four who are told of it.
struct ErrcInfo {
    Errc code;
    std::string_view reason;  ///< stable name, as in the API's `reason`
    std::string_view meaning; ///< what was wrong, for people
    std::string_view advice;  ///< what to do about it
    int http_status;          ///< RFC 9110
    int ftp_reply;            ///< RFC 959, section 4.2
    int exit_code;            ///< of the operator's command; docs/operations.md lists them
};

/// The one table. Never fails: every Errc has a row.
[[nodiscard]] const ErrcInfo& info(Errc code) noexcept;
/// The row whose `reason` is `name`; none for a name this release does not know.
[[nodiscard]] std::optional<Errc> errc_from_reason(std::string_view name) noexcept;

/// A failure that is told on: why, and where it was seen.
struct Error {
    Errc code{Errc::internal};
    std::string detail; ///< where and what, for people; never a secret

    /// `reason: meaning (detail); advice` on one line.
    [[nodiscard]] std::string message() const;
    bool operator==(const Error&) const = default;
};

/// The outcome of what depends on input from outside.
template<class T>
using Result = boost::system::result<T, Error>;

/// A short way to fail: `return fail(Errc::bad_request, "no `release`")`.
[[nodiscard]] Error fail(Errc code, std::string detail);

/// Lets Result<T>::value() throw std::runtime_error with Error::message().
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

} // namespace two_path
