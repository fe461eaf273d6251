#include "plugin/cli/print.hpp"

#include "plugin/control/one_line.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <ostream>
#include <utility>

namespace two_path::cli {
namespace {

/// Characters, not bytes: UTF-8's continuation bytes take no room of their own.
std::size_t width(const std::string& text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](unsigned char c) { return (c & 0xc0U) != 0x80U; }));
}

} // namespace

std::string human_size(std::uint64_t bytes) {
    constexpr std::array<const char*, 5> units{"KiB", "MiB", "GiB", "TiB", "PiB"};
    if (bytes < 1024) return std::to_string(bytes) + " B";
    double value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    for (; value >= 1024 && unit + 1 < units.size(); ++unit)
        value /= 1024;
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f %s", value, units[unit]);
    return text.data();
}

std::string local_time(std::string_view rfc3339) {
    const std::string text(rfc3339);
    std::tm utc{};
    const char* end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &utc);
    if (end == nullptr || !text.ends_with('Z')) return control::one_line(text);
    const std::time_t seconds = ::timegm(&utc);
    std::tm local{};
    ::localtime_r(&seconds, &local);
    std::array<char, 64> shown{};
    std::strftime(shown.data(), shown.size(), "%Y-%m-%d %H:%M:%S", &local);
    return shown.data();
}

std::string counted(std::uint64_t count, std::string_view noun) {
    return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string text_of(const json::object& object, std::string_view field) {
    const auto* value = object.if_contains(field);
    if (value == nullptr || value->is_null() || value->is_structured()) return {};
    if (value->is_string()) return std::string(value->get_string());
    return json::serialize(*value);
}

std::uint64_t number_of(const json::object& object, std::string_view field) {
    const auto* value = object.if_contains(field);
    if (value == nullptr) return 0;
    boost::system::error_code ec;
    const auto number = value->to_number<std::uint64_t>(ec);
    return ec ? 0 : number;
}

Table::Table(std::vector<std::string> heading) {
    rows_.push_back(std::move(heading));
}

void Table::add(std::vector<std::string> row) {
    for (auto& cell : row)
        cell = control::one_line(cell);
    rows_.push_back(std::move(row));
}

void Table::print(std::ostream& out) const {
    std::vector<std::size_t> widths(rows_.front().size());
    for (const auto& row : rows_)
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], width(row[i]));
    for (const auto& row : rows_) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i)
            line += row[i] + std::string(widths[i] - width(row[i]) + 2, ' ');
        line.erase(line.find_last_not_of(' ') + 1);
        out << line << '\n';
    }
}

void print_json(std::ostream& out, const json::value& value) {
    out << json::serialize(value) << '\n';
}

} // namespace two_path::cli
