// The HTTPS client for programs without a loop.
#include "plugin/control/https_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <utility>

namespace two_path::control {
namespace asio = boost::asio;

struct HttpsCommandClient::State {
    explicit State(HttpsClientOptions options)
      : client(loop.get_executor(), std::move(options)) {}
    asio::io_context loop{1};
    HttpsClient client;
};

HttpsCommandClient::HttpsCommandClient(HttpsClientOptions options)
  : state_(std::make_unique<State>(std::move(options))) {}

HttpsCommandClient::~HttpsCommandClient() = default;

Result<ClientResponse> HttpsCommandClient::run(ClientRequest request) {
    std::exception_ptr thrown;
    Result<ClientResponse> outcome = fail(Errc::internal, "the request did not end");
    auto done = [&](std::exception_ptr error, Result<ClientResponse> answer) {
        thrown = std::move(error);
        if (!thrown) outcome = std::move(answer);
    };
    asio::co_spawn(state_->loop, state_->client.request(std::move(request)), std::move(done));
    state_->loop.restart();
    state_->loop.run();
    if (thrown) std::rethrow_exception(thrown);
    return outcome;
}

} // namespace two_path::control
