#include "plugin/config_file.hpp"

#include "plugin/durable_file.hpp"

#include <algorithm>
#include <cstddef>

namespace two_path {
namespace {

constexpr std::size_t max_size = std::size_t{1} << 20U;

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

} // namespace

Result<std::vector<ConfigEntry>> parse_config(std::string_view text, std::string_view file) {
    std::vector<ConfigEntry> entries;
    std::string section;
    for (int number = 1; !text.empty(); ++number) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto line = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        const auto refuse = [&](std::string_view what) {
            return fail(Errc::bad_configuration,
                        std::string(file) + ":" + std::to_string(number) + ": " + std::string(what));
        };
        if (line.empty() || line.front() == '#' || line.front() == ';') continue;
        if (line.find('\0') != std::string_view::npos) return refuse("holds a NUL byte; write plain text");
        if (line.front() == '[') {
            const auto name = trimmed(line.substr(1, line.size() - 2));
            if (line.back() != ']' || name.empty()) return refuse("is no section; write [NAME]");
            section = std::string(name) + ".";
            continue;
        }
        const auto equals = line.find('=');
        const auto key = trimmed(line.substr(0, equals));
        if (equals == std::string_view::npos || key.empty())
            return refuse("is neither `[section]` nor `key = value`; correct it, or put # before it");
        entries.push_back(
            {section + std::string(key), std::string(trimmed(line.substr(equals + 1))), number});
    }
    return entries;
}

Result<std::vector<ConfigEntry>> read_config(const std::filesystem::path& file) {
    const auto text = read_small_file(file, max_size);
    if (!text)
        return fail(Errc::bad_configuration, text.error().detail + "; name a readable file with --config");
    return parse_config(*text, file.string());
}

} // namespace two_path
