"""IPv4 packets as bytes, and others made of them whose checksums are right (RFC 791, RFC 9293)."""

import struct

TCP = 6
HEADER = 20  # bytes, of IPv4 and of TCP, without options
RST, ACK = 0x04, 0x10
MORE_FRAGMENTS = 0x2000


def checksum(content):
    """RFC 1071: a sum of 16-bit words in ones' complement is a remainder by 65535."""
    if len(content) % 2:
        content += b"\0"
    return 0xFFFF - int.from_bytes(content, "big") % 0xFFFF


def header_length(packet):
    return (packet[0] & 0x0F) * 4


def ports(packet):
    """Of a TCP packet over IPv4 (source, target), else None."""
    start = header_length(packet)
    if packet[0] >> 4 != 4 or packet[9] != TCP or len(packet) < start + HEADER:
        return None
    return struct.unpack_from("!HH", packet, start)


def data_start(packet):
    """Where the bytes of a TCP packet begin that a program sent; its length when there are none."""
    start = header_length(packet)
    return start + (packet[start + 12] >> 4) * 4


def with_checksums(packet):
    """The same TCP packet with its length and both checksums made right."""
    made = bytearray(packet)
    start = header_length(made)
    struct.pack_into("!H", made, 2, len(made))
    struct.pack_into("!H", made, 10, 0)
    struct.pack_into("!H", made, 10, checksum(bytes(made[:start])))
    struct.pack_into("!H", made, start + 16, 0)
    pseudo = made[12:20] + struct.pack("!HH", TCP, len(made) - start)
    struct.pack_into("!H", made, start + 16, checksum(bytes(pseudo + made[start:])))
    return bytes(made)


def readdressed(packet, source, target):
    """The same TCP packet from and to other addresses; None: as they are."""
    made = bytearray(packet)
    made[12:16] = source or made[12:16]
    made[16:20] = target or made[16:20]
    return with_checksums(made)


def reset(packet):
    """What ends the connection of a TCP packet, as if its sender had said so instead."""
    start = header_length(packet)
    made = bytearray(packet[:start + HEADER])
    made[start + 12] = HEADER // 4 << 4
    made[start + 13] = RST | ACK
    return with_checksums(made)


def fragments(packet, mtu):
    """The packet in parts of at most `mtu` bytes, as by a router that does not care what the sender forbids."""
    start = header_length(packet)
    size = (mtu - start) // 8 * 8
    for begin in range(start, len(packet), size):
        part = bytearray(packet[:start] + packet[begin:begin + size])
        more = MORE_FRAGMENTS if begin + size < len(packet) else 0
        struct.pack_into("!H", part, 2, len(part))
        struct.pack_into("!H", part, 6, more | (begin - start) // 8)
        struct.pack_into("!H", part, 10, 0)
        struct.pack_into("!H", part, 10, checksum(bytes(part[:start])))
        yield bytes(part)
