/// The two clocks of the plugin, so that tests can turn them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace two_path {

/// Milliseconds. `unix_time` dates records and may jump; `steady` measures waits and never does.
struct Clock {
    std::function<std::int64_t()> unix_time;
    std::function<std::int64_t()> steady;

    [[nodiscard]] static Clock system() {
        return {[] { return milliseconds_of(std::chrono::system_clock::now()); },
                [] { return milliseconds_of(std::chrono::steady_clock::now()); }};
    }

  private:
    template<class Point>
    static std::int64_t milliseconds_of(Point now) {
        return std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
    }
};

} // namespace two_path
