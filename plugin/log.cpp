#include "plugin/log.hpp"

#include "protocol/json.hpp"

#include <boost/json/serialize.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
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

bool as_json{false}; ///< set before there is a second thread

std::string_view name_of(Level level) noexcept {
    switch (level) {
    case Level::error:
        return "error";
    case Level::warning:
        return "warning";
    case Level::notice:
        return "notice";
    case Level::info:
        break;
    }
    return "info";
}

std::string now() {
    const auto time = std::chrono::system_clock::now();
    const auto seconds = std::chrono::system_clock::to_time_t(time);
    const auto rest =
        std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count() % 1000;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    std::snprintf(text.data() + size, text.size() - size, ".%03dZ", static_cast<int>(rest));
    return text.data();
}

std::string one_line(std::string_view text) {
    std::string line;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        line.push_back(byte < 0x20 || byte == 0x7F ? ' ' : c);
    }
    return line;
}

std::string json_line(Level level, std::string_view session, std::string_view text) {
    json::object object{{"time", now()}, {"level", name_of(level)}, {"message", one_line(text)}};
    if (!session.empty()) object["session"] = one_line(session);
    return json::serialize(object);
}

std::string text_line(Level level, std::string_view session, std::string_view text) {
    std::string line;
    if (!into_journal()) line.append(name_of(level)).append(": ");
    if (!session.empty()) line.append("session ").append(one_line(session)).append(": ");
    return line.append(one_line(text));
}

} // namespace

void log_of(Level level, std::string_view session, std::string_view text) noexcept {
    try {
        std::string line;
        if (into_journal()) line.append("<").append(std::to_string(static_cast<int>(level))).append(">");
        line.append(as_json ? json_line(level, session, text) : text_line(level, session, text)).append("\n");
        [[maybe_unused]] const auto written = ::write(target.load(), line.data(), line.size());
    } catch (const std::bad_alloc&) {
        return;
    }
}

void log(Level level, std::string_view text) noexcept {
    log_of(level, {}, text);
}

void log_as_json(bool json) noexcept {
    as_json = json;
}

void log_to(int descriptor) noexcept {
    target.store(descriptor);
}

} // namespace two_path
