/// How far the running transfer is, for those who look from outside.
#pragma once

#include "protocol/error.hpp"
#include "update-module/bulk/progress.hpp"
#include "update-module/deadline.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace two_path::device {

/// Says in the log how far a transfer is: each further 10 % of the bytes, every 30 s, and at the end.
class ProgressLog {
  public:
    void told(const bulk::Progress& progress);

  private:
    Deadline::Clock::time_point said_{Deadline::Clock::now()};
    std::optional<std::uint64_t> said_bytes_;
};

/// As last told.
struct TransferProgress {
    bulk::Progress progress;
    std::int64_t told{0}; ///< UNIX seconds, by the device's clock
};

/// `<state_dir>/progress.json`, of one transfer: there as long as this lives, gone afterwards; a killed
/// process leaves it to the next one. Readers find it whole, a power cut may lose it. Failing to write it is
/// no failure of the transfer.
class ProgressFile {
  public:
    explicit ProgressFile(const std::string& state_dir);
    ProgressFile(const ProgressFile&) = delete;
    ProgressFile& operator=(const ProgressFile&) = delete;
    ~ProgressFile();

    /// Bounded and atomic; call it as often as ReceiveCallbacks::progress comes.
    void write(const bulk::Progress& progress) const;

  private:
    std::string path_;
};

/// None when no transfer runs, or the file is not what it should be.
[[nodiscard]] std::optional<TransferProgress> read_progress(const std::string& state_dir);

/// Removes what a killed transfer left.
void forget_progress(const std::string& state_dir);

} // namespace two_path::device
