/// A request and its answer as the endpoints see them, without the HTTP library behind it.
#pragma once

#include "ftp/descriptor.hpp"
#include "plugin/executors.hpp"
#include "protocol/error.hpp"
#include "protocol/json.hpp"

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace two_path::control {

/// Compares header names as RFC 9110, section 5.1 asks: without case.
struct HeaderLess {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const noexcept;
};
using Headers = std::map<std::string, std::string, HeaderLess>;
/// Without the spaces and tabs that may stand around a field's value and its elements (RFC 9110,
/// section 5.6.3).
[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept;

/// The bytes of a request, chunked or not, read from the network as they are asked for.
class RequestBody {
  public:
    virtual ~RequestBody() = default;
    /// The next bytes into `buffer`, 0 at the end. Fails with unavailable when the client stalls or leaves,
    /// too_large over the endpoint's bound. Hops to the network's thread and back by itself.
    virtual awaitable<Result<std::size_t>> read(std::span<std::uint8_t> buffer) = 0;
    /// Everything, at most `limit` bytes, else too_large.
    awaitable<Result<std::string>> all(std::size_t limit);
};

/// One request. Lives as long as its handler runs.
struct Request {
    std::string method;                            ///< `GET`, `PUT`, ...
    std::string path;                              ///< as sent, percent-encoded, without the query
    std::multimap<std::string, std::string> query; ///< decoded
    std::map<std::string, std::string> parameters; ///< what the route's `{names}` matched, decoded
    Headers headers;
    boost::asio::ip::address client; ///< of the connection, or whom a trusted proxy names
    boost::asio::ip::address local;  ///< the address the client reached us under
    std::string id;                  ///< `request_id` of errors and logs
    std::string route;               ///< the pattern that serves it, as it was added to the router
    std::string caller; ///< for the audit trail: an operator's name, or the device that had something made
    std::string about;  ///< what it is about beside `parameters`, as the endpoint says; for the audit trail
    RequestBody* body{nullptr}; ///< never null in a handler

    /// The first value of a query parameter; empty when absent.
    [[nodiscard]] std::string query_value(std::string_view name) const;
    /// The bearer token (RFC 6750); empty when there is none.
    [[nodiscard]] std::string_view bearer() const;
};

/// A part of an open file as an answer's body. The descriptor closes with the last copy.
struct FileBody {
    std::shared_ptr<const ftp::Descriptor> descriptor;
    std::uint64_t offset{0};
    std::uint64_t size{0};

    /// All `size` bytes of a regular file that is open for reading.
    [[nodiscard]] static FileBody of(ftp::Descriptor file, std::uint64_t size) {
        return {std::make_shared<const ftp::Descriptor>(std::move(file)), 0, size};
    }
};

/// An answer's body that comes as things happen, for as long as the client stays. The server calls it on the
/// worker, and may destroy it on any thread.
class BodyStream {
  public:
    virtual ~BodyStream() = default;
    /// The next bytes, as soon as there are any; none at the end. One call at a time.
    virtual awaitable<std::string> next() = 0;
    /// The client left, or the server ends: next() comes to its end soon.
    virtual void close() = 0;
};

/// What an endpoint answers.
struct Response {
    unsigned status{200};
    Headers headers; ///< Content-Length is the server's work
    std::string body;
    std::optional<FileBody> file;       ///< instead of `body`
    std::shared_ptr<BodyStream> stream; ///< instead of both; the connection ends with it

    [[nodiscard]] static Response empty(unsigned status);
    /// `application/json`.
    [[nodiscard]] static Response of(unsigned status, const json::value& body);
    /// Mender's error body with our `reason`, and the status of the error's row. `Retry-After` on 429 and
    /// 503.
    [[nodiscard]] static Response of(const Error& error, std::string_view request_id);
};

/// Runs on the worker executor; must not block for long; exceptions become 500 with the request's id in the
/// log.
using Handler = std::function<awaitable<Response>(Request&)>;

/// Which handler serves which path. Filled before the server starts, then only read.
class Router {
  public:
    /// `pattern`: literal segments and `{name}` segments, e.g. `/api/devices/v1/two-path/sessions/{session}`.
    /// `{name}` takes any one segment that is not empty, also with an encoded slash; literals go before it.
    void add(std::string method, std::string_view pattern, Handler handler);
    /// Answers 404 for an unknown path and 405 with `Allow` for an unknown method. HEAD goes where GET goes;
    /// the server leaves the body out.
    [[nodiscard]] awaitable<Response> serve(Request& request) const;
    /// Called with each request that a route has served, and its answer, on the worker.
    void observe(std::function<void(const Request&, const Response&)> observer) {
        observer_ = std::move(observer);
    }

  private:
    struct Route {
        std::string method;
        std::string pattern;
        std::vector<std::string> segments;
        Handler handler;
    };
    std::vector<Route> routes_;
    std::function<void(const Request&, const Response&)> observer_;
};

/// All but RFC 3986's unreserved characters: for one segment of a path, or one value of a query.
[[nodiscard]] std::string percent_encode(std::string_view text);
/// RFC 3986, section 2.1; none for a broken escape or a NUL, encoded or not.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);
/// `a=1&b=two+words` (the URL standard's form encoding); none when an escape is broken.
[[nodiscard]] std::optional<std::multimap<std::string, std::string>> parse_query(std::string_view text);

} // namespace two_path::control
