"""What a bad network, or somebody on it, does to packets: each packet of one way passes by in its turn.

`pass_on(packet, due)` gives what comes of the packet: any number of (packet, due), times of time.monotonic().
`chance`: a random.Random of this impairment alone, so that with the same seed the nth packet has the same fate.
"""

import math

import ip_packets


class Loss:
    def __init__(self, chance, share):
        self._chance = chance
        self._share = share

    def pass_on(self, packet, due):
        return [] if self._chance.random() < self._share else [(packet, due)]


class Bursts:
    """Loses packets in a row: Gilbert's two states. `begin`, `end`: how likely a row begins and ends at a packet."""

    def __init__(self, chance, begin, end):
        self._chance = chance
        self._turn = {False: begin, True: end}
        self._losing = False

    def pass_on(self, packet, due):
        if self._chance.random() < self._turn[self._losing]:
            self._losing = not self._losing
        return [] if self._losing else [(packet, due)]


class Delay:
    """By `seconds`, and up to `jitter` more; none overtakes another."""

    def __init__(self, chance, seconds, jitter=0):
        self._chance = chance
        self._seconds = seconds
        self._jitter = jitter
        self._last = 0

    def pass_on(self, packet, due):
        self._last = max(self._last, due + self._seconds + self._chance.random() * self._jitter)
        return [(packet, self._last)]


class Reordering:
    """Holds a share of the packets back for `seconds`, so that others overtake them."""

    def __init__(self, chance, share, seconds):
        self._chance = chance
        self._share = share
        self._seconds = seconds

    def pass_on(self, packet, due):
        return [(packet, due + self._seconds if self._chance.random() < self._share else due)]


class Duplication:
    def __init__(self, chance, share):
        self._chance = chance
        self._share = share

    def pass_on(self, packet, due):
        return [(packet, due)] * (2 if self._chance.random() < self._share else 1)


class Corruption:
    """A bit that flips anywhere behind the first byte, by which TUN tells what it is; a checksum does not hold then."""

    def __init__(self, chance, share):
        self._chance = chance
        self._share = share

    def pass_on(self, packet, due):
        if self._chance.random() >= self._share:
            return [(packet, due)]
        made = bytearray(packet)
        made[self._chance.randrange(1, len(made))] ^= 1 << self._chance.randrange(8)
        return [(bytes(made), due)]


class Forgery:
    """A byte of what a program sent is another one, and all checksums hold."""

    def __init__(self, chance, share):
        self._chance = chance
        self._share = share

    def pass_on(self, packet, due):
        start = ip_packets.data_start(packet)
        if start >= len(packet) or self._chance.random() >= self._share:
            return [(packet, due)]
        made = bytearray(packet)
        made[self._chance.randrange(start, len(made))] ^= 1 << self._chance.randrange(8)
        return [(ip_packets.with_checksums(made), due)]


class Resets:
    """Before a share of the packets comes one that ends their connection."""

    def __init__(self, chance, share):
        self._chance = chance
        self._share = share

    def pass_on(self, packet, due):
        if self._chance.random() >= self._share:
            return [(packet, due)]
        return [(ip_packets.reset(packet), due), (packet, due)]


class Rate:
    """At most so many bytes a second; what had to wait longer than `queue` seconds is dropped."""

    def __init__(self, bytes_a_second, queue):
        self._rate = bytes_a_second
        self._queue = queue
        self._free = 0  # when the line is

    def pass_on(self, packet, due):
        begin = max(due, self._free)
        if begin - due > self._queue:
            return []
        self._free = begin + len(packet) / self._rate
        return [(packet, self._free)]


class Hole:
    """Loses each packet of more than `mtu` bytes, and tells nobody."""

    def __init__(self, mtu):
        self._mtu = mtu

    def pass_on(self, packet, due):
        return [] if len(packet) > self._mtu else [(packet, due)]


class Fragmentation:
    def __init__(self, mtu):
        self._mtu = mtu

    def pass_on(self, packet, due):
        if len(packet) <= self._mtu:
            return [(packet, due)]
        return [(part, due) for part in ip_packets.fragments(packet, self._mtu)]


class Blackout:
    """Once `begin` bytes came by, nothing passes any more until `end`, or for `seconds`."""

    def __init__(self, begin, seconds=math.inf):
        self._left = begin
        self._seconds = seconds
        self._until = None

    def notice(self, packet, due):
        self._left -= len(packet)
        if self._left < 0 and self._until is None:
            self._until = due + self._seconds

    def pass_on(self, packet, due):
        self.notice(packet, due)
        return [] if self._until is not None and due < self._until else [(packet, due)]

    def end(self):
        """Also of one that has not begun."""
        self._until = 0


class LitWay:
    """The way that a blackout of the other one spares, though the bytes on it count."""

    def __init__(self, blackout):
        self._blackout = blackout

    def pass_on(self, packet, due):
        self._blackout.notice(packet, due)
        return [(packet, due)]


class FirstConnections:
    """Knows the packets of the first `most` connections that came by, in either way."""

    def __init__(self, most):
        self._most = most
        self._known = {}

    def __contains__(self, packet):
        return self._known.setdefault(frozenset(ip_packets.ports(packet)), len(self._known) < self._most)


class Detour:
    """Sends what is for one address to another one, or, on the way back, what is from there as if it were not."""

    def __init__(self, connections, source=None, target=None):
        self._connections = connections
        self._source = source
        self._target = target

    def pass_on(self, packet, due):
        if packet not in self._connections:
            return [(packet, due)]
        return [(ip_packets.readdressed(packet, self._source, self._target), due)]
