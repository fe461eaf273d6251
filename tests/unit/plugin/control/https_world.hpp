/// A real HTTPS server on a loopback port, endpoints that a test can hold up, and a client that sends raw
/// bytes.
#pragma once

#include "plugin/control/file_answer.hpp"
#include "plugin/control/https_client.hpp"
#include "plugin/control/https_server.hpp"
#include "plugin/work_thread.hpp"
#include "tests/support/temporary_folder.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace two_path::tests {

/// Far longer than anything takes that goes right.
inline constexpr std::chrono::seconds patience{20};

/// A port on which nothing answers: what connects stays in the kernel's queue.
struct SilentPort {
    boost::asio::io_context loop;
    boost::asio::ip::tcp::acceptor acceptor{
        loop, boost::asio::ip::tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
    [[nodiscard]] std::uint16_t number() const { return acceptor.local_endpoint().port(); }
};

/// Holds up an endpoint until the test lets it go on.
class Gate {
  public:
    explicit Gate(boost::asio::any_io_executor worker);
    /// On the worker.
    awaitable<void> pass();
    void open();
    /// Waits until an endpoint stands before the gate; false when none comes.
    [[nodiscard]] bool reached();

  private:
    boost::asio::steady_timer timer_;
    std::promise<void> reached_;
    bool open_{false};
};

/// Serves
///   GET  /hello                 `hello`
///   POST /echo                  the body, at most 64 KiB
///   POST /count                 how many bytes the body had
///   POST /ignore                `ignored`, the body unread
///   GET  /throw                 an exception
///   GET  /file                  1 MiB from a file, by range
///   GET  /held-file             the same, while the worker stands still until let_worker_go()
///   GET  /shrunk                the same, announced with a byte more than there is
///   GET  /empty                 204
///   GET  /page                  a web page with status 404
///   GET  /flood                 1 MiB in memory
///   GET  /gate                  `passed`, behind the gate; the same under the device API
///   GET  /stream                `one`, `two`, then nothing until it is told to end
///   GET  /broken-stream         `one`, then an exception
///   GET  /verify                200 for a bearer token that ends with `good`, else 401
///   GET  /limit                 429, come again in a second; counted
///   POST /api/devices/v1/two-path/echo   as /echo
class HttpsWorld {
  public:
    explicit HttpsWorld(control::HttpsServerOptions options = {});
    HttpsWorld(const HttpsWorld&) = delete;
    HttpsWorld& operator=(const HttpsWorld&) = delete;
    /// Stops the server without grace.
    ~HttpsWorld();

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] control::HttpsClientOptions client_options() const;
    [[nodiscard]] control::HttpsCommandClient client() const {
        return control::HttpsCommandClient(client_options());
    }
    /// Begins to stop; the future is ready when the server has.
    std::future<void> stop(std::chrono::milliseconds grace);
    [[nodiscard]] std::size_t connections();
    /// Waits until the server knows of so many connections.
    [[nodiscard]] bool settles_at(std::size_t connections);
    /// Waits until the first /echo begins; false when none does.
    [[nodiscard]] bool echo_began();
    /// How the first /echo ended: ok, or its error's reason.
    [[nodiscard]] std::string echo_outcome();
    /// Waits until /stream was told to end; false when it is not.
    [[nodiscard]] bool stream_was_ended();

    void let_worker_go();

    TemporaryFolder folder;
    control::CertificateFiles certificate{folder / "certificate.pem", folder / "key.pem"};
    std::string file_content;
    std::atomic<int> limited{0}; ///< requests to /limit

  private:
    void add_routes();

    WorkThread network_;
    WorkThread worker_;
    WorkThread files_;
    Executors executors_{network_.executor(), worker_.executor(), files_.executor()};
    std::promise<void> worker_may_go_;
    std::once_flag worker_goes_;
    std::promise<void> echo_began_;
    std::once_flag echo_begins_;
    std::promise<std::string> echoed_;
    bool echoed_once_{false};
    std::promise<void> stream_ended_;
    control::Router router_;
    std::unique_ptr<control::HttpsServer> server_;
    std::uint16_t port_{0};

  public:
    Gate gate{worker_.executor()};
};

/// What came back on a raw connection.
struct RawAnswer {
    unsigned status{0};
    std::string head; ///< with the empty line
    std::string body;

    /// The value of a header field; empty when there is none.
    [[nodiscard]] std::string field(std::string_view name) const;
};

/// TLS, and bytes as the test writes them. Every wait ends after `patience` with an exception.
class RawClient {
  public:
    /// Connects; `max_version` as OpenSSL names it, 0 for the newest. Throws std::runtime_error with
    /// OpenSSL's words when the handshake fails.
    explicit RawClient(const HttpsWorld& world, int max_version = 0);
    ~RawClient();

    void send(std::string_view bytes);
    /// One answer; without its body when that is of a HEAD request.
    RawAnswer receive(bool with_body = true);
    /// So many bytes of what comes behind an answer without a length.
    std::string receive_bytes(std::size_t count);
    /// Sends a request and takes its answer.
    RawAnswer ask(std::string_view request);
    /// True when the server ends the connection without another byte.
    [[nodiscard]] bool is_closed();

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

/// TCP without TLS.
class PlainClient {
  public:
    explicit PlainClient(std::uint16_t port);
    ~PlainClient();
    void send(std::string_view bytes);
    /// What the server sends until it ends the connection.
    std::string receive_all();

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

/// Catches the log for as long as it lives.
class CaughtLog {
  public:
    CaughtLog();
    CaughtLog(const CaughtLog&) = delete;
    CaughtLog& operator=(const CaughtLog&) = delete;
    ~CaughtLog();
    /// Waits for a line with `text` and gives it; empty when none comes.
    [[nodiscard]] std::string line_with(std::string_view text);
    /// Everything so far.
    [[nodiscard]] const std::string& all();

  private:
    bool read_more(int wait_ms);
    int pipe_[2]{-1, -1};
    std::string text_;
};

} // namespace two_path::tests
