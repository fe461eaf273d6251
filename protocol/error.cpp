#include "protocol/error.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace two_path {
namespace {

// Exit codes: 1 failed, 2 usage, 3 configuration, 4 not allowed, 5 not found, 6 conflict,
// 7 unreachable or busy, 8 refused because it could not be trusted.
constexpr std::array table{
    ErrcInfo{Errc::bad_request, "bad_request", "the request cannot be understood", "correct it", 400, 501, 2},
    ErrcInfo{Errc::unsupported, "unsupported", "this release does not serve that", "see docs/protocol.md",
             422, 504, 2},
    ErrcInfo{Errc::unauthorized, "unauthorized", "no valid login", "log in again", 401, 530, 4},
    ErrcInfo{Errc::forbidden, "forbidden", "not allowed with this token", "use an account or device that may",
             403, 530, 4},
    ErrcInfo{Errc::not_deployed, "not_deployed", "no active deployment of this release to this device",
             "deploy it to this device, or run `two-path-device request-update` on it", 403, 530, 4},
    ErrcInfo{Errc::not_found, "not_found", "there is no such thing", "check the name", 404, 550, 5},
    ErrcInfo{Errc::conflict, "conflict", "it exists already or is in use",
             "choose another name, or end its use", 409, 450, 6},
    ErrcInfo{Errc::out_of_order, "out_of_order", "the session's state does not allow this step",
             "ask for the session's state", 409, 503, 6},
    ErrcInfo{Errc::payload_missing, "payload_missing", "the plugin does not hold this release's payload",
             "publish the release again", 409, 550, 6},
    ErrcInfo{Errc::too_large, "too_large", "larger than allowed", "see \"Limits\" in docs/operations.md", 413,
             552, 2},
    ErrcInfo{Errc::busy, "busy", "no room for another now", "try again later", 429, 421, 7},
    ErrcInfo{Errc::unavailable, "unavailable", "a needed party did not answer in time", "try again later",
             503, 421, 7},
    ErrcInfo{Errc::internal, "internal", "the plugin failed", "see its log", 500, 451, 1},
    ErrcInfo{Errc::certification_mismatch, "certification_mismatch",
             "the second certification information does not match the first",
             "someone may stand on the second path: check the FTP host and port", 403, 530, 8},
    ErrcInfo{Errc::certification_refused, "certification_refused", "the second path refused the login",
             "check that no one else answers on the FTP port", 403, 530, 8},
    ErrcInfo{Errc::certification_expired, "certification_expired", "the certification's time ran out",
             "deploy again", 403, 530, 8},
    ErrcInfo{Errc::certification_invalid, "certification_invalid", "the certification is not valid any more",
             "deploy again", 403, 530, 8},
    ErrcInfo{Errc::second_path_unreachable, "second_path_unreachable", "the FTP server cannot be reached",
             "check the plugin's FTP host, its ports and the firewall between", 503, 425, 7},
    ErrcInfo{Errc::truncated, "truncated", "the transfer ended early", "deploy again", 502, 426, 8},
    ErrcInfo{Errc::tampered, "tampered", "bytes of the second path do not match their digests",
             "find out who changes bytes between plugin and device", 502, 451, 8},
    ErrcInfo{Errc::payload_refused, "payload_refused", "this file does not belong to the session",
             "publish the release again", 403, 550, 8},
    ErrcInfo{Errc::bad_descriptor, "bad_descriptor", "the descriptor artifact is not valid",
             "publish the release again", 422, 550, 8},
    ErrcInfo{Errc::bad_block_list, "bad_block_list",
             "a block list does not match its digest in the descriptor", "publish the release again", 422,
             550, 8},
    ErrcInfo{Errc::bad_signature, "bad_signature", "the artifact's signature does not hold",
             "check the key, and where the artifact comes from", 422, 550, 8},
    ErrcInfo{Errc::downgrade, "downgrade", "older than the release last committed on this device",
             "publish with a higher sequence, or with --allow-from", 409, 550, 8},
    ErrcInfo{Errc::decode_failed, "decode_failed", "the file does not decode to its announced size",
             "publish the release again", 422, 550, 8},
    ErrcInfo{Errc::no_room, "no_room", "not enough room on the device's storage",
             "free some, then deploy again", 507, 452, 1},
    ErrcInfo{Errc::io_error, "io_error", "the device's storage failed", "check the device's storage", 500,
             451, 1},
    ErrcInfo{Errc::inner_module_missing, "inner_module_missing", "the installer is not on this device",
             "install that update module, or publish for another --installer", 422, 550, 5},
    ErrcInfo{Errc::inner_module_failed, "inner_module_failed", "the installer reported a failure",
             "see the deployment log above this line", 500, 451, 1},
    ErrcInfo{Errc::not_ready, "not_ready", "the device does not allow an update now",
             "wait until it does, or `two-path-device busy off`", 409, 450, 7},
    ErrcInfo{Errc::no_token, "no_token", "the Mender client gives no bearer token",
             "check that the client runs and the device is accepted", 401, 530, 4},
    ErrcInfo{
        Errc::no_route, "no_route", "the gateway has no two-path route",
        "route /api/devices/v1/two-path and /api/management/v1/two-path to the plugin (docs/operations.md)",
        404, 550, 5},
    ErrcInfo{Errc::plugin_unreachable, "plugin_unreachable", "the plugin did not answer over HTTPS",
             "check that two-path-server runs", 503, 421, 7},
    ErrcInfo{Errc::bad_configuration, "bad_configuration", "a setting cannot be used",
             "correct the configuration", 500, 451, 3},
    ErrcInfo{Errc::time_limit, "time_limit", "the module's time ran out",
             "raise ModuleTimeoutSeconds, or deploy again", 503, 426, 7},
    ErrcInfo{Errc::interrupted, "interrupted", "the attempt was cut off", "deploy again", 503, 426, 1},
    ErrcInfo{Errc::superseded, "superseded", "a newer attempt took its place", "nothing", 409, 421, 6},
    ErrcInfo{Errc::aborted, "aborted", "the operator ended the update", "nothing", 409, 426, 6},
    ErrcInfo{Errc::expired, "expired", "the session was left alone for too long", "deploy again", 410, 426,
             7},
    ErrcInfo{Errc::version_mismatch, "version_mismatch", "the installed version is not the one that was sent",
             "check the payload's version file against --version", 409, 550, 8},
    ErrcInfo{Errc::version_unreadable, "version_unreadable", "the installed version cannot be read",
             "check --version-file against the payload", 409, 550, 8},
    ErrcInfo{Errc::rolled_back, "rolled_back", "the device went back to the software it had",
             "see the reason before it", 409, 550, 1},
};

constexpr bool rows_in_order() {
    for (std::size_t i = 0; i < table.size(); ++i)
        if (static_cast<std::size_t>(table[i].code) != i) return false;
    return table.size() == static_cast<std::size_t>(Errc::rolled_back) + 1;
}
static_assert(rows_in_order(), "one row per Errc, in the order of the enumeration");

} // namespace

const ErrcInfo& info(Errc code) noexcept {
    return table[static_cast<std::size_t>(code)];
}

std::optional<Errc> errc_from_reason(std::string_view name) noexcept {
    const auto* row =
        std::find_if(table.begin(), table.end(), [&](const ErrcInfo& r) { return r.reason == name; });
    if (row == table.end()) return std::nullopt;
    return row->code;
}

std::string Error::message() const {
    const auto& row = info(code);
    std::string text(row.reason);
    text.append(": ").append(row.meaning);
    if (!detail.empty()) text.append(" (").append(detail).append(")");
    return text.append("; ").append(row.advice);
}

Error fail(Errc code, std::string detail) {
    return Error{code, std::move(detail)};
}

void throw_exception_from_error(const Error& error, const boost::source_location&) {
    throw std::runtime_error(error.message());
}

} // namespace two_path
