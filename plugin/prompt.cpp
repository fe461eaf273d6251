#include "plugin/prompt.hpp"

#include "protocol/encoding.hpp"

#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace two_path {
namespace {

constexpr std::size_t max_line = 2048;

volatile std::sig_atomic_t caught = 0;

/// Keeps what is typed from the screen for as long as it lives. A signal that would end the program ends it
/// then, when the terminal is as before.
class HiddenInput {
  public:
    HiddenInput() {
        caught = 0;
        struct sigaction noting {};
        noting.sa_handler = [](int signal) { caught = signal; };
        for (std::size_t i = 0; i < ending.size(); ++i)
            ::sigaction(ending[i], &noting, &before_[i]);
        if (::tcgetattr(STDIN_FILENO, &shown_) != 0) return;
        auto hidden = shown_;
        hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        hidden.c_lflag |= ECHONL;
        hidden_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0;
    }
    HiddenInput(const HiddenInput&) = delete;
    HiddenInput& operator=(const HiddenInput&) = delete;
    ~HiddenInput() {
        if (hidden_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown_);
        for (std::size_t i = 0; i < ending.size(); ++i)
            ::sigaction(ending[i], &before_[i], nullptr);
        if (caught != 0) ::raise(caught);
    }

  private:
    static constexpr std::array<int, 4> ending{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    std::array<struct sigaction, ending.size()> before_{};
    termios shown_{};
    bool hidden_{false};
};

void show(const std::string& prompt) {
    std::size_t shown = 0;
    while (shown < prompt.size()) {
        const auto wrote = ::write(STDERR_FILENO, prompt.data() + shown, prompt.size() - shown);
        if (wrote <= 0) return;
        shown += static_cast<std::size_t>(wrote);
    }
}

/// Byte by byte, so that nothing behind the line is taken from standard input.
Result<std::string> read_line() {
    std::string line;
    line.reserve(max_line);
    while (line.size() < max_line) {
        char c = 0;
        const auto got = ::read(STDIN_FILENO, &c, 1);
        if (got < 0 && errno == EINTR && caught == 0) continue;
        if (got <= 0 && line.empty())
            return fail(Errc::bad_request, "nothing was entered (standard input has ended)");
        if (got <= 0 || c == '\n') {
            if (!line.empty() && line.back() == '\r') line.pop_back();
            return line;
        }
        line.push_back(c);
    }
    wipe(line);
    return fail(Errc::bad_request, "the line that was entered is too long");
}

} // namespace

Result<std::string> ask(const std::string& prompt) {
    if (::isatty(STDIN_FILENO) != 0) show(prompt);
    return read_line();
}

Result<std::string> ask_secret(const std::string& prompt) {
    if (::isatty(STDIN_FILENO) == 0) return read_line();
    // First, since it discards what was typed before.
    const HiddenInput hidden;
    show(prompt);
    return read_line();
}

} // namespace two_path
