#include "update-module/bulk/greeting.hpp"

#include "ftp/asio.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>

namespace two_path::bulk {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using ftp::into;

constexpr milliseconds whole_look{5'000};
constexpr std::size_t max_line = 512;

/// What one look needs and gives; it outlives the loop that runs it.
struct Look {
    std::vector<tcp::endpoint> endpoints;
    std::string step = "connection"; ///< what was under way
    error_code error;
    std::string line;
    bool done{false};
};

asio::awaitable<void> listen_to_it(Look& look) {
    const auto executor = co_await asio::this_coro::executor;
    tcp::socket socket(executor);
    co_await asio::async_connect(socket, look.endpoints, into(look.error));
    if (look.error) co_return;
    look.step = "greeting";
    co_await asio::async_read_until(socket, asio::dynamic_buffer(look.line, max_line), '\n',
                                    into(look.error));
    look.done = !look.error;
}

} // namespace

Result<std::string> read_greeting(const std::vector<std::string>& addresses, std::uint16_t port,
                                  Deadline deadline) {
    Look look;
    for (const auto& address : addresses) {
        error_code error;
        const auto parsed = asio::ip::make_address(address, error);
        if (!error) look.endpoints.emplace_back(parsed, port);
    }
    {
        asio::io_context loop(1);
        asio::co_spawn(loop, listen_to_it(look), [](const std::exception_ptr& failure) {
            if (failure) std::rethrow_exception(failure);
        });
        loop.run_until(deadline.within(whole_look).at());
        // Leaving the block closes the connection, whatever state it is in.
    }
    if (look.done) return look.line.substr(0, look.line.find_first_of("\r\n"));
    return fail(Errc::second_path_unreachable,
                look.error ? look.step + ": " + look.error.message() : "no " + look.step + " in time");
}

} // namespace two_path::bulk
