/// One control connection of the server: the coroutine between its socket and its dialogue.
#pragma once

#include "ftp/deadline.hpp"
#include "ftp/line.hpp"
#include "ftp/server_core.hpp"
#include "ftp/server_dialogue.hpp"

#include <memory>
#include <optional>
#include <string>

namespace two_path::ftp {

class DataChannel;

/// Lives until its coroutine has ended; then it leaves the core.
class Connection : public std::enable_shared_from_this<Connection> {
  public:
    Connection(std::shared_ptr<ServerCore> core, tcp::socket socket, const Peer& peer);
    ~Connection();

    void start(std::unique_ptr<Visitor> visitor);
    /// Instead of `start`: says 421 and is done.
    void refuse(std::string_view why);
    /// `ServerDialogue::stopping`.
    void stop();
    /// `ConnectionHandle::close`.
    void close(std::string reason);
    /// `ConnectionHandle::pace`.
    void pace(std::uint64_t bytes_per_second);
    /// Ends it without a word.
    void abandon();

    const Peer& peer() const noexcept { return peer_; }

  private:
    using Step = ServerDialogue::Step;

    awaitable<void> run();
    awaitable<void> talk();
    std::optional<Step> event();
    void set_deadline();
    bool deaf() const noexcept;
    void receive();
    awaitable<void> perform(Step step);
    awaitable<std::optional<Step>> act(Step step);
    Step listen();
    awaitable<Step> open(std::string name);
    void take(const Step& step);
    awaitable<void> pause(asio::steady_timer::time_point until);
    void send(const std::string& reply);
    void cut();
    void wake();
    void finish();

    std::shared_ptr<ServerCore> core_;
    tcp::socket socket_;
    Peer peer_;
    ServerDialogue dialogue_;
    LineSplitter lines_;
    Deadline deadline_;
    std::unique_ptr<asio::steady_timer> pause_; ///< seldom there, and large
    std::unique_ptr<Visitor> visitor_;
    std::shared_ptr<DataChannel> channel_;
    Source source_; ///< opened, not yet given to the channel

    std::uint64_t rate_ = 0; ///< of what is sent; 0 is as fast as it goes

    std::optional<std::string> close_reason_;
    bool stop_ = false;           ///< to be told to the dialogue
    bool end_of_input_ = false;   ///< to be told to the dialogue
    bool input_ended_ = false;    ///< nothing more can be read
    bool told_connected_ = false; ///< the dialogue knows that the data connection stands
    bool active_ = false;         ///< something was done since the last wait
    bool closed_ = false;
};

} // namespace two_path::ftp
