/// One call by the Mender client: a state of the update module File API v3 in, an exit code out.
#pragma once

#include "protocol/descriptor.hpp"
#include "update-module/deadline.hpp"
#include "update-module/first_path.hpp"
#include "update-module/install/inner_module.hpp"
#include "update-module/record.hpp"
#include "update-module/reporting.hpp"
#include "update-module/settings.hpp"
#include "update-module/state_folder.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace two_path::device {

/// What every state works with. Mender's Documentation/update-modules-v3-file-api.md says when each comes;
/// any may be repeated after a power cut, and all but Download may come without the one before.
struct Module {
    Module(Settings with, std::string in_tree);

    Settings settings;
    std::string tree;
    Deadline deadline; ///< 60 s before the client would end us
    RecordFile records;
    OwedReports owed;
    FirstPath first_path;
    std::optional<StateLock> lock;
    std::string session; ///< of this call, when it opened one: whom a failure is told
};

/// How long a call waits for another two-path process to be done with the state directory.
inline constexpr milliseconds lock_time{60'000};
/// How long a report may take before the call goes on; it stays owed then.
inline constexpr milliseconds report_time{10'000};

/// Runs a state. 0: well; 1: failed, with one line on standard error that says why, which the plugin is told
/// too. Unknown states succeed without a word, as the API asks.
[[nodiscard]] int run_module(std::string_view state, const std::string& tree);

/// `Download`: session, certification, transfer, and the inner module's own Download.
[[nodiscard]] Result<void> download(Module& module);

/// Ends what the record tells of, if there is one: keeps the sequence of what stays, owes the plugin how it
/// ended, unless that is told or owed already, and removes the record; last, so that a failure before it is
/// made good by the next call.
[[nodiscard]] Result<void> end_attempt(Module& module);

/// Verified bytes of the attempt's files that stay for the next one. What went straight to the installer
/// counts where there are seeds: the next attempt looks for it there.
[[nodiscard]] std::uint64_t kept_bytes(const Settings& settings, const Record& record);

/// The start notification, the version and the comparison (claim C11), over the first path or, when the
/// plugin is away, against the signed descriptor. Keeps the outcome in the record. version_mismatch,
/// version_unreadable, or why the plugin refuses.
[[nodiscard]] Result<void> confirm(Module& module, Record& record, const Descriptor& descriptor);

/// Why ArtifactVerifyReboot fails where the installer says that the restart did not bring what it installed,
/// as when a boot loader went back to the old software. The plugin is told the version that runs where that
/// is not the one announced; version_mismatch then, else `why` as it is.
[[nodiscard]] Error explain_refusal(Module& module, const Record& record, const Descriptor& descriptor,
                                    const Error& why);

/// Sends what is owed and the start notification; gives what the plugin asks.
[[nodiscard]] Result<messages::VersionRequest> tell_start(const OwedReports& owed, FirstPath& first_path,
                                                          const std::string& session,
                                                          const std::string& boot_id, Deadline deadline);
/// As tell_start(), then the version; gives the plugin's verdict. An unreadable version is sent as an empty
/// one.
[[nodiscard]] Result<messages::Verdict> tell_version(const OwedReports& owed, FirstPath& first_path,
                                                     const std::string& session, const std::string& boot_id,
                                                     const Result<std::string>& installed, Deadline deadline);

/// The running boot's id. io_error when it cannot be read.
[[nodiscard]] Result<std::string> read_boot_id(const Settings& settings);
/// The version that runs now; version_unreadable.
[[nodiscard]] Result<std::string> installed_version(const Settings& settings, const std::string& version_file,
                                                    Deadline deadline);

} // namespace two_path::device
