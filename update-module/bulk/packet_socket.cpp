#include "update-module/bulk/packet_socket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>

namespace two_path::bulk {
namespace {

using ftp::Descriptor;

constexpr milliseconds longest_poll{3'600'000}; ///< what fits into poll's int, and more

/// Waits until there is something to read, or the end.
bool readable(int socket, Deadline deadline) noexcept {
    for (;;) {
        const auto wait = std::min<milliseconds>(deadline.left(), longest_poll);
        pollfd waiting{socket, POLLIN, 0};
        if (::poll(&waiting, 1, static_cast<int>(wait.count())) > 0) return true;
        if (deadline.passed()) return false;
    }
}

} // namespace

std::optional<PacketSockets> make_packet_sockets() noexcept {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return std::nullopt;
    return PacketSockets{Descriptor(ends[0]), Descriptor(ends[1])};
}

bool send_bytes(int socket, std::span<const std::uint8_t> packet, int descriptor) noexcept {
    iovec part{const_cast<std::uint8_t*>(packet.data()), packet.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (descriptor >= 0) {
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        auto* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    ssize_t sent = -1;
    do
        sent = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    return sent == static_cast<ssize_t>(packet.size());
}

Receipt receive_bytes(int socket, std::span<std::uint8_t> packet, Descriptor& descriptor,
                      Deadline deadline) noexcept {
    if (!readable(socket, deadline)) return Receipt::timed_out;
    iovec part{packet.data(), packet.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ssize_t got = -1;
    do
        got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got <= 0) return Receipt::closed;
    for (auto* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        int passed_on = -1;
        std::memcpy(&passed_on, CMSG_DATA(header), sizeof passed_on);
        descriptor = Descriptor(passed_on);
    }
    const bool whole =
        got == static_cast<ssize_t>(packet.size()) && (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
    return whole ? Receipt::packet : Receipt::malformed;
}

} // namespace two_path::bulk
