/// The server's end of one data connection: a passive listener, then one file sent or received.
#pragma once

#include "ftp/deadline.hpp"
#include "ftp/file_sender.hpp"
#include "ftp/server.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace two_path::ftp {

/// Owned by one control connection, which it tells through `changed` that `connected` or `ended` have
/// changed. After `cut` it calls nobody, unless the visitor has the data connection.
class DataChannel : public std::enable_shared_from_this<DataChannel> {
  public:
    DataChannel(const asio::any_io_executor& executor, const ServerOptions& options,
                std::function<void()> changed);

    /// Listens at the control connection's local address and accepts from now on. Strangers are dropped, and
    /// do not keep the owner out.
    std::optional<tcp::endpoint> listen(const Peer& peer);
    /// Sends the file from `offset` as soon as the client is there. `visitor` hears of each piece.
    void send(Source source, std::uint64_t offset, Visitor& visitor);
    /// Hands the data connection to the visitor as soon as the client is there; `incoming.data` is set here.
    void receive(Incoming incoming, Visitor& visitor);
    /// What is sent, in bytes per second; 0 is as fast as it goes.
    void pace(std::uint64_t bytes_per_second);
    /// Ends a file that is sent at the next multiple of its granularity, and anything else at once.
    void stop();
    /// Ends the connection, with a reset where nobody else holds it, and closes the port.
    void cut();

    bool connected() const noexcept { return state_ != State::waiting; }
    /// The visitor has the data connection: `ended` follows, and the visitor must live until then.
    bool receiving() const noexcept { return state_ == State::receiving; }
    std::optional<DataEnd> ended() const noexcept { return ended_; }

  private:
    enum class State { waiting, sending, receiving, over };

    awaitable<void> run();
    awaitable<DataEnd> serve();
    awaitable<bool> accept();
    awaitable<DataEnd> send_file();
    awaitable<DataEnd> hand_over();
    bool bind(const asio::ip::address& address, std::uint16_t port);
    bool silent() const noexcept;
    void order(Visitor& visitor);
    void expire();
    void interrupt();

    const ServerOptions& options_;
    std::function<void()> changed_;
    tcp::acceptor acceptor_;
    tcp::socket socket_;
    FileSender sender_;
    asio::steady_timer pause_; ///< waits for `send` or `receive`
    Deadline deadline_;        ///< for the connection and its command, then for an incoming file's progress

    asio::ip::address owner_;
    Source source_;
    std::uint64_t offset_ = 0;
    std::optional<Incoming> incoming_;
    Visitor* visitor_ = nullptr; ///< set by `send` and `receive`
    std::uint64_t rate_ = 0;
    State state_ = State::waiting;
    bool stopped_ = false;     ///< `stop` ended it
    bool interrupted_ = false; ///< cut, stopped before it began, or out of time
    std::optional<DataEnd> ended_;
};

} // namespace two_path::ftp
