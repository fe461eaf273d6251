/// The server's end of one data connection: a passive listener, then one file sent.
#pragma once

#include "ftp/deadline.hpp"
#include "ftp/server.hpp"
#include "ftp/server_dialogue.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace two_path::ftp {

/// Owned by one control connection, which it tells through `changed` that `connected` or `ended` have
/// changed. After `cut` it calls nobody.
class DataChannel : public std::enable_shared_from_this<DataChannel> {
  public:
    DataChannel(const asio::any_io_executor& executor, const ServerOptions& options,
                std::function<void()> changed);

    /// Listens at the control connection's local address and accepts from now on. Strangers are dropped, and
    /// do not keep the owner out.
    std::optional<tcp::endpoint> listen(const Peer& peer);
    /// Sends the file from `offset` as soon as the client is there. `visitor` hears of each piece.
    void send(Source source, std::uint64_t offset, Visitor& visitor);
    /// Ends at the next multiple of the file's granularity.
    void stop();
    /// Resets the connection and closes the port.
    void cut();

    bool connected() const noexcept { return sending_; }
    std::optional<DataEnd> ended() const noexcept { return ended_; }

  private:
    awaitable<void> run();
    awaitable<DataEnd> serve();
    awaitable<bool> accept();
    awaitable<DataEnd> send_file();
    awaitable<DataEnd> drain();
    bool bind(const asio::ip::address& address, std::uint16_t port);
    void interrupt();

    const ServerOptions& options_;
    std::function<void()> changed_;
    tcp::acceptor acceptor_;
    tcp::socket socket_;
    asio::steady_timer pause_; ///< waits for `send`, and between looks at the kernel's buffer
    Deadline deadline_;

    asio::ip::address owner_;
    Source source_;
    Visitor* visitor_ = nullptr;
    std::uint64_t position_ = 0;
    std::uint64_t end_ = 0;
    bool ordered_ = false;     ///< `send` was called
    bool sending_ = false;     ///< the client is connected and the file goes out
    bool stopping_ = false;    ///< `stop` was called
    bool interrupted_ = false; ///< cut, stopped before it began, or out of time
    std::optional<DataEnd> ended_;
};

} // namespace two_path::ftp
