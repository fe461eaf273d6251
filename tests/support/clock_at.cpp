/// Preloaded into a program, lets it believe that it is TWO_PATH_TIME, UNIX seconds: the clock of a device
/// whose battery is empty.
#include <cstdlib>
#include <ctime>

extern "C" std::time_t time(std::time_t* out) noexcept {
    const char* text = std::getenv("TWO_PATH_TIME");
    const auto now = static_cast<std::time_t>(text == nullptr ? 0 : std::atoll(text));
    if (out != nullptr) *out = now;
    return now;
}
