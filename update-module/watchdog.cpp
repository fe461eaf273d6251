#include "update-module/watchdog.hpp"

#include "update-module/log.hpp"
#include "update-module/process_tree.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <thread>

#include <signal.h>
#include <unistd.h>

namespace two_path::device {
namespace {

// Mender 5 sends SIGKILL 10 s after SIGTERM.
constexpr std::chrono::seconds grace{6};

std::atomic<bool> stop{false};

sigset_t end_signals() noexcept {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP})
        sigaddset(&set, signal);
    return set;
}

void watch(pid_t parent) {
    const auto signals = end_signals();
    const timespec second{1, 0};
    while (::sigtimedwait(&signals, nullptr, &second) < 0 && ::getppid() == parent) {
    }
    stop = true;
    std::this_thread::sleep_for(grace);
    say("told to stop, but something did not end in time");
    signal_all(stop_tree(::getpid()), SIGKILL);
    ::_exit(1);
}

} // namespace

void block_signals() noexcept {
    const auto signals = end_signals();
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, nullptr);
}

void start_watchdog() {
    std::thread(watch, ::getppid()).detach();
}

bool told_to_stop() noexcept {
    return stop;
}

} // namespace two_path::device
