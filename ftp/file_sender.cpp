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

constexpr std::uint64_t piece = 1U << 20; // one sendfile; other connections get their turn in between
constexpr milliseconds longest_pause{50};

} // namespace

FileSender::FileSender(tcp::socket& socket, milliseconds progress_time)
  : socket_(socket)
  , progress_time_(progress_time)
  , pause_(socket.get_executor())
  , deadline_(socket.get_executor(), [this] { interrupt(); }) {}

awaitable<DataEnd> FileSender::send(FilePart part, std::function<void(std::uint64_t)> sent) {
    part_ = part;
    deadline_.expires_after(progress_time_);
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

awaitable<DataEnd> FileSender::fill(const std::function<void(std::uint64_t)>& sent) {
    static_cast<void>(::posix_fadvise(part_.file, 0, 0, POSIX_FADV_SEQUENTIAL));
    while (part_.begin < part_.end) {
        auto at = static_cast<off_t>(part_.begin);
        const auto count = static_cast<std::size_t>(std::min(part_.end - part_.begin, piece));
        const auto done = ::sendfile(socket_.native_handle(), part_.file, &at, count);
        if (done > 0) {
            part_.begin += static_cast<std::uint64_t>(done);
            deadline_.expires_after(progress_time_);
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
    int before = -1;
    milliseconds wait{1};
    for (;;) {
        int error = 0;
        socklen_t size = sizeof error;
        int unsent = 0;
        if (::getsockopt(socket_.native_handle(), SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0 ||
            ::ioctl(socket_.native_handle(), SIOCOUTQ, &unsent) != 0)
            co_return DataEnd::broken;
        if (unsent == 0) co_return DataEnd::whole;
        if (unsent != before) deadline_.expires_after(progress_time_);
        before = unsent;
        pause_.expires_after(wait);
        co_await pause_.async_wait(into(ec));
        if (interrupted_) co_return DataEnd::broken;
        wait = std::min(2 * wait, longest_pause);
    }
}

} // namespace two_path::ftp
