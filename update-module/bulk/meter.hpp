/// Counts what a transfer moved, what it cost, and when to tell.
#pragma once

#include "protocol/messages.hpp"
#include "update-module/bulk/payload.hpp"
#include "update-module/bulk/progress.hpp"
#include "update-module/deadline.hpp"

#include <functional>

namespace two_path::bulk {

/// From its construction on.
class Meter {
  public:
    Meter(Payloads payloads, const std::function<void(const Progress&)>& tell);

    /// A block that came was verified and taken.
    void taken(std::uint64_t bytes);
    /// Tells when it is time.
    void look();
    /// Bytes of a data connection, good or not.
    void received(std::uint64_t bytes) noexcept { received_ += bytes; }
    [[nodiscard]] std::uint64_t received() const noexcept { return received_; }
    /// `ftp` or `https`: bytes came that way.
    void used(const char* path) noexcept { path_ = path; }
    /// Tells the last state.
    void end();

    [[nodiscard]] std::uint64_t verified() const noexcept;
    [[nodiscard]] std::uint64_t total() const noexcept { return total_; }
    /// All but the digest. `children_cpu`: processor time of the children that have not been waited for here.
    [[nodiscard]] messages::TransferReport report(double children_cpu) const;

  private:
    void tell();
    [[nodiscard]] double seconds() const;

    Payloads payloads_;
    const std::function<void(const Progress&)>& tell_;
    const Deadline::Clock::time_point start_{Deadline::Clock::now()};
    const double cpu_at_start_;
    std::uint64_t total_{0};
    std::uint64_t taken_{0};
    std::uint64_t received_{0};
    const char* path_{nullptr};
    Deadline::Clock::time_point told_{start_};
};

} // namespace two_path::bulk
