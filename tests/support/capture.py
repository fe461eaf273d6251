"""Everything that crosses the cable, and what was said in each TCP connection."""

import collections
import mmap
import re
import select
import socket
import struct
import threading

# linux/if_packet.h
SOL_PACKET, PACKET_RX_RING, PACKET_STATISTICS = 263, 5, 6
TP_STATUS_USER = 1
ETH_P_ALL = 3
FRAME_HEADER = struct.Struct("@LIIHH")  # struct tpacket_hdr: status, length, captured, offset of the frame, ...

# A segment on a virtual cable is up to 64 KiB long, offloading being what it is.
RING_FRAME, RING_FRAMES, RING_BLOCK = 1 << 17, 512, 1 << 20

TLS_RECORD = re.compile(rb"[\x14-\x17]\x03[\x00-\x04]")

Flow = collections.namedtuple("Flow", "source source_port target target_port")


class Capture:
    """Records Ethernet frames until `stop`; then `flows` gives each direction of each connection.

    A plain packet socket holds 200 KiB and loses the rest, and only the machine's root may enlarge it; so the
    kernel writes into a ring that is shared with it.
    """

    def __init__(self, packets, interface):
        packets.setsockopt(SOL_PACKET, PACKET_RX_RING, struct.pack(
            "IIII", RING_BLOCK, RING_FRAMES * RING_FRAME // RING_BLOCK, RING_FRAME, RING_FRAMES))
        self.frames = []
        self._ring = mmap.mmap(packets.fileno(), RING_FRAMES * RING_FRAME)
        self._next = 0
        self._packets = packets
        self._stop, self._stopped = socket.socketpair()
        packets.bind((interface, ETH_P_ALL))
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Ends the recording. Raises when frames were lost: a silent gap would prove nothing."""
        if self._packets is None:
            return
        self._stop.close()
        self._reader.join()
        _, lost = struct.unpack("II", self._packets.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
        self._ring.close()
        self._stopped.close()
        self._packets.close()
        self._packets = None
        if lost:
            raise RuntimeError(f"the capture lost {lost} frames")

    def flows(self):
        """{Flow: bytes}, one entry for each direction of each TCP connection, in order and without repeats."""
        streams = collections.defaultdict(Stream)
        for frame in self.frames:
            if segment := parse_tcp(frame):
                flow, starts, sequence, data = segment
                streams[flow].add(starts, sequence, data)
        return {flow: stream.content() for flow, stream in streams.items()}

    def take(self, frame):
        self.frames.append(frame)

    def _read(self):
        while True:
            readable, _, _ = select.select([self._packets, self._stopped], [], [])
            self._take_frames()
            if self._stopped in readable:
                return

    def _take_frames(self):
        while True:
            position = self._next * RING_FRAME
            status, _, captured, offset, _ = FRAME_HEADER.unpack_from(self._ring, position)
            if not status & TP_STATUS_USER:
                return
            self.take(self._ring[position + offset:position + offset + captured])
            struct.pack_into("@L", self._ring, position, 0)  # back to the kernel
            self._next = (self._next + 1) % RING_FRAMES


class Stream:
    """One direction of a connection: segments by their distance from its start."""

    def __init__(self):
        self.start = None
        self.segments = {}

    def add(self, starts, sequence, data):
        if starts or self.start is None:
            self.start = (sequence + 1 if starts else sequence) & 0xFFFFFFFF
        distance = (sequence - self.start) & 0xFFFFFFFF
        if data and len(data) > len(self.segments.get(distance, b"")):
            self.segments[distance] = data

    def content(self):
        whole = bytearray()
        for distance, data in sorted(self.segments.items()):
            if distance > len(whole):
                raise RuntimeError(f"the capture has a gap at byte {len(whole)} of a connection")
            whole += data[len(whole) - distance:]
        return bytes(whole)


def parse_tcp(frame):
    """(flow, has SYN, sequence number, data) of a TCP segment over IPv4, or None."""
    if frame[12:14] != b"\x08\x00" or frame[23] != socket.IPPROTO_TCP:
        return None
    packet = frame[14:14 + int.from_bytes(frame[16:18], "big")]
    header = (packet[0] & 15) * 4
    source_port, target_port, sequence = struct.unpack_from("!HHI", packet, header)
    data = packet[header + (packet[header + 12] >> 4) * 4:]
    flow = Flow(socket.inet_ntoa(packet[12:16]), source_port, socket.inet_ntoa(packet[16:20]), target_port)
    return flow, bool(packet[header + 13] & 2), sequence, data


def is_tls(content):
    """Whether a direction of a connection is TLS records from its first byte to its last."""
    position = 0
    while position < len(content):
        if not TLS_RECORD.match(content, position):
            return False
        position += 5 + int.from_bytes(content[position + 3:position + 5], "big")
    return position == len(content)
