/// Reports that the plugin has not had yet: a bounded spool on disk, delivered oldest first.
#pragma once

#include "protocol/error.hpp"
#include "protocol/messages.hpp"

#include <string>
#include <variant>
#include <vector>

namespace two_path::device {

/// One report about one session.
struct OwedReport {
    std::string session;
    std::variant<messages::Progress, messages::FailureReport> report;
};

/// `<state_dir>/owed/`, a small file for each report, in the order of its number.
class OwedReports {
  public:
    /// Beyond it the oldest is dropped, with a message.
    static constexpr std::size_t most = 64;

    explicit OwedReports(const std::string& state_dir);

    /// Durable when it returns.
    [[nodiscard]] Result<void> add(const OwedReport& report);

    struct Entry {
        std::string path;
        OwedReport report;
    };
    /// Oldest first. Files that are no reports are set aside as `*.corrupt`, with a message.
    [[nodiscard]] std::vector<Entry> list() const;
    /// Delivered, or refused for good.
    [[nodiscard]] Result<void> remove(const Entry& entry) const;
    [[nodiscard]] std::size_t count() const;

  private:
    [[nodiscard]] std::vector<std::string> paths() const;

    std::string folder_;
};

} // namespace two_path::device
