#include "ftp/file_sender.hpp"

#include "ftp/socket.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>

namespace two_path::ftp {
namespace {

// One sendfile, which the socket's buffer bounds further; other connections get their turn in between.
constexpr std::uint64_t piece = 4U << 20;
constexpr milliseconds longest_pause{50};

} // namespace

FileSender::FileSender(tcp::socket& socket, Patience patience)
  : socket_(socket)
  , patience_(patience)
  , pause_(socket.get_executor())
  , deadline_(socket.get_executor(), [this] { look(); }) {}

awaitable<DataEnd> FileSender::send(FilePart part, std::function<void(std::uint64_t)> sent) {
    part_ = part;
    handed_ = taken_ = 0;
    deadline_.expires_after(patience_.progress_time);
    const auto filled = co_await fill(sent);
    const auto end = filled == DataEnd::whole ? co_await drain() : filled;
    deadline_.cancel();
    co_return end == DataEnd::whole&& stopped_ ? DataEnd::stopped : end;
}

void FileSender::stop(std::uint64_t granularity) {
    const auto block = std::max<std::uint64_t>(granularity, 1);
    const auto beyond = part_.begin % block;
    const auto edge = beyond == 0 ? part_.begin : part_.begin + (block - beyond);
    if (edge >= part_.end) return;
    part_.end = edge;
    stopped_ = true;
}

void FileSender::interrupt() {
    interrupted_ = true;
    if (socket_.is_open()) reset(socket_);
    pause_.cancel();
}

/// Bytes in the kernel's buffer; none when the connection is broken.
std::optional<std::uint64_t> FileSender::unacknowledged() const noexcept {
    const int fd = socket_.native_handle();
    int error = 0;
    socklen_t size = sizeof error;
    int unsent = 0;
    if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0 ||
        ::ioctl(fd, SIOCOUTQ, &unsent) != 0)
        return std::nullopt;
    return static_cast<std::uint64_t>(unsent);
}

std::uint64_t FileSender::least() const noexcept {
    const auto rate = std::min(patience_.least_rate, rate_of(socket_) / 2);
    return std::max<std::uint64_t>(1,
                                   rate * static_cast<std::uint64_t>(patience_.progress_time.count()) / 1000);
}

/// What the kernel took says little: its buffer may be large. The end of a connection that a byte now and
/// then would keep for ever.
void FileSender::look() {
    const auto left = socket_.is_open() ? unacknowledged() : std::nullopt;
    const auto taken = handed_ - std::min(left.value_or(handed_), handed_);
    if (!left || taken - std::min(taken_, taken) < least()) return interrupt();
    taken_ = taken;
    deadline_.expires_after(patience_.progress_time);
}

awaitable<DataEnd> FileSender::fill(const std::function<void(std::uint64_t)>& sent) {
    static_cast<void>(::posix_fadvise(part_.file, 0, 0, POSIX_FADV_SEQUENTIAL));
    while (part_.begin < part_.end) {
        auto at = static_cast<off_t>(part_.begin);
        const auto count = static_cast<std::size_t>(std::min(part_.end - part_.begin, piece));
        const auto done = ::sendfile(socket_.native_handle(), part_.file, &at, count);
        if (done > 0) {
            part_.begin += static_cast<std::uint64_t>(done);
            handed_ += static_cast<std::uint64_t>(done);
            sent(static_cast<std::uint64_t>(done));
        } else if (done < 0 && (errno == EPIPE || errno == ECONNRESET || errno == ETIMEDOUT)) {
            co_return DataEnd::broken;
        } else if (done == 0 || (errno != EAGAIN && errno != EINTR)) {
            co_return DataEnd::failed; // 0: the file is shorter than it was
        }
        error_code ec;
        co_await socket_.async_wait(tcp::socket::wait_write, into(ec));
        if (interrupted_ || ec || !socket_.is_open()) co_return DataEnd::broken;
    }
    co_return DataEnd::whole;
}

awaitable<DataEnd> FileSender::drain() {
    error_code ec;
    socket_.shutdown(tcp::socket::shutdown_send, ec);
    // Whether all has arrived is known when the kernel's buffer is empty; nothing tells us, so we look.
    milliseconds wait{1};
    for (;;) {
        const auto left = unacknowledged();
        if (!left) co_return DataEnd::broken;
        if (*left == 0) co_return DataEnd::whole;
        pause_.expires_after(wait);
        co_await pause_.async_wait(into(ec));
        if (interrupted_) co_return DataEnd::broken;
        wait = std::min(2 * wait, longest_pause);
    }
}

} // namespace two_path::ftp
