#include "plugin/host/mender/server.hpp"

#include "plugin/host/mender/backoff.hpp"
#include "plugin/log.hpp"

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace two_path::host::mender {
namespace asio = boost::asio;
using boost::system::error_code;
using control::ClientRequest;
using control::ClientResponse;
using control::HttpsClient;
using std::chrono::steady_clock;

namespace {

constexpr unsigned too_many_requests = 429;

bool is_failure(const ClientResponse& response) {
    return response.status >= 500 || response.status == 408 || response.status == too_many_requests;
}

awaitable<Result<ClientResponse>> send(HttpsClient& client, ClientRequest request) {
    co_return co_await client.request(std::move(request));
}

} // namespace

std::chrono::seconds retry_after(const ClientResponse& response) {
    constexpr std::uint32_t usual = 5;
    constexpr std::uint32_t most = 300;
    const auto found = response.headers.find("Retry-After");
    std::uint32_t wait = usual;
    if (found != response.headers.end()) {
        const auto& text = found->second;
        std::uint32_t told = 0;
        const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), told);
        if (ec == std::errc() && end == text.data() + text.size()) wait = std::min(told, most);
    }
    return std::chrono::seconds(wait);
}

Server::Server(Executors executors, control::HttpsClientOptions options)
  : executors_(std::move(executors))
  , options_(std::move(options)) {}

awaitable<Result<ClientResponse>> Server::ask(ClientRequest request, Patience patience) {
    // Whoever waited for the pause's end would ask with all the others then.
    if (steady_clock::now() < pause_ends_) co_return fail(Errc::unavailable, name() + " asked for a pause");
    request.deadline = steady_clock::now() + patience.time;
    Backoff backoff;
    for (;;) {
        auto answer = co_await ask_once(request);
        if (answer) co_return answer;
        const auto next = std::max(steady_clock::now(), pause_ends_) + backoff.next(random_());
        if (!patience.again || next >= request.deadline) co_return answer;
        asio::steady_timer pause(executors_.worker, next);
        error_code ec;
        co_await pause.async_wait(into(ec));
    }
}

awaitable<Result<ClientResponse>> Server::ask_once(ClientRequest request) {
    auto connection = co_await take_connection(request.deadline);
    if (!connection) co_return fail(Errc::unavailable, name() + ": all connections were taken for too long");
    if (steady_clock::now() < pause_ends_) {
        give_back(std::move(connection));
        co_return fail(Errc::unavailable, name() + " asked for a pause");
    }
    auto sending = send(*connection, std::move(request));
    auto answer = co_await asio::co_spawn(executors_.network, std::move(sending), asio::use_awaitable);
    give_back(std::move(connection));
    const auto trouble = trouble_in(answer);
    tell(trouble);
    if (trouble.empty()) co_return answer;
    co_return fail(Errc::unavailable, trouble);
}

/// Empty: none. The pause that it may ask for begins.
std::string Server::trouble_in(const Result<ClientResponse>& answer) {
    if (!answer) return answer.error().detail;
    if (!is_failure(*answer)) return {};
    auto trouble = name() + ": status " + std::to_string(answer->status);
    if (answer->status != too_many_requests) return trouble;
    const auto wait = retry_after(*answer);
    pause_ends_ = std::max<Time>(pause_ends_, steady_clock::now() + wait);
    return trouble + ", not to be asked for " + std::to_string(wait.count()) + " s";
}

awaitable<std::unique_ptr<HttpsClient>> Server::take_connection(Time deadline) {
    while (busy_ >= max_connections) {
        if (steady_clock::now() >= deadline) co_return nullptr;
        asio::steady_timer turn(executors_.worker, deadline);
        waiting_.push_back(&turn);
        error_code ec;
        co_await turn.async_wait(into(ec));
        std::erase(waiting_, &turn);
    }
    ++busy_;
    if (idle_.empty()) co_return std::make_unique<HttpsClient>(executors_.network, options_);
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    co_return connection;
}

void Server::give_back(std::unique_ptr<HttpsClient> connection) {
    idle_.push_back(std::move(connection));
    --busy_;
    if (waiting_.empty()) return;
    waiting_.front()->cancel();
    waiting_.pop_front();
}

/// Once when it begins and once when it is over; empty: all is well.
void Server::tell(const std::string& trouble) {
    if (trouble.empty() == !in_trouble_) return;
    in_trouble_ = !trouble.empty();
    if (in_trouble_)
        log(Level::warning, "the Mender server does not serve: " + trouble +
                                "; devices are told to come again, and sessions go on");
    else
        log(Level::notice, "the Mender server " + name() + " serves again");
}

} // namespace two_path::host::mender
