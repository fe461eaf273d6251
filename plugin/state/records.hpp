/// What the plugin keeps: releases, sessions, and what happened to them. Times are UNIX milliseconds.
#pragma once

#include "protocol/descriptor.hpp"
#include "protocol/messages.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace two_path::state {

/// A published release.
struct Release {
    Descriptor descriptor;
    std::string text; ///< the descriptor's JSON as published
    std::int64_t published{0};
    std::optional<std::string> artifact{}; ///< its id in the framework; none: never seen there
    std::optional<std::int64_t> gone{};    ///< since when the framework does not have it any more
    bool awaits_signature{false};          ///< Store::unsigned_artifact() has it
};

/// A session: what the device opened it with, and how far it has come.
struct Session {
    std::string id;
    std::string device;
    std::string deployment;
    messages::OpenRequest request; ///< as opened; never holds the certification nor the file ids
    std::string version;           ///< the release's
    bool version_check{true};
    bool reboot_always{false};
    std::uint64_t block_size{0};
    std::uint64_t total{0}; ///< encoded bytes of the files that are not empty
    std::int64_t opened{0};
    std::int64_t changed{0};

    SessionState state{SessionState::opened};
    std::optional<Errc> reason;
    std::string detail;
    std::string stage;                ///< of a failure: the module's state and step
    std::optional<std::string> nonce; ///< of the last request for the version
    std::string nonce_boot_id;        ///< of the boot that was asked
    bool nonce_answered{false};
    std::optional<std::string> reported; ///< the version that the device read
    std::uint64_t sent{0};               ///< bytes handed to the second path
    std::optional<messages::TransferReport> transfer;
};

/// Bytes of the bulk that went out, by path.
struct Sent {
    std::uint64_t ftp{0};
    std::uint64_t https{0};
};

/// What a session is part of, and how far it has come: a list of many costs little.
struct SessionPart {
    std::string device;
    std::string deployment;
    SessionState state{SessionState::opened};
};

/// One line of the audit trail.
struct Event {
    std::int64_t number{0}; ///< within the session, from 1
    std::int64_t time{0};
    std::string step; ///< a SessionStep's name, or what happened without a change of state
    SessionState state{SessionState::opened}; ///< after it
    std::string cause;                        ///< `device`, `operator`, `plugin` or `host`
    std::string detail;
};

/// A release ordered again, or to be, for a device whose transfer of it failed.
struct Redeployment {
    std::string session; ///< whose transfer failed
    std::string device;
    std::string release;
    std::string failed;    ///< the deployment
    std::uint64_t kept{0}; ///< verified bytes that the device kept
    std::int64_t since{0};
    std::optional<std::string> ordered; ///< the new deployment; none yet
};

enum class ImportState : std::uint8_t {
    running,
    waiting,          ///< it was taken up again and failed in a way that may pass: another attempt follows
    done,             ///< the twin is in Mender
    awaits_signature, ///< the twin is registered; its artifact waits to be signed and uploaded
    failed,
};
[[nodiscard]] std::string_view name_of(ImportState state) noexcept;

/// An import from a Mender server, as ordered, and how far it has come.
struct ImportOrder {
    std::string release;       ///< the one with the whole artifact
    std::string options;       ///< what the operator said of its twin, as JSON
    std::uint64_t attempts{1}; ///< begun
    std::int64_t changed{0};   ///< when the last attempt began, or the import ended
    bool registered{false};    ///< its twin was, by this import
    ImportState state{ImportState::running};
    std::optional<Errc> reason; ///< of the last failure
    std::string detail;
};

/// The result of a session, owed to the external unit.
struct Notice {
    std::string session;
    std::string body;      ///< JSON, as it is signed and sent
    std::int64_t since{0}; ///< when telling began, or began again
    std::int64_t due{0};   ///< when it is told next
    std::uint64_t attempts{0};
    std::string error; ///< of the last attempt; empty: there was none, or it was cut off
    bool dead{false};  ///< given up; only the operator has it told again
};

/// Which sessions are forgotten, of those that have ended.
struct Forgetting {
    std::int64_t before{0}; ///< changed for the last time before then
    std::int64_t young{0};  ///< after then: not for their number
    std::uint64_t most{0};  ///< beyond them the oldest
    std::uint64_t limit{0}; ///< in one go
};

/// A certification that lives, as stored. Secret.
struct StoredCertification {
    std::string session;
    Certification certification;
    std::int64_t expires{0};
};

/// Which sessions a list shows; empty fields do not filter. Newest first.
struct SessionFilter {
    std::string device;
    std::string release;
    std::optional<SessionState> state;
    std::uint64_t limit{100};
};

} // namespace two_path::state
