/// Packets of a fixed size, with an open descriptor at times, between processes of the module.
#pragma once

#include "ftp/descriptor.hpp"
#include "update-module/deadline.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>

namespace two_path::bulk {

struct PacketSockets {
    ftp::Descriptor first;
    ftp::Descriptor second;
};
/// A connected pair that keeps packet boundaries; closed on exec. None when the system has no descriptors.
[[nodiscard]] std::optional<PacketSockets> make_packet_sockets() noexcept;

enum class Receipt {
    packet,
    closed,    ///< the other process is gone
    timed_out, ///< nothing came before the deadline
    malformed, ///< a packet of another size, or with other than one descriptor at most
};

/// False when the other process is gone. Does not wait: few packets are ever on their way.
[[nodiscard]] bool send_bytes(int socket, std::span<const std::uint8_t> packet, int descriptor) noexcept;
[[nodiscard]] Receipt receive_bytes(int socket, std::span<std::uint8_t> packet, ftp::Descriptor& descriptor,
                                    Deadline deadline) noexcept;

/// The packets are plain structs; both ends are the same program.
template<class Packet>
[[nodiscard]] bool send_packet(int socket, const Packet& packet, int descriptor = -1) noexcept {
    static_assert(std::is_trivially_copyable_v<Packet>);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&packet);
    return send_bytes(socket, {bytes, sizeof packet}, descriptor);
}

/// `descriptor` becomes the one that came along, if any. Whatever is in the packet is still to be checked.
template<class Packet>
[[nodiscard]] Receipt receive_packet(int socket, Packet& packet, ftp::Descriptor& descriptor,
                                     Deadline deadline) noexcept {
    static_assert(std::is_trivially_copyable_v<Packet>);
    auto* bytes = reinterpret_cast<std::uint8_t*>(&packet);
    return receive_bytes(socket, {bytes, sizeof packet}, descriptor, deadline);
}

} // namespace two_path::bulk
