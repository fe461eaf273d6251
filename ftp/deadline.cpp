#include "ftp/deadline.hpp"

namespace two_path::ftp {

using Clock = std::chrono::steady_clock;

/// Outlives its owner until the timer's handler has run.
struct Deadline::State : std::enable_shared_from_this<Deadline::State> {
    State(const asio::any_io_executor& executor, std::function<void()> function)
      : timer(executor)
      , passed(std::move(function)) {}

    void wait() {
        waiting = true;
        timer.expires_at(when);
        timer.async_wait([self = shared_from_this()](error_code ec) {
            if (!ec) self->woken();
        });
    }

    void woken() {
        waiting = false;
        if (!passed || when == Clock::time_point::max()) return;
        if (when > Clock::now()) return wait();
        when = Clock::time_point::max();
        passed();
    }

    asio::steady_timer timer;
    std::function<void()> passed;
    Clock::time_point when = Clock::time_point::max();
    bool waiting = false;
};

Deadline::Deadline(const asio::any_io_executor& executor, std::function<void()> passed)
  : state_(std::make_shared<State>(executor, std::move(passed))) {}

// NOLINTNEXTLINE(bugprone-exception-escape): on Linux `cancel` has no error to throw
Deadline::~Deadline() {
    state_->passed = nullptr;
    state_->timer.cancel();
}

void Deadline::expires_after(milliseconds time) {
    state_->when = Clock::now() + time;
    if (!state_->waiting || state_->when < state_->timer.expiry()) state_->wait();
}

void Deadline::cancel() {
    state_->when = Clock::time_point::max();
}

} // namespace two_path::ftp
