#include "update-module/bulk/meter.hpp"

#include <sys/resource.h>

namespace two_path::bulk {
namespace {

constexpr milliseconds most_often{2'000};

double cpu_of_this_process() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    constexpr double micro = 1e-6;
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * micro;
}

} // namespace

Meter::Meter(Payloads payloads, const std::function<void(const Progress&)>& tell)
  : payloads_(payloads)
  , tell_(tell)
  , cpu_at_start_(cpu_of_this_process()) {
    for (const auto& payload : payloads)
        total_ += payload->size();
}

std::uint64_t Meter::verified() const noexcept {
    std::uint64_t bytes = 0;
    for (const auto& payload : payloads_)
        bytes += payload->verified_bytes();
    return bytes;
}

double Meter::seconds() const {
    return std::chrono::duration<double>(Deadline::Clock::now() - start_).count();
}

void Meter::taken(std::uint64_t bytes) {
    taken_ += bytes;
    look();
}

void Meter::look() {
    if (Deadline::Clock::now() - told_ >= most_often) tell();
}

void Meter::end() {
    tell();
}

void Meter::tell() {
    told_ = Deadline::Clock::now();
    const auto time = seconds();
    if (tell_) tell_({verified(), total_, time > 0 ? static_cast<double>(taken_) / time : 0});
}

messages::TransferReport Meter::report(double children_cpu) const {
    messages::TransferReport report;
    report.bytes = verified();
    report.fetched_twice = received_ - taken_;
    for (const auto& payload : payloads_)
        report.resumed += payload->kept_bytes();
    report.seconds = seconds();
    report.cpu_seconds = cpu_of_this_process() - cpu_at_start_ + children_cpu;
    report.path = path_ == nullptr ? "kept" : std::string(report.resumed > 0 ? "kept+" : "") + path_;
    return report;
}

} // namespace two_path::bulk
