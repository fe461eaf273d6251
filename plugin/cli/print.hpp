/// How results look on a terminal: tables, sizes and times.
#pragma once

#include "protocol/json.hpp"

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace two_path::cli {

/// `12 B`, `1.5 KiB`, `256.0 MiB`: powers of 1024.
[[nodiscard]] std::string human_size(std::uint64_t bytes);
/// An RFC 3339 time in UTC as local time, `2026-01-31 23:59:59`; as it came when it is no such time.
[[nodiscard]] std::string local_time(std::string_view rfc3339);
/// `1 device`, `2 devices`.
[[nodiscard]] std::string counted(std::uint64_t count, std::string_view noun);

/// A field of an answer as text: a string's content, a number or a truth value written out; empty for
/// everything else and when it is absent.
[[nodiscard]] std::string text_of(const json::object& object, std::string_view field);
/// 0 when absent or no such number.
[[nodiscard]] std::uint64_t number_of(const json::object& object, std::string_view field);

/// Left-aligned columns, two spaces between; the first row is the heading. Cells may come from devices: their
/// control characters do not reach the terminal.
class Table {
  public:
    explicit Table(std::vector<std::string> heading);
    void add(std::vector<std::string> row);
    void print(std::ostream& out) const;

  private:
    std::vector<std::vector<std::string>> rows_;
};

/// One document, ended by a newline, for --json.
void print_json(std::ostream& out, const json::value& value);

} // namespace two_path::cli
