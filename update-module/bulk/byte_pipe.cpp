#include "update-module/bulk/byte_pipe.hpp"

#include "update-module/process.hpp"
#include "update-module/watchdog.hpp"

#include <cerrno>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace two_path::bulk {
namespace {

constexpr int pipe_size = 1024 * 1024;
constexpr milliseconds pipe_poll{200};

const std::string other_end = "the installer";

/// Until the descriptor can be used, or for a moment.
void wait_for(int fd, short what, Deadline deadline) {
    pollfd wait{fd, what, 0};
    ::poll(&wait, 1, static_cast<int>(deadline.within(pipe_poll).left().count()) + 1);
}

} // namespace

BytePipe::BytePipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        throw std::system_error(errno, std::generic_category(), "pipe");
    reader_ = ftp::Descriptor(ends[0]);
    writer_ = ftp::Descriptor(ends[1]);
    ::fcntl(writer_.get(), F_SETPIPE_SZ, pipe_size); // less is slower, no more
}

Result<void> BytePipe::write(ByteView bytes, Deadline deadline) {
    if (auto taken = offer(bytes, deadline); !taken) return taken;
    return bytes.empty() ? Result<void>() : device::may_wait(deadline, other_end);
}

Result<void> BytePipe::offer(ByteView& bytes, Deadline until) {
    while (!bytes.empty()) {
        const auto written = ::write(writer_.get(), bytes.data(), bytes.size());
        if (written > 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(written));
        } else if (errno == EPIPE) {
            return fail(Errc::inner_module_failed, "it takes no more bytes");
        } else if (errno == EAGAIN) {
            if (device::told_to_stop()) return device::may_wait(until, other_end);
            if (until.passed()) return {};
            wait_for(writer_.get(), POLLOUT, until);
        } else if (errno != EINTR) {
            return fail(Errc::io_error, "pipe: " + std::generic_category().message(errno));
        }
    }
    return {};
}

Result<std::size_t> BytePipe::read(std::span<std::uint8_t> into, Deadline deadline) {
    for (;;) {
        const auto got = ::read(reader_.get(), into.data(), into.size());
        if (got > 0) return static_cast<std::size_t>(got);
        if (got == 0) {
            fell_short_ = true;
            return fail(Errc::truncated, "the transfer ended before its time");
        }
        if (errno == EAGAIN) {
            if (auto may = device::may_wait(deadline, other_end); !may) return may.error();
            wait_for(reader_.get(), POLLIN, deadline);
        } else if (errno != EINTR) {
            return fail(Errc::io_error, "pipe: " + std::generic_category().message(errno));
        }
    }
}

void BytePipe::abandon() noexcept {
    abandoned_ = true;
    reader_ = ftp::Descriptor();
}

} // namespace two_path::bulk
