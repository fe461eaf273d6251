/// Bytes on their way from the network's thread to the session's account.
#pragma once

#include "plugin/executors.hpp"
#include "plugin/state/admission.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace two_path::bulk {

class Account : public std::enable_shared_from_this<Account> {
  public:
    /// The admission must outlive the worker's last task.
    Account(boost::asio::any_io_executor worker, state::Admission& admission, std::string session)
      : worker_(std::move(worker))
      , admission_(admission)
      , session_(std::move(session)) {}

    /// Of the session's files, handed to the kernel. Called often: the worker hears of what has come
    /// together.
    void sent(std::uint64_t bytes) noexcept;
    [[nodiscard]] const std::string& session() const noexcept { return session_; }

  private:
    void enter();

    boost::asio::any_io_executor worker_;
    state::Admission& admission_;
    std::string session_;
    std::atomic<std::uint64_t> bytes_{0};
};

} // namespace two_path::bulk
