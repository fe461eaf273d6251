#include "update-module/doctor/look_device.hpp"

#include "protocol/json.hpp"
#include "update-module/durable_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace two_path::device {
namespace {

constexpr std::array own_scripts{"ArtifactInstall_Enter_50_two-path-ask",
                                 "ArtifactReboot_Enter_50_two-path-ask", "Idle_Enter_50_two-path",
                                 "Sync_Enter_50_two-path"};
constexpr mode_t anyone_executes = S_IXUSR | S_IXGRP | S_IXOTH;
constexpr std::size_t most_entries = 4096; ///< of a folder that is listed
constexpr std::size_t most_installers = 16;

std::string environment_or(const char* name, const char* absent) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0' ? value : absent;
}

std::optional<struct stat> stat_of(const std::string& path) {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) return std::nullopt;
    return found;
}

bool is_executable_file(const std::optional<struct stat>& file) {
    return file && S_ISREG(file->st_mode) && (file->st_mode & anyone_executes) != 0;
}

/// Of what is not hidden, sorted; empty when the folder cannot be read.
std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    std::error_code error;
    std::filesystem::directory_iterator entry(folder, error);
    const std::filesystem::directory_iterator end;
    while (!error && entry != end && names.size() < most_entries) {
        if (auto name = entry->path().filename().string(); !name.starts_with('.'))
            names.push_back(std::move(name));
        entry.increment(error);
    }
    std::ranges::sort(names);
    return names;
}

/// As the clients tell scripts from other files: `Idle_Enter_50`.
bool is_script(std::string_view name) {
    return name.find("_Enter_") != std::string_view::npos || name.find("_Leave_") != std::string_view::npos ||
           name.find("_Error_") != std::string_view::npos;
}

/// The folder itself, or the nearest one above it that is there.
std::string nearest(std::string path) {
    while (path.size() > 1 && path.front() == '/' && !stat_of(path) && errno == ENOENT)
        path.erase(std::max<std::size_t>(path.rfind('/'), 1));
    return path;
}

std::string url_in(const std::string& path) {
    constexpr std::size_t max_file = 64 * 1024;
    const auto text = read_small_file(path, max_file);
    if (!text || !*text) return {};
    const auto object = parse_object(**text, path);
    if (!object) return {};
    Fields fields(*object, path);
    auto url = fields.text_or("ServerURL", "");
    const auto* servers = object->if_contains("Servers");
    if (!url.empty() || servers == nullptr || !servers->is_array() || servers->get_array().empty())
        return url;
    const auto& first = servers->get_array().front();
    if (!first.is_object()) return {};
    Fields server(first.get_object(), path);
    return server.text_or("ServerURL", "");
}

} // namespace

MenderFolders MenderFolders::from_environment() {
    const MenderFolders usual;
    return {environment_or("MENDER_CONF_DIR", usual.configuration.c_str()),
            environment_or("MENDER_DATASTORE_DIR", usual.data_store.c_str())};
}

ModuleSight look_at_module(const std::string& modules_dir) {
    ModuleSight sight;
    sight.path = modules_dir + "/two-path";
    const auto module = stat_of(sight.path);
    const auto self = stat_of("/proc/self/exe");
    sight.there = module && S_ISREG(module->st_mode);
    sight.executable = is_executable_file(module);
    sight.same = module && self && module->st_dev == self->st_dev && module->st_ino == self->st_ino;
    return sight;
}

ScriptsSight look_at_scripts(const MenderFolders& mender) {
    ScriptsSight sight;
    sight.folder = mender.configuration + "/scripts";
    const auto names = names_in(sight.folder);
    sight.any = std::ranges::any_of(names, is_script);
    for (const auto* name : own_scripts) {
        const auto found = stat_of(sight.folder + "/" + name);
        if (!found)
            sight.missing.emplace_back(name);
        else if (!is_executable_file(found))
            sight.not_executable.emplace_back(name);
    }
    constexpr std::size_t max_version = 64;
    const auto version = read_small_file(sight.folder + "/version", max_version);
    if (version && *version) sight.version = (*version)->substr(0, (*version)->find_first_of(" \r\n"));
    return sight;
}

InstallersSight look_at_installers(const std::string& modules_dir) {
    InstallersSight sight;
    sight.folder = modules_dir;
    for (auto& name : names_in(modules_dir)) {
        if (name == "two-path" || !is_executable_file(stat_of(modules_dir + "/" + name))) continue;
        sight.more = sight.names.size() == most_installers;
        if (sight.more) break;
        sight.names.push_back(std::move(name));
    }
    return sight;
}

FolderSight look_at_folder(const std::string& path) {
    FolderSight sight;
    sight.path = path;
    struct stat found {};
    sight.there = ::stat(path.c_str(), &found) == 0;
    if (!sight.there && errno != ENOENT)
        sight.trouble = storage_error("look at", path, errno).detail;
    else if (sight.there && !S_ISDIR(found.st_mode))
        sight.trouble = path + " is no folder";
    sight.mode = found.st_mode;
    sight.ours = found.st_uid == ::geteuid();
    // On a file system that is mounted read-only this fails for root, too.
    sight.writable = ::faccessat(AT_FDCWD, nearest(path).c_str(), W_OK | X_OK, AT_EACCESS) == 0;
    return sight;
}

RoomSight look_at_room(const std::string& path) {
    RoomSight sight;
    sight.path = nearest(path);
    struct statvfs found {};
    if (::statvfs(sight.path.c_str(), &found) != 0) {
        sight.trouble = storage_error("look at", sight.path, errno).detail;
        return sight;
    }
    sight.free = std::uint64_t{found.f_bavail} * found.f_frsize;
    sight.inodes = found.f_favail;
    sight.counts_inodes = found.f_files != 0; // btrfs and the like have no fixed number
    return sight;
}

std::string mender_server_url(const Settings& settings, const MenderFolders& mender) {
    auto url = url_in(settings.mender_conf);
    return url.empty() ? url_in(mender.data_store + "/mender.conf") : url;
}

} // namespace two_path::device
