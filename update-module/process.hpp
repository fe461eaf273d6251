/// A program that we start, wait for within a limit and, past it, end with all that it started.
#pragma once

#include "protocol/error.hpp"
#include "update-module/deadline.hpp"

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace two_path::device {

/// What to run. Standard input is /dev/null, standard error our own, the environment ours; it stays in our
/// process group, so that the Mender client's signals reach it.
struct Command {
    std::vector<std::string> arguments; ///< the first is the program: a path, or a name found in PATH
    std::string folder;                 ///< working directory; empty: ours
    int output{-1};                     ///< becomes its standard output; -1: ours
};

/// How a program ended.
struct Exit {
    int code{0};   ///< when signal is 0
    int signal{0}; ///< that ended it
    [[nodiscard]] bool ok() const noexcept { return code == 0 && signal == 0; }
    /// `exit code 3` or `signal 9`.
    [[nodiscard]] std::string text() const;
};

/// One running program. Destroying it ends it.
class Process {
  public:
    /// io_error when it cannot be started.
    [[nodiscard]] static Result<Process> start(const Command& command);
    Process(Process&& other) noexcept;
    Process& operator=(Process&&) = delete;
    ~Process();

    /// None while it runs.
    [[nodiscard]] std::optional<Exit> ended();
    /// Waits for its end. time_limit or interrupted (we were told to stop) after having ended it.
    [[nodiscard]] Result<Exit> wait(Deadline deadline);
    /// SIGTERM to it and all it started, after 3 s SIGKILL.
    void end() noexcept;

  private:
    Process(pid_t pid, std::string name)
      : pid_(pid)
      , name_(std::move(name)) {}

    pid_t pid_;
    std::string name_;
    std::optional<Exit> exit_;
};

/// What a program wrote before it ended.
struct Captured {
    Exit exit;
    std::string output;
};

/// Runs a program to its end. too_large over `limit` bytes of output; else as Process. `command.output` is
/// not looked at.
[[nodiscard]] Result<Captured> capture(Command command, std::size_t limit, Deadline deadline);

/// Waits for something that can only be asked: first a millisecond, then longer, up to 32 ms.
class Pause {
  public:
    /// time_limit or interrupted when there is no more time; `what` is waited for.
    [[nodiscard]] Result<void> operator()(Deadline deadline, const std::string& what);

  private:
    milliseconds next_{1};
};

/// Fails with time_limit or interrupted when `what` must be waited for no longer.
[[nodiscard]] Result<void> may_wait(Deadline deadline, const std::string& what);

} // namespace two_path::device
