/// Ends a wait: one timer that is moved on without being set anew.
#pragma once

#include "ftp/asio.hpp"

#include <functional>
#include <memory>

namespace two_path::ftp {

/// Calls a function, on its executor, when nobody has moved the deadline on in time. Moving it on costs a
/// store. Nothing is called after destruction.
class Deadline {
  public:
    Deadline(const asio::any_io_executor& executor, std::function<void()> passed);
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;
    ~Deadline(); // NOLINT(bugprone-exception-escape)

    void expires_after(milliseconds time);
    void cancel();

  private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace two_path::ftp
