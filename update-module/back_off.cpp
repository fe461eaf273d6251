#include "update-module/back_off.hpp"

#include <algorithm>

namespace two_path::device {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds shortest{2'000};
constexpr milliseconds longest{300'000};

} // namespace

milliseconds back_off(unsigned failed, double chance) noexcept {
    auto pause = shortest;
    for (unsigned doubled = 1; doubled < failed && pause < longest; ++doubled)
        pause *= 2;
    pause = std::min(pause, longest);
    return pause - std::chrono::duration_cast<milliseconds>(pause / 4 * std::clamp(chance, 0.0, 1.0));
}

} // namespace two_path::device
