/// An FTP server for few, known files: passive mode only, nothing listed, everything bounded.
#pragma once

#include "ftp/port_range.hpp"
#include "ftp/visitor.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace two_path::ftp {

/// Limits of a server. Every wait has one.
struct ServerOptions {
    std::string banner = "Ready."; ///< text after 220; no names, no versions

    std::size_t max_connections = 12000;       ///< in all; one more gets 421
    std::size_t max_connections_per_peer = 64; ///< from one address
    unsigned max_login_failures = 3;           ///< on one connection, then 421 (RFC 2577 section 5)
    milliseconds login_failure_delay{500};     ///< before each 530, always the same
    unsigned max_login_failures_per_peer = 30; ///< from one address, then 421; 0: no limit
    milliseconds login_failure_age{10'000};    ///< one of them is forgotten each time this passes

    milliseconds login_time{30'000};         ///< from the connection to 230, all told
    milliseconds idle_time{300'000};         ///< between commands; never while data flow
    milliseconds data_connect_time{20'000};  ///< from 227 or 229 to the data connection and its command
    milliseconds data_progress_time{60'000}; ///< without a byte moving on the data connection
    std::uint64_t least_rate = 256; ///< bytes per second that a fetching client takes, over each such time
    milliseconds unacknowledged_time{30'000}; ///< TCP_USER_TIMEOUT and keepalive of both connections

    /// Data ports; none means any port the kernel gives.
    std::optional<PortRange> passive_ports;
    /// What 227 says when the server sits behind address translation; default: the control connection's own.
    std::optional<asio::ip::address_v4> advertised_address;
    /// Whether a data connection must come from the control connection's address. Off only behind carriers or
    /// proxies that spread one client over several addresses.
    bool same_data_peer = true;

    /// Who may connect at all; everybody else is reset without a word. Empty: anyone. IPv4 not v6-mapped.
    std::vector<asio::ip::address> only_from;
    /// A port that is open for one session: a login closes every other connection, so that a client whose
    /// line broke may come back; QUIT after a login closes the port and all connections, and only `stop` is
    /// left to do.
    bool one_session = false;
};

/// Runs on one executor that one thread serves; every member is called there. Sets SIGPIPE to be ignored
/// unless it is handled: sendfile(2) raises it for every client that goes away. Either `stop` completes
/// before the server and its service are destroyed, or the executor runs no more.
class Server {
  public:
    Server(asio::any_io_executor executor, Service& service, ServerOptions options = {});
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server();

    /// Binds and accepts from now on; port 0 lets the kernel choose. Once per server. `invalid_argument` is
    /// an impossible range of data ports.
    error_code listen(const tcp::endpoint& endpoint);
    /// Where it listens.
    tcp::endpoint local_endpoint() const;
    /// False before listen(), and from stop() on.
    bool listens() const noexcept;
    /// Connections that have not ended.
    std::size_t connections() const noexcept;

    /// No new connections and logins; running transfers end at the next block's edge (`Source::granularity`),
    /// with `426` and `421`, and what has not ended after `grace` is cut. Completes when all is closed, which
    /// needs the visitors' unfinished answers.
    awaitable<void> stop(milliseconds grace);

  private:
    std::shared_ptr<class ServerCore> core_;
};

} // namespace two_path::ftp
