/// Owns the threads, the state and both servers, from the first check to the last answer.
#pragma once

#include "plugin/config.hpp"
#include "protocol/error.hpp"

#include <functional>
#include <memory>

namespace two_path {

/// Reads the settings as at the start, or says what is wrong with them now.
using ReadSettings = std::function<Result<Settings>()>;

class Daemon {
  public:
    /// Opens the state and listens on both paths; nothing is accepted before run(). bad_configuration: a
    /// setting, a file or a folder that cannot be used, with its place; conflict: another daemon uses the
    /// folder. `read_again` is called at each SIGHUP.
    [[nodiscard]] static Result<std::unique_ptr<Daemon>> create(const Settings& settings,
                                                                ReadSettings read_again);
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;
    ~Daemon();

    /// Serves until SIGTERM or SIGINT, then ends what runs: no new connections and logins, transfers cut at a
    /// block's edge, requests answered, all within 10 s; a second signal ends the program at once. The
    /// program's exit code: 0, or 1 when the state failed (the log says how).
    [[nodiscard]] int run();

  private:
    struct Parts;
    explicit Daemon(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

} // namespace two_path
