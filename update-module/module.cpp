#include "update-module/module.hpp"

#include "protocol/module_time.hpp"
#include "update-module/durable_file.hpp"
#include "update-module/install/inner_tree.hpp"
#include "update-module/log.hpp"
#include "update-module/watchdog.hpp"
#include "update-module/workdir.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <unistd.h>

namespace two_path::device {
namespace {

constexpr milliseconds last_report_time{20'000};

Deadline deadline_of(const Settings& settings) {
    return Deadline::in(module_time(settings.module_timeout));
}

Result<void> keep(Module& module, const Record& record) {
    return module.records.write_then(record, [] { return Result<void>{}; });
}

/// An answer of the API. In one write: the 5.x clients refuse an answer that comes in pieces.
Result<void> answer(std::string text) {
    if (text.empty()) return {};
    text += '\n';
    if (::write(STDOUT_FILENO, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        return fail(Errc::io_error, "the answer cannot be written");
    return {};
}

/// What the signed descriptor says, and the module it names, in the tree it was given in Download.
struct Inner {
    Descriptor descriptor;
    install::InnerModule module;
};

/// None when Download never came so far; found anew in each state, since after a restart another image may
/// run.
Result<std::optional<Inner>> find_inner(const Module& module) {
    const auto inner_tree = install::inner_tree_of(module.tree);
    if (::access(inner_tree.c_str(), F_OK) != 0) return std::optional<Inner>{};
    auto descriptor = read_descriptor(module.tree);
    if (!descriptor) return descriptor.error();
    auto inner =
        install::InnerModule::find(module.settings.modules_dir, descriptor->installer.type, inner_tree);
    if (!inner) return inner.error();
    return std::optional<Inner>(Inner{std::move(*descriptor), std::move(*inner)});
}

Result<Inner> require_inner(const Module& module) {
    auto inner = find_inner(module);
    if (!inner) return inner.error();
    if (!*inner) return fail(Errc::interrupted, "there is nothing from `Download` in " + module.tree);
    return std::move(**inner);
}

/// Without a record of this attempt nothing could be confirmed.
Result<Record> require_record(const Module& module) {
    auto record = module.records.read();
    if (!record) return record.error();
    if (!*record) return fail(Errc::interrupted, "there is no record in " + module.settings.state_dir);
    return std::move(**record);
}

Result<void> provide_payload_file_sizes(Module&) {
    return answer("No");
}

Result<void> artifact_install(Module& module) {
    const auto inner = require_inner(module);
    if (!inner) return inner.error();
    auto record = require_record(module);
    if (!record) return record.error();
    if (auto ran = inner->module.run("ArtifactInstall", module.deadline); !ran) return ran;
    record->set(Done::installed);
    return module.records.write_then(*record, [&]() -> Result<void> {
        report(module.owed, module.first_path,
               {record->session, messages::Progress{SessionStep::installed, false}},
               module.deadline.within(report_time));
        return {};
    });
}

/// Only then another boot can be demanded: an installer that answers `Yes` restarts what it updates itself,
/// which need not be the device. Without a record there is nothing to confirm later.
Result<void> keep_restart_asked(Module& module) {
    auto record = module.records.read();
    if (!record) return record.error();
    if (!*record) return {};
    (*record)->set(Done::restart_asked);
    return keep(module, **record);
}

Result<void> needs_artifact_reboot(Module& module) {
    const auto inner = require_inner(module);
    if (!inner) return inner.error();
    auto needed = inner->module.query("NeedsArtifactReboot", module.deadline);
    if (!needed) return needed.error();
    const bool none = needed->empty() || *needed == "No";
    if (none && inner->descriptor.installer.reboot == Reboot::always) *needed = "Automatic";
    if (*needed == "Automatic")
        if (auto kept = keep_restart_asked(module); !kept) return kept;
    return answer(*needed);
}

Result<void> supports_rollback(Module& module) {
    const auto inner = require_inner(module);
    if (!inner) return inner.error();
    auto supported = inner->module.query("SupportsRollback", module.deadline);
    if (!supported) return supported.error();
    return answer(*supported);
}

Result<void> artifact_reboot(Module& module) {
    const auto inner = require_inner(module);
    if (!inner) return inner.error();
    return inner->module.run("ArtifactReboot", module.deadline);
}

/// Says whether the refusal can be undone: where the installer cannot roll back, the new software stays.
Error with_outlook(const Module& module, const Inner& inner, Error why) {
    if (why.code != Errc::version_mismatch && why.code != Errc::version_unreadable) return why;
    const auto supported = inner.module.query("SupportsRollback", module.deadline);
    if (supported && *supported != "Yes") why.detail += "; the installer cannot roll back";
    return why;
}

Result<void> confirm_or_explain(Module& module, Record& record, const Inner& inner) {
    auto confirmed = confirm(module, record, inner.descriptor);
    if (!confirmed) return with_outlook(module, inner, confirmed.error());
    return {};
}

/// Where the release or the installer's answer wants the device itself to restart.
Result<void> require_restart(const Module& module, const Record& record, const Inner& inner) {
    if (!record.is(Done::restart_asked) && inner.descriptor.installer.reboot != Reboot::always) return {};
    const auto boot_id = read_boot_id(module.settings);
    if (!boot_id) return boot_id.error();
    if (*boot_id != record.boot_id) return {};
    return fail(Errc::out_of_order, "the device has not restarted since the session was opened");
}

Result<void> artifact_verify_reboot(Module& module) {
    const auto inner = require_inner(module);
    if (!inner) return inner.error();
    auto record = require_record(module);
    if (!record) return record.error();
    if (auto ran = inner->module.run("ArtifactVerifyReboot", module.deadline); !ran)
        return explain_refusal(module, *record, inner->descriptor, ran.error());
    if (auto restarted = require_restart(module, *record, *inner); !restarted) return restarted;
    return confirm_or_explain(module, *record, *inner);
}

/// Without a restart in between, or with one that the client does not know of, the version is compared here.
Result<void> confirm_before_commit(Module& module, Record& record, const Inner& inner) {
    const auto boot_id = read_boot_id(module.settings);
    if (!boot_id) return boot_id.error();
    if (record.is(Done::confirmed) && record.confirmed_boot_id == *boot_id) return {};
    if (auto restarted = require_restart(module, record, inner); !restarted) return restarted;
    return confirm_or_explain(module, record, inner);
}

Result<void> artifact_commit(Module& module) {
    const auto inner = require_inner(module);
    if (!inner) return inner.error();
    auto record = require_record(module);
    if (!record) return record.error();
    if (auto confirmed = confirm_before_commit(module, *record, *inner); !confirmed) return confirmed;
    record->set(Done::committing);
    auto ran = module.records.write_then(
        *record, [&] { return inner->module.run("ArtifactCommit", module.deadline); });
    if (!ran) return ran;
    // The new software stays from here on: what fails now must not make the client roll back.
    record->set(Done::committed);
    if (auto kept = keep(module, *record); !kept) say(kept.error().message());
    return {};
}

/// A state that is the inner module's affair alone; nothing to do where Download never came so far.
Result<void> forward(Module& module, std::string_view state) {
    const auto inner = find_inner(module);
    if (!inner) return inner.error();
    if (!*inner) return {};
    return (*inner)->module.run(state, module.deadline);
}

/// As forward(), and keeps whether the old software is back.
Result<void> forward_rollback(Module& module, std::string_view state) {
    auto ran = forward(module, state);
    auto record = module.records.read();
    if (record && *record && (*record)->is(Done::rolled_back) != ran.has_value()) {
        ran ? (*record)->set(Done::rolled_back) : (*record)->unset(Done::rolled_back);
        if (auto kept = keep(module, **record); !kept) say(kept.error().message());
    }
    return ran;
}

Result<void> artifact_rollback(Module& module) {
    return forward_rollback(module, "ArtifactRollback");
}

Result<void> artifact_rollback_reboot(Module& module) {
    return forward(module, "ArtifactRollbackReboot");
}

Result<void> artifact_verify_rollback_reboot(Module& module) {
    return forward_rollback(module, "ArtifactVerifyRollbackReboot");
}

/// The client gives the update up: where a kill hid how the commit ended, it did not take.
Result<void> artifact_failure(Module& module) {
    auto record = module.records.read();
    if (record && *record && (*record)->is(Done::committing)) {
        (*record)->unset(Done::committing);
        if (auto kept = keep(module, **record); !kept) say(kept.error().message());
    }
    return forward(module, "ArtifactFailure");
}

Result<void> cleanup(Module& module) {
    auto ran = forward(module, "Cleanup");
    if (auto ended = end_attempt(module); !ended) return ended;
    deliver(module.owed, module.first_path, module.deadline.within(last_report_time));
    return ran;
}

struct State {
    std::string_view name;
    Result<void> (*run)(Module&);
    bool alone{true}; ///< false: answers without touching the state directory, or takes its lock itself
};

constexpr std::array states{
    State{"Download", download, false},
    State{"DownloadWithFileSizes", download, false},
    State{"ProvidePayloadFileSizes", provide_payload_file_sizes, false},
    State{"ArtifactInstall", artifact_install},
    State{"NeedsArtifactReboot", needs_artifact_reboot},
    State{"ArtifactReboot", artifact_reboot},
    State{"ArtifactVerifyReboot", artifact_verify_reboot},
    State{"SupportsRollback", supports_rollback},
    State{"ArtifactCommit", artifact_commit},
    State{"ArtifactRollback", artifact_rollback},
    State{"ArtifactRollbackReboot", artifact_rollback_reboot},
    State{"ArtifactVerifyRollbackReboot", artifact_verify_rollback_reboot},
    State{"ArtifactFailure", artifact_failure},
    State{"Cleanup", cleanup},
};

/// The installer restarts the device itself, and all processes are told to stop: that is no failure.
bool is_the_restart(std::string_view state, const Error& why) {
    return why.code == Errc::interrupted && (state == "ArtifactReboot" || state == "ArtifactRollbackReboot");
}

/// One line for the deployment log, the same reason for the plugin. Whoever has the state directory's lock
/// instead of us is at work on the record, and tells what becomes of it.
void tell_failure(Module& module, std::string_view state, const Error& why) {
    say(std::string(state) + ": " + why.message());
    if (state == "Cleanup" || !module.lock || is_the_restart(state, why)) return;
    messages::FailureReport failure{std::string(state), why};
    auto record = module.records.read();
    if (record && *record) {
        failure.kept = kept_bytes(module.settings, **record);
        if (module.session.empty()) module.session = (*record)->session;
        (*record)->set(Done::failed);
        (*record)->reason = info(why.code).reason;
        wipe((*record)->certification); // the report kills it
        if (auto kept = keep(module, **record); !kept) say(kept.error().message());
    }
    report(module.owed, module.first_path, {module.session, failure}, Deadline::in(report_time));
}

Result<void> run(Module& module, const State& state) {
    if (!state.alone) return state.run(module);
    start_watchdog();
    auto lock = StateLock::take(module.settings.state_dir, module.deadline.within(lock_time));
    if (!lock) return lock.error();
    module.lock = std::move(*lock);
    return state.run(module);
}

} // namespace

Module::Module(Settings with, std::string in_tree)
  : settings(std::move(with))
  , tree(std::move(in_tree))
  , deadline(deadline_of(settings))
  , records(settings.state_dir)
  , owed(settings.state_dir)
  , first_path(settings) {}

int run_module(std::string_view name, const std::string& tree) {
    const auto* state = std::ranges::find(states, name, &State::name);
    if (state == states.end()) return 0;
    auto settings = load_settings();
    if (!settings) {
        say(std::string(name) + ": " + settings.error().message());
        return state->run == cleanup ? 0 : 1;
    }
    Module module(std::move(*settings), tree);
    const auto ran = run(module, *state);
    if (ran) return 0;
    tell_failure(module, name, ran.error());
    return 1;
}

} // namespace two_path::device
