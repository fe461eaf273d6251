/// Where work runs: nothing slow in the network's loop, no lock around the state.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

namespace two_path {

/// The daemon's three threads, one executor each. Copies refer to the same threads, which the daemon owns.
struct Executors {
    boost::asio::any_io_executor network; ///< sockets, TLS, `sendfile`; owns every connection
    boost::asio::any_io_executor worker;  ///< SQLite and all state in memory; every endpoint runs here
    boost::asio::any_io_executor files;   ///< long work on one file that no one else touches
};

template<class T>
using awaitable = boost::asio::awaitable<T>;

/// The completion token that g++ 12 compiles right: `error_code ec; co_await op(..., into(ec)); if (ec) ...`.
inline auto into(boost::system::error_code& ec) {
    return boost::asio::redirect_error(boost::asio::use_awaitable, ec);
}

} // namespace two_path
