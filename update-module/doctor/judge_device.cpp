#include "update-module/doctor/judge_device.hpp"

#include <array>
#include <cstdio>
#include <string_view>

namespace two_path::device {
namespace {

constexpr std::uint64_t mebi = std::uint64_t{1} << 20U;
constexpr std::uint64_t least_room = 4 * mebi;    ///< for record, reports and what the client writes
constexpr std::uint64_t little_room = 256 * mebi; ///< for the files of an update
constexpr std::uint64_t least_inodes = 100;

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names)
        text.append(text.empty() ? "" : ", ").append(name);
    return text;
}

std::string octal(mode_t mode) {
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777U));
    return text.data();
}

std::string text_of(const RoomSight& sight) {
    return std::to_string(sight.free / mebi) + " MiB are free at " + sight.path;
}

Finding judge_free(const char* check, const RoomSight& sight, bool holds_updates, const char* advice) {
    if (!sight.trouble.empty()) return {check, Health::failed, sight.trouble, "look at the file system"};
    if (sight.counts_inodes && sight.inodes < least_inodes)
        return {check, Health::failed, "no more files fit at " + sight.path, "remove files there"};
    if (sight.free < least_room) return {check, Health::failed, text_of(sight), advice};
    if (holds_updates && sight.free < little_room) return {check, Health::warning, text_of(sight), advice};
    return {check, Health::ok, text_of(sight), {}};
}

} // namespace

Finding judge_configuration(const Result<Settings>& settings) {
    if (!settings)
        return {"configuration", Health::failed, settings.error().detail,
                "correct it; nothing else was looked at"};
    return {"configuration", Health::ok, "valid, and so is what it takes from " + settings->mender_conf, {}};
}

Finding judge_module(const ModuleSight& sight) {
    if (!sight.there)
        return {"module", Health::failed, "there is no " + sight.path,
                "install two-path-device, or put the module there; Mender finds it by that name"};
    if (!sight.executable)
        return {"module", Health::failed, sight.path + " cannot be executed", "chmod 755 " + sight.path};
    if (!sight.same)
        return {"module", Health::warning, sight.path + " is another program than this one",
                "if it is not meant so, make both names lead to the same file"};
    return {"module", Health::ok, sight.path, {}};
}

Finding judge_scripts(const ScriptsSight& sight) {
    const auto* const check = "state scripts";
    if (sight.any && sight.version.empty())
        return {check, Health::failed, "there are scripts in " + sight.folder + ", but no file `version`",
                "write `3` to " + sight.folder + "/version; client 3.4 asks for no updates without it"};
    if (sight.any && sight.version != "2" && sight.version != "3")
        return {check, Health::failed, sight.folder + "/version says `" + sight.version + "`",
                "write `3` to it; client 3.4 asks for no updates with another version"};
    if (!sight.not_executable.empty())
        return {check, Health::failed, "cannot be executed: " + joined(sight.not_executable),
                "chmod 755 them in " + sight.folder};
    if (!sight.missing.empty())
        return {check, Health::warning, "not in " + sight.folder + ": " + joined(sight.missing),
                "install them: they deliver owed reports and ask the control part"};
    return {check, Health::ok, "all in " + sight.folder + ", with version " + sight.version, {}};
}

Finding judge_installers(const InstallersSight& sight) {
    if (sight.names.empty())
        return {"installers", Health::failed, "no other update module in " + sight.folder,
                "install those that shall install, such as `directory` or `rootfs-image`"};
    return {"installers", Health::ok, joined(sight.names) + (sight.more ? " and more" : ""), {}};
}

Finding judge_state_folder(const FolderSight& sight) {
    const auto* const check = "state folder";
    constexpr mode_t others = 077;
    if (!sight.trouble.empty())
        return {check, Health::failed, sight.trouble, "look at the file system, or set `state_dir`"};
    if (!sight.writable)
        return {check, Health::failed,
                sight.path + (sight.there ? " cannot be written" : " is not there and cannot be made"),
                "run this as root; mount its file system writable, or set `state_dir`"};
    if (!sight.there)
        return {check, Health::ok, sight.path + " is not there yet; the first update makes it", {}};
    if (!sight.replaced.empty())
        return {check, Health::warning, sight.replaced,
                "until then releases with that installer are refused"};
    if (!sight.ours)
        return {check, Health::warning, sight.path + " belongs to another user", "chown root " + sight.path};
    if ((sight.mode & others) != 0)
        return {check, Health::warning, sight.path + " has mode " + octal(sight.mode),
                "chmod 700 " + sight.path + ": it holds the certification of a session"};
    return {check, Health::ok, sight.path + " can be written, mode " + octal(sight.mode), {}};
}

Finding judge_room(const RoomSight& sight, Store store) {
    return judge_free(
        "room", sight, store != Store::never,
        "make room, or put `state_dir` where there is more; blocks of an update are kept there");
}

Finding judge_confinement(const Result<std::string>& lacking) {
    const auto* const check = "confinement";
    if (!lacking) return {check, Health::failed, lacking.error().detail, "look for what limits processes"};
    if (!lacking->empty())
        return {check, Health::warning, "what confines the process that talks FTP lacks " + *lacking,
                "use a kernel with CONFIG_SECCOMP_FILTER and CONFIG_SECURITY_LANDLOCK, and let the Mender "
                "client run as root"};
    return {check, Health::ok, "the process that talks FTP has no right that it does not need", {}};
}

Finding judge_mender_room(const RoomSight& sight) {
    return judge_free("room of mender", sight, true,
                      "make room: installers that do not stream have the files of an update there");
}

} // namespace two_path::device
