#include "ftp/receive.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <vector>

namespace two_path::ftp {
namespace {

constexpr std::uint64_t largest_read = 256U << 10U;

} // namespace

awaitable<Received> receive(Incoming incoming, Take take) {
    const auto executor = co_await asio::this_coro::executor;
    tcp::socket socket(executor, tcp::v4(), incoming.data.release()); // the family is of no matter to a read
    std::vector<char> buffer(largest_read);
    Received received;
    for (;;) {
        const auto left = incoming.size - incoming.offset - received.bytes;
        const auto most = static_cast<std::size_t>(std::min(left + 1, largest_read));
        error_code ec;
        const auto count = co_await socket.async_read_some(asio::buffer(buffer.data(), most), into(ec));
        if (ec) {
            const bool due = incoming.exact && left > 0;
            received.end = ec == asio::error::eof && !due ? DataEnd::whole : DataEnd::broken;
            co_return received;
        }
        const auto taken = std::min<std::uint64_t>(count, left);
        received.end =
            take({buffer.data(), static_cast<std::size_t>(taken)}, incoming.offset + received.bytes);
        received.bytes += taken;
        if (received.end == DataEnd::whole && taken < count) received.end = DataEnd::too_long;
        if (received.end != DataEnd::whole) co_return received;
    }
}

} // namespace two_path::ftp
