/// The HTTPS server of the first path: TLS, HTTP/1.1, limits and deadlines around the endpoints.
#pragma once

#include "plugin/control/http.hpp"
#include "plugin/control/https_stream.hpp"
#include "plugin/control/listener.hpp"
#include "plugin/control/tls.hpp"
#include "plugin/executors.hpp"
#include "plugin/push_rules.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace two_path::control {

/// Bounds of the server.
struct HttpsServerOptions {
    ConnectionLimits connections; ///< of TCP: a proxy's connections are the proxy's
    StreamLimits stream;
    std::size_t max_drained{std::size_t{64} * 1024}; ///< bytes of a body that the endpoint left unread
    /// For the device API; then 503 with `Retry-After`, and the endpoint finishes its work unheard.
    std::chrono::milliseconds device_answer_time{3'000};
    std::vector<Network> trusted_proxies; ///< as client_behind()
};

/// Serves a router. Endpoints run on executors.worker, one coroutine each; everything else runs on
/// executors.network, where every member is called. Either stop() completes before it is destroyed, or the
/// executors run no more.
class HttpsServer {
  public:
    /// `router` must outlive the last request, those that outlasted stop() included.
    HttpsServer(Executors executors, TlsContext tls, const Router& router, HttpsServerOptions options = {});
    HttpsServer(const HttpsServer&) = delete;
    HttpsServer& operator=(const HttpsServer&) = delete;
    ~HttpsServer();

    /// As Listener::listen().
    [[nodiscard]] Result<void> listen(const boost::asio::ip::tcp::endpoint& endpoint);
    [[nodiscard]] boost::asio::ip::tcp::endpoint local_endpoint() const;
    [[nodiscard]] std::size_t connections() const;
    /// How many answers were given, by status.
    [[nodiscard]] const std::map<unsigned, std::uint64_t>& answers() const;

    /// No new connections, and none that waits for a request. Requests under way get their answer, streams
    /// end, and what has not ended after `grace` is cut. Completes when all connections are closed.
    awaitable<void> stop(std::chrono::milliseconds grace);

  private:
    std::shared_ptr<struct HttpsServerState> state_;
};

} // namespace two_path::control
