#include "plugin/cli/progress_bar.hpp"

#include "plugin/cli/print.hpp"

#include <algorithm>
#include <ostream>
#include <utility>

namespace two_path::cli {
namespace {

constexpr std::uint64_t cells = 30;

} // namespace

ProgressBar::ProgressBar(const Shell& shell, std::string label, std::uint64_t total)
  : shell_(shell)
  , label_(std::move(label))
  , total_(std::max<std::uint64_t>(total, 1)) {}

ProgressBar::~ProgressBar() {
    if (width_ == 0) return;
    shell_.err << '\r' << std::string(width_, ' ') << '\r' << std::flush;
}

void ProgressBar::add(std::uint64_t bytes) {
    done_ = std::min(done_ + bytes, total_);
    if (!shell_.shows_progress()) return;
    const auto now = std::chrono::steady_clock::now();
    if (now - drawn_ < std::chrono::milliseconds(100)) return;
    drawn_ = now;
    draw();
}

void ProgressBar::draw() {
    const auto filled = static_cast<std::size_t>(done_ / std::max<std::uint64_t>(total_ / cells, 1));
    const auto bar = std::string(std::min<std::size_t>(filled, cells), '#');
    const std::chrono::duration<double> taken = drawn_ - started_;
    const auto rate = taken.count() > 0 ? static_cast<double>(done_) / taken.count() : 0.0;
    auto line = label_ + " [" + bar + std::string(cells - bar.size(), ' ') + "] " + human_size(done_) +
                " of " + human_size(total_) + ", " + human_size(static_cast<std::uint64_t>(rate)) + "/s";
    const auto shorter = width_ > line.size() ? width_ - line.size() : 0;
    width_ = line.size();
    shell_.err << '\r' << line << std::string(shorter, ' ') << std::flush;
}

} // namespace two_path::cli
