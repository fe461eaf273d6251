#include "update-module/install/version.hpp"

#include "ftp/descriptor.hpp"
#include "protocol/descriptor.hpp"
#include "update-module/process.hpp"

#include <cerrno>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace two_path::install {
namespace {

constexpr std::size_t max_file = 64 * 1024;
constexpr std::size_t max_output = 4 * 1024;
constexpr std::chrono::seconds command_time{30};

Error unreadable(std::string detail) {
    return fail(Errc::version_unreadable, std::move(detail));
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view space = " \t\r\n";
    const auto first = text.find_first_not_of(space);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(space) - first + 1);
}

/// Below `root`, as if it were `/`: neither `..` nor a link leads out. Linux 5.6 and later; before that only
/// for the device's own `/`, out of which nothing leads.
ftp::Descriptor open_below(const std::string& root, const std::string& path) {
    const ftp::Descriptor folder(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!folder) return {};
    open_how how{};
    how.flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    const auto fd = ::syscall(SYS_openat2, folder.get(), path.c_str(), &how, sizeof how);
    if (fd >= 0) return ftp::Descriptor(static_cast<int>(fd));
    if (root == "/" && (errno == ENOSYS || errno == EPERM))
        return ftp::Descriptor(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    return {};
}

Result<std::string> read_file(const std::string& root, const std::string& path) {
    const auto file = open_below(root, path);
    if (!file) return unreadable(path + ": " + std::strerror(errno));
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return unreadable(path + ": " + std::strerror(errno));
    if (!S_ISREG(status.st_mode)) return unreadable(path + " is no regular file");
    std::string text(max_file + 1, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        const auto got = ::read(file.get(), text.data() + size, text.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return unreadable(path + ": " + std::strerror(errno));
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    if (size > max_file) return unreadable(path + " has more than 64 KiB");
    text.resize(size);
    return text;
}

/// One shell word: quotes and backslashes resolved; none when a quote stays open or something follows it.
std::optional<std::string> unquoted(std::string_view word) {
    std::string value;
    char quote = '\0';
    for (std::size_t i = 0; i < word.size(); ++i) {
        const char c = word[i];
        const bool escapes = c == '\\' && quote != '\'' && i + 1 < word.size();
        if (escapes &&
            (quote == '\0' || std::string_view("\"\\$`").find(word[i + 1]) != std::string_view::npos))
            value += word[++i];
        else if (quote != '\0' && c == quote)
            quote = '\0';
        else if (quote == '\0' && (c == '"' || c == '\''))
            quote = c;
        else if (quote == '\0' && (c == ' ' || c == '\t'))
            return std::nullopt;
        else
            value += c;
    }
    if (quote != '\0') return std::nullopt;
    return value;
}

Result<std::string> from_command(const std::vector<std::string>& command, Deadline deadline) {
    const auto captured = device::capture({command, "/", -1}, max_output, deadline.within(command_time));
    if (!captured) return unreadable("version_command: " + captured.error().detail);
    if (!captured->exit.ok()) return unreadable("version_command ended with " + captured->exit.text());
    return std::string(trimmed(captured->output));
}

Result<std::string> from_file(const std::string& file, const std::string& root) {
    auto colon = file.rfind(':');
    if (colon != std::string::npos && file.find('/', colon) != std::string::npos) colon = std::string::npos;
    const auto path = file.substr(0, colon);
    if (!path.starts_with('/')) return unreadable("`" + path + "` is no absolute path");
    auto text = read_file(root, path);
    if (!text) return text;
    if (colon == std::string::npos) return std::string(trimmed(*text));
    auto value = value_of(*text, std::string_view(file).substr(colon + 1));
    if (!value) return unreadable(path + ": " + value.error().detail);
    return value;
}

} // namespace

Result<std::string> value_of(std::string_view text, std::string_view key) {
    std::optional<std::string_view> found;
    while (!text.empty()) {
        const auto end = text.find('\n');
        const auto line = trimmed(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (!key.empty() && line.starts_with(key) && line.substr(key.size()).starts_with('='))
            found = line.substr(key.size() + 1);
    }
    if (!found) return unreadable("no line `" + std::string(key) + "=`");
    auto value = unquoted(*found);
    if (!value) return unreadable("the value of `" + std::string(key) + "` is quoted wrongly");
    return std::move(*value);
}

Result<std::string> read_version(const VersionSource& source, Deadline deadline, const std::string& root) {
    if (source.file.empty() && source.command.empty())
        return unreadable("the release names no version file and the device has no version_command");
    auto version =
        source.file.empty() ? from_command(source.command, deadline) : from_file(source.file, root);
    if (version && !is_name(*version))
        return unreadable(version->empty() ? "it is empty"
                                           : "it has more than 255 bytes, or control characters");
    return version;
}

} // namespace two_path::install
