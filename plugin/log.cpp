#include "plugin/log.hpp"

#include <atomic>
#include <cstdlib>
#include <new>
#include <string>

#include <unistd.h>

namespace two_path {
namespace {

std::atomic<int> target{STDERR_FILENO};

bool into_journal() noexcept {
    static const bool journal = std::getenv("JOURNAL_STREAM") != nullptr;
    return journal;
}

std::string_view name_of(Level level) noexcept {
    switch (level) {
    case Level::error:
        return "error: ";
    case Level::warning:
        return "warning: ";
    case Level::notice:
        return "notice: ";
    case Level::info:
        break;
    }
    return "info: ";
}

} // namespace

void log(Level level, std::string_view text) noexcept {
    try {
        std::string line;
        if (into_journal())
            line.append("<").append(std::to_string(static_cast<int>(level))).append(">");
        else
            line.append(name_of(level));
        for (const char c : text) {
            const auto byte = static_cast<unsigned char>(c);
            line.push_back(byte < 0x20 || byte == 0x7F ? ' ' : c);
        }
        line.push_back('\n');
        [[maybe_unused]] const auto written = ::write(target.load(), line.data(), line.size());
    } catch (const std::bad_alloc&) {
        return;
    }
}

void log_to(int descriptor) noexcept {
    target.store(descriptor);
}

} // namespace two_path
