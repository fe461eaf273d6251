/// The device's FTP server (push), from the side that has the certification and never sees FTP.
#pragma once

#include "update-module/bulk/connection.hpp"
#include "update-module/bulk/listener_messages.hpp"
#include "update-module/bulk/push_path.hpp"

#include <optional>

namespace two_path::bulk {

/// One child that listens.
class PushListener {
  public:
    /// A new child that listens; ends the one before. Fails with no_process, or with lost when it cannot
    /// listen.
    static Attempt<PushListener> start(ConnectionHelper& helper, const PushPath& path, milliseconds silence);

    /// What happened next; none when nothing did before `deadline`. lost: the child is gone.
    Attempt<std::optional<ListenerEvent>> next(Deadline deadline);
    /// The data connection that came with a `data`, in blocking mode.
    [[nodiscard]] ftp::Descriptor take_data() noexcept { return std::move(data_); }

    /// One for each question. A child that is gone is noticed by `next`.
    void answer(const ListenerEvent& question, ListenerOrder::Kind kind, std::uint64_t number = 0,
                std::uint64_t whole = 0);
    void answer(const ListenerEvent& question, ListenerOrder::Kind kind, const std::string& text);

  private:
    explicit PushListener(ftp::Descriptor socket)
      : socket_(std::move(socket)) {}
    void send(const ListenerOrder& order);

    ftp::Descriptor socket_;
    ftp::Descriptor data_; ///< came with the latest event
};

} // namespace two_path::bulk
