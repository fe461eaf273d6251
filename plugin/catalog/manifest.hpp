/// An artifact's `manifest`: the SHA-256 of every file in it, and what a signature covers.
#pragma once

#include "protocol/error.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace two_path::catalog {

/// Names and checksums, e.g. `version`, `header.tar.gz`, `data/0000/<file>` (artifact-format-v3.md).
class Manifest {
  public:
    /// bad_request for a line that is not `<sha256>␠␠<name>`, or a name that comes twice.
    [[nodiscard]] static Result<Manifest> parse(std::string_view text);

    /// For writers: `name` has not been added before.
    void add(std::string name, std::string sha256);
    /// Sorted by name, as mender-artifact does.
    [[nodiscard]] std::string text() const;

    /// Compares one file and remembers that it was there. bad_request when it is not listed, differs, or
    /// was there before.
    [[nodiscard]] Result<void> check(const std::string& name, std::string_view sha256);
    /// bad_request when a listed file was never checked.
    [[nodiscard]] Result<void> complete() const;

  private:
    std::map<std::string, std::string> checksums_;
    std::set<std::string> checked_;
};

} // namespace two_path::catalog
