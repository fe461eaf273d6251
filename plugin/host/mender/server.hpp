/// Requests to one server: a few connections, tries again for a while, and says in the log when it is gone.
#pragma once

#include "plugin/control/https_client.hpp"
#include "plugin/executors.hpp"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace two_path::host::mender {

/// How long a question may take, and whether it is asked again meanwhile when the server does not answer.
struct Patience {
    std::chrono::milliseconds time;
    bool again;
};
/// A device or an operator waits for an answer to which this is needed.
inline constexpr Patience for_a_caller{std::chrono::milliseconds{2'500}, true};
/// Whoever asks comes again by itself.
inline constexpr Patience in_passing{std::chrono::milliseconds{4'000}, false};

/// Used by the worker; the connections are the network's.
class Server {
  public:
    static constexpr std::size_t max_connections = 16;

    Server(Executors executors, control::HttpsClientOptions options);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// What the server answers: 1xx to 4xx but 408 and 429. Else unavailable: no answer in time, no trusted
    /// certificate, 5xx, or a pause: after a 429 nothing is asked before the time that it names, whoever was
    /// told so, and only who was waits for it. Without `again` there is one try.
    awaitable<Result<control::ClientResponse>> ask(control::ClientRequest request, Patience patience);

    /// As it stands in messages: `HOST[:PORT]`.
    [[nodiscard]] std::string name() const { return options_.origin.text(); }

  private:
    using Time = std::chrono::steady_clock::time_point;
    awaitable<std::unique_ptr<control::HttpsClient>> take_connection(Time deadline);
    void give_back(std::unique_ptr<control::HttpsClient> connection);
    awaitable<Result<control::ClientResponse>> ask_once(control::ClientRequest request);
    void tell(const std::string& trouble);
    [[nodiscard]] std::string trouble_in(const Result<control::ClientResponse>& answer);

    Executors executors_;
    control::HttpsClientOptions options_;
    std::vector<std::unique_ptr<control::HttpsClient>> idle_;
    std::size_t busy_{0};
    std::deque<boost::asio::steady_timer*> waiting_; ///< for a connection, the first first
    std::minstd_rand random_{std::random_device{}()};
    Time pause_ends_{};      ///< a 429 asked for it
    bool in_trouble_{false}; ///< and the log says so
};

/// Seconds that a 429 asks to wait (RFC 9110, section 10.2.3, without dates); 5 when it does not say,
/// 300 at most.
[[nodiscard]] std::chrono::seconds retry_after(const control::ClientResponse& response);

} // namespace two_path::host::mender
