#include "update-module/transfer_progress.hpp"

#include "ftp/descriptor.hpp"
#include "protocol/json.hpp"
#include "update-module/durable_file.hpp"
#include "update-module/log.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cstdio>
#include <ctime>

#include <fcntl.h>
#include <unistd.h>

namespace two_path::device {
namespace {

constexpr std::size_t max_progress_file = 4096;
constexpr milliseconds least_often{30'000};
constexpr std::uint64_t steps = 10;

std::string progress_path(const std::string& state_dir) {
    return state_dir + "/progress.json";
}

} // namespace

void ProgressLog::told(const bulk::Progress& progress) {
    constexpr std::uint64_t mebi = 1024 * 1024;
    const auto now = Deadline::Clock::now();
    const bool step = !said_bytes_ || progress.bytes - *said_bytes_ >= progress.total / steps;
    if (!step && now - said_ < least_often && progress.bytes < progress.total) return;
    said_ = now;
    said_bytes_ = progress.bytes;
    const auto percent = progress.total == 0 ? 100 : progress.bytes * 100 / progress.total;
    say("received " + std::to_string(progress.bytes / mebi) + " of " + std::to_string(progress.total / mebi) +
        " MiB (" + std::to_string(percent) + " %)");
}

ProgressFile::ProgressFile(const std::string& state_dir)
  : path_(progress_path(state_dir)) {}

ProgressFile::~ProgressFile() {
    ::unlink(path_.c_str());
}

/// Without a sync, which would cost the storage a write each time.
void ProgressFile::write(const bulk::Progress& progress) const {
    const json::object object{{"bytes", progress.bytes},
                              {"total", progress.total},
                              {"bytes_per_second", progress.bytes_per_second},
                              {"told", static_cast<std::int64_t>(std::time(nullptr))}};
    const auto text = json::serialize(object) + "\n";
    const auto beside = path_ + ".new";
    {
        const ftp::Descriptor file(
            ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
            ::unlink(beside.c_str());
            return;
        }
    }
    if (std::rename(beside.c_str(), path_.c_str()) != 0) ::unlink(beside.c_str());
}

std::optional<TransferProgress> read_progress(const std::string& state_dir) {
    const auto text = read_small_file(progress_path(state_dir), max_progress_file);
    if (!text || !*text) return std::nullopt;
    const auto object = parse_object(**text, "the file");
    if (!object) return std::nullopt;
    Fields fields(*object, "progress");
    TransferProgress read;
    read.progress.bytes = fields.number("bytes");
    read.progress.total = fields.number("total");
    read.progress.bytes_per_second = std::max(0.0, fields.real_or("bytes_per_second", 0));
    read.told = static_cast<std::int64_t>(fields.number("told"));
    if (!fields.ok()) return std::nullopt;
    return read;
}

void forget_progress(const std::string& state_dir) {
    ::unlink(progress_path(state_dir).c_str());
    ::unlink((progress_path(state_dir) + ".new").c_str());
}

} // namespace two_path::device
