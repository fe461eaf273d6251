/// The names of Boost.Asio that this library uses, and the one way it waits.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace two_path::ftp {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;

/// Completion token: `co_await op(..., into(ec))` never throws for a network failure.
inline auto into(error_code& ec) {
    return asio::redirect_error(asio::use_awaitable, ec);
}

} // namespace two_path::ftp
