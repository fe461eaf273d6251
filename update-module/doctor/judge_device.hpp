/// The doctor's judgement of what was seen on the device itself: pure, so that each case can be shown.
#pragma once

#include "update-module/doctor/finding.hpp"
#include "update-module/settings.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

namespace two_path::device {

/// The update module, where Mender looks for it.
struct ModuleSight {
    std::string path;
    bool there{false};      ///< a regular file, links followed
    bool executable{false}; ///< by root
    bool same{false};       ///< the program that looks
};

/// Mender's state scripts of the root file system.
struct ScriptsSight {
    std::string folder;
    std::vector<std::string> missing; ///< of ours
    std::vector<std::string> not_executable;
    bool any{false};     ///< scripts of whomever: then client 3.4 wants the version
    std::string version; ///< what the file `version` says; empty when it is not there
};

/// The modules beside ours.
struct InstallersSight {
    std::string folder;
    std::vector<std::string> names; ///< that can be called, sorted
    bool more{false};               ///< than are named
};

struct FolderSight {
    std::string path;
    std::string trouble; ///< why it cannot be looked at; empty when it can
    bool there{false};
    mode_t mode{0};
    bool ours{false};     ///< owned by who looks
    bool writable{false}; ///< for who looks; when it is not there, the nearest folder above it
    std::string replaced; ///< that an installer which is there replaces it with the root; else empty
};

struct RoomSight {
    std::string path;        ///< of the folder, or the nearest above it that is there
    std::string trouble;     ///< why it cannot be looked at; empty when it can
    std::uint64_t free{0};   ///< bytes that anyone may use
    std::uint64_t inodes{0}; ///< free ones
    bool counts_inodes{false};
};

[[nodiscard]] Finding judge_configuration(const Result<Settings>& settings);
[[nodiscard]] Finding judge_module(const ModuleSight& sight);
[[nodiscard]] Finding judge_scripts(const ScriptsSight& sight);
[[nodiscard]] Finding judge_installers(const InstallersSight& sight);
[[nodiscard]] Finding judge_state_folder(const FolderSight& sight);
/// Of the state folder: `store` says whether updates need room there.
[[nodiscard]] Finding judge_room(const RoomSight& sight, Store store);
/// Of the process that talks FTP: what its confinement lacks; empty: nothing.
[[nodiscard]] Finding judge_confinement(const Result<std::string>& lacking);
/// Of Mender's data store, where the files of an update lie for installers that do not stream.
[[nodiscard]] Finding judge_mender_room(const RoomSight& sight);

} // namespace two_path::device
