/// Passwords hashed and compared, which takes a fraction of a second each, on the thread for files.
#pragma once

#include "plugin/executors.hpp"
#include "protocol/error.hpp"

#include <cstddef>
#include <string>

namespace two_path::host::embedded {

/// Called on the worker, to which each call comes back. As many as may wait at a time, whoever asks:
/// strangers with many addresses hold up uploads, and each other, for a second or two.
class PasswordWork {
  public:
    static constexpr std::size_t most_waiting = 6;

    explicit PasswordWork(boost::asio::any_io_executor files)
      : files_(std::move(files)) {}

    /// As hash_password() and password_matches() say; busy: as many wait as may. The password is wiped.
    awaitable<Result<std::string>> hash(std::string password);
    awaitable<Result<bool>> matches(std::string password, std::string stored);

  private:
    class Turn;

    boost::asio::any_io_executor files_;
    std::size_t waiting_{0};
};

} // namespace two_path::host::embedded
