/// A bar on the terminal for work of known length; nothing where no one would see it.
#pragma once

#include "plugin/cli/shell.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace two_path::cli {

/// Drawn at most ten times a second, wiped off when it ends.
class ProgressBar {
  public:
    /// `total` in bytes; `shell` must outlive the bar.
    ProgressBar(const Shell& shell, std::string label, std::uint64_t total);
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;
    ~ProgressBar();

    void add(std::uint64_t bytes);

  private:
    void draw();

    const Shell& shell_;
    std::string label_;
    std::uint64_t total_;
    std::uint64_t done_{0};
    std::chrono::steady_clock::time_point started_{std::chrono::steady_clock::now()};
    std::chrono::steady_clock::time_point drawn_{};
    std::size_t width_{0}; ///< of what stands on the line now
};

} // namespace two_path::cli
