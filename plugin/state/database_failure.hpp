/// What is thrown when SQLite fails, and whether waiting helps.
#pragma once

#include "protocol/error.hpp"

#include <stdexcept>
#include <string>

struct sqlite3;

namespace two_path::state {

/// Says SQLite's message.
class DatabaseFailure : public std::runtime_error {
  public:
    /// `connection`: the one that just failed; `where` is said behind the message.
    DatabaseFailure(sqlite3* connection, const std::string& where);

    /// no_room; busy: somebody else holds the lock; io_error: the disk failed; else bad_configuration.
    [[nodiscard]] Errc reason() const noexcept { return reason_; }
    /// Nothing was written, and the same may be tried again later. Else the state is unusable.
    [[nodiscard]] bool passes() const noexcept { return reason_ == Errc::no_room || reason_ == Errc::busy; }

  private:
    Errc reason_;
};

} // namespace two_path::state
