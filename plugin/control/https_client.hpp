/// An HTTPS client (RFC 9110, RFC 9112): one request at a time, a bound on every input, a deadline on every
/// wait.
#pragma once

#include "plugin/control/http.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace two_path::control {

/// Which server a client talks to.
struct Origin {
    std::string host; ///< a name or an address, without brackets
    std::uint16_t port{443};

    /// Reads `https://HOST[:PORT][/]`; anything else is bad_request, `http://` by name.
    [[nodiscard]] static Result<Origin> parse(std::string_view url);
    /// As it is written in `Host` and in messages: with brackets and port where they are needed.
    [[nodiscard]] std::string text() const;
};

struct HttpsClientOptions {
    Origin origin;
    /// PEM file of the authorities, or of the server's self-signed certificate; empty: the system's.
    std::filesystem::path ca_file;
    std::chrono::milliseconds connect_time{10'000};  ///< name, TCP and TLS together
    std::chrono::milliseconds progress_time{30'000}; ///< without a byte moving in either direction
    std::chrono::milliseconds answer_time{60'000};   ///< from the request's last byte to the answer's header
    std::size_t max_body{std::size_t{4} << 20U};     ///< of an answer that is kept in memory
    bool keep_alive{true};                           ///< the next request takes the same connection
    /// TCP without TLS. Only for what stays inside a closed network, such as a service's internal endpoint.
    bool plain{false};
};

/// What is asked. Either `body` or `source` is sent, `source` chunked (RFC 9112, section 7.1).
struct ClientRequest {
    std::string method{"GET"};
    std::string target; ///< path and query, percent-encoded
    Headers headers;    ///< Host, Content-Length, Transfer-Encoding and Connection are the client's work
    std::string body;
    /// Fills the span, 0 at the end. Called on the client's thread, so it may only block for a moment. Its
    /// error ends the request and becomes the request's.
    std::function<Result<std::size_t>(std::span<std::uint8_t>)> source;
    /// Takes the body of a 2xx answer in place of ClientResponse::body, without a bound. Its error becomes
    /// the request's.
    std::function<Result<void>(std::span<const std::uint8_t>)> sink;
    /// When the whole exchange ends at the latest, whatever its waits.
    std::chrono::steady_clock::time_point deadline{std::chrono::steady_clock::time_point::max()};
    bool repeatable{false}; ///< a POST that changes nothing, and may be sent twice
};

struct ClientResponse {
    unsigned status{0};
    Headers headers;
    std::string body;
};

/// One connection at a time, on one thread. Destroy it only when no request is under way.
class HttpsClient {
  public:
    /// `executor` must be served by one thread.
    HttpsClient(boost::asio::any_io_executor executor, HttpsClientOptions options);
    HttpsClient(const HttpsClient&) = delete;
    HttpsClient& operator=(const HttpsClient&) = delete;
    ~HttpsClient();

    /// Any final answer of the server, whatever its status; success_of() turns it into a failure. A kept
    /// connection that the server has closed meanwhile is opened anew, once, for a request without `source`
    /// that may be repeated (GET, HEAD, PUT, DELETE, or `repeatable`).
    ///   plugin_unreachable  no connection, silence, no TLS, or not HTTP; the detail says which
    ///   bad_configuration   the CA file cannot be read, or the server's certificate is not trusted or names
    ///                       another host; the detail says which and what to do
    ///   too_large           the answer is longer than max_body
    ///   what `source` or `sink` failed with
    awaitable<Result<ClientResponse>> request(ClientRequest request);

    /// Closes the connection, so that the next request opens another.
    void close() noexcept;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// The answer itself when its status is 2xx. Else the failure that it tells of: the `reason` of our error
/// body; the status where a Mender server gives none; no_route for a 404 or a page that is not ours.
[[nodiscard]] Result<ClientResponse> success_of(ClientResponse response);

/// The same for a program without a loop: each call returns when the request has ended.
class HttpsCommandClient {
  public:
    explicit HttpsCommandClient(HttpsClientOptions options);
    HttpsCommandClient(const HttpsCommandClient&) = delete;
    HttpsCommandClient& operator=(const HttpsCommandClient&) = delete;
    ~HttpsCommandClient();

    /// HttpsClient::request(); `source` and `sink` may block as long as they like (the deadlines begin anew).
    [[nodiscard]] Result<ClientResponse> run(ClientRequest request);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace two_path::control
