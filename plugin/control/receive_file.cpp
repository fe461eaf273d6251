#include "plugin/control/receive_file.hpp"

#include <boost/asio/co_spawn.hpp>

namespace two_path::control {
namespace {

/// Bytes that are gathered before the disk is asked.
constexpr std::size_t gathered_size = 1024 * 1024;

// What blocks on the disk: one call at a time for one file.
awaitable<Result<void>> write(catalog::Incoming& incoming, ByteView piece) {
    co_return incoming.write(piece);
}

awaitable<Result<catalog::Payload>> finish(catalog::Incoming& incoming, std::string expected) {
    co_return incoming.finish(expected);
}

/// Fills `piece` as far as the body goes.
awaitable<Result<std::size_t>> fill(RequestBody& body, std::span<std::uint8_t> piece) {
    std::size_t filled = 0;
    while (filled < piece.size()) {
        const auto rest = piece.subspan(filled);
        const auto count = co_await body.read(rest);
        if (!count) co_return count.error();
        if (*count == 0) break;
        filled += *count;
    }
    co_return filled;
}

} // namespace

Admit at_most(std::uint64_t limit) {
    return [limit, size = std::uint64_t{0}](std::uint64_t more) mutable -> Result<void> {
        size += more;
        if (size > limit) return fail(Errc::too_large, "over " + std::to_string(limit) + " bytes");
        return {};
    };
}

awaitable<Result<void>> receive_file(RequestBody& body, catalog::Incoming& incoming,
                                     boost::asio::any_io_executor files, const Admit& admit) {
    Bytes buffer(gathered_size);
    for (;;) {
        const std::span<std::uint8_t> room(buffer);
        const auto count = co_await fill(body, room);
        if (!count) co_return count.error();
        if (*count == 0) co_return Result<void>{};
        if (const auto admitted = admit(*count); !admitted) co_return admitted.error();
        const ByteView piece = room.first(*count);
        const auto written =
            co_await boost::asio::co_spawn(files, write(incoming, piece), boost::asio::use_awaitable);
        if (!written) co_return written.error();
    }
}

awaitable<Result<catalog::Payload>> finish_file(catalog::Incoming& incoming, std::string expected,
                                                boost::asio::any_io_executor files) {
    co_return co_await boost::asio::co_spawn(files, finish(incoming, std::move(expected)),
                                             boost::asio::use_awaitable);
}

} // namespace two_path::control
