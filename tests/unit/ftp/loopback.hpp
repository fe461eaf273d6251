/// A server with a small in-memory catalogue, and clients that speak to it in plain text, over loopback.
#pragma once

#include "ftp/server.hpp"

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace two_path::ftp::test {

/// `size` bytes of a pattern that has no short period.
std::string pattern(std::size_t size);

/// The files by name; the one password that is let in is "right".
/// "thrower" is a name that throws.
class Catalogue : public Service {
  public:
    std::unique_ptr<Visitor> connected(const Peer& peer, ConnectionHandle handle) override;

    std::map<std::string, std::string> files;
    std::uint64_t granularity = 1;
    std::map<std::string, Space> spaces; ///< what may be stored; `Space::stored` is the file's size
    std::uint64_t room = 1U << 30U;      ///< bytes that any file may have before the disk is "full"
    DataEnd verdict = DataEnd::whole;    ///< of the owner, on a file that has come whole
    std::function<awaitable<Received>(Incoming)> taker; ///< the owner, where it is another than ours
    std::function<awaitable<void>()> begun;             ///< what the owner does before it reads
    std::function<awaitable<void>()> owed;              ///< what the owner does before it says the verdict
    unsigned sizes_asked = 0;                           ///< by SIZE
    std::size_t receiving = 0;                          ///< owners that have a data connection
    std::vector<ConnectionHandle> handles;              ///< of all connections, in their order
    std::size_t visitors = 0;                           ///< alive
    std::uint64_t sent = 0;                             ///< bytes, all visitors
    bool welcome = true;                                ///< whether `connected` admits anybody
};

/// A file in memory with this content.
Descriptor memory_file(std::string_view content);
/// Waits until the event loop has made it true.
awaitable<void> until(std::function<bool()> condition);

/// Runs a test as a coroutine beside a server; fails it after some seconds.
class World {
  public:
    using Test = std::function<awaitable<void>()>;

    explicit World(ServerOptions options = {}, const char* address = "127.0.0.1");
    /// Runs the test, then checks that everything closes and nobody stays.
    void run(const Test& test);

    asio::io_context io;
    Catalogue catalogue;
    std::unique_ptr<Server> server;
    tcp::endpoint endpoint;
};

/// One control connection, as plain text.
class Talker {
  public:
    explicit Talker(asio::io_context& io)
      : socket(io)
      , io_(io) {}

    /// Connects, from `source` if one is named, and takes the banner if there should be one.
    awaitable<void> connect(tcp::endpoint server, const char* source = nullptr, bool banner = true);
    awaitable<void> login(tcp::endpoint server);
    /// False when the server has closed; nothing can be sent after that.
    awaitable<bool> send(std::string text);
    /// The next reply's last line; "closed" when the server has closed.
    awaitable<std::string> reply();
    awaitable<std::string> say(std::string line);
    /// Says a line and checks how the reply begins.
    awaitable<void> expect(std::string line, std::string begin);
    /// EPSV, then the data connection, from `source` if one is named.
    awaitable<tcp::socket> data(const char* source = nullptr);
    awaitable<std::uint16_t> passive_port();

    tcp::socket socket;

  private:
    asio::io_context& io_;
    std::string buffer_;
};

/// False when the other side does not take all.
awaitable<bool> write_all(tcp::socket& socket, std::string text);
/// All bytes until the other side ends.
awaitable<std::string> read_all(tcp::socket& socket);
awaitable<void> dial(tcp::socket& socket, tcp::endpoint to, const char* source = nullptr);
awaitable<void> sleep(milliseconds time);

} // namespace two_path::ftp::test
