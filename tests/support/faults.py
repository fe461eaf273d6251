"""What somebody on the second path does to the data connections, each at an exact byte of the file.

A fault says by itself what it costs: `twice`, bytes that the receiver takes again; `links`, data connections in all, at
most; `dropped`, those of them that the receiver ends while bytes are under way to it, at most.
"""

import threading

from fault_relay import AT_MOST


class Fault:
    """Nothing happens. `at`: the byte of the file, up to its end, where it does; of a file of `size` in `block`s."""

    patient = True  # the receiver has not to find out by silence
    always = False  # it happens to each connection that comes by there
    exact = True  # `twice` is what it costs, not the most that it may

    def __init__(self, at, size, block):
        self.at = at
        self.size = size
        self.block = block
        self.relay = None  # set by it
        self.twice = 0
        self.links = 1
        self.dropped = 0

    @property
    def at_end(self):
        return self.at == self.size

    @property
    def block_start(self):
        """Of the block that holds `at`; nothing before it is ever needed again."""
        return min(self.at, self.size - 1) // self.block * self.block

    @property
    def under_way(self):
        """Bytes of an unfinished block, which are lost with their connection."""
        return 0 if self.at_end else self.at - self.block_start

    @property
    def block_length(self):
        return min(self.block, self.size - self.block_start)

    def play(self, link):
        """In the connection's own thread; it is closed after that."""
        if link.number == 0 or self.always and link.start <= self.at:
            self.strike(link)
        else:
            link.pass_rest()

    def strike(self, link):
        link.pass_rest()

    def end(self):
        """The run is over: nobody waits any more."""

    def check(self, test):
        """What else must hold, after a run that went its way."""


class Cut(Fault):
    name = "cut"

    def __init__(self, *where):
        super().__init__(*where)
        self.twice = self.under_way
        self.links = 1 if self.at_end else 2

    def strike(self, link):
        link.pass_until(self.at)


class CutAlways(Cut):
    name = "cut-always"
    patient = False
    always = True


class Stall(Cut):
    name = "stall"
    patient = False

    def strike(self, link):
        link.pass_until(self.at)
        link.await_given_up()


class Corrupt(Fault):
    """A flipped byte; behind the file's end, one byte too many."""

    name = "corrupt"

    def __init__(self, *where):
        super().__init__(*where)
        self.twice = self.block_length + (1 if self.at_end else 0)
        # With the bad block, with that block alone, and with the rest.
        self.links = 2 if self.block_start + self.block_length == self.size else 3
        self.dropped = self.links - 1

    def strike(self, link):
        link.pass_until(self.at)
        byte = link.take(1) or b"\0"
        link.give(bytes([byte[0] ^ 1]))
        link.pass_rest()


class CorruptAlways(Corrupt):
    name = "corrupt-always"
    always = True


class Late(Cut):
    """Holds what the first connection brings until there is a second, and gives it then: it comes late."""

    name = "late"
    patient = False

    def __init__(self, *where):
        super().__init__(*where)
        self.dropped = self.links - 1
        self.held = b""
        self.all_held = threading.Event()
        self._second = threading.Event()

    def play(self, link):
        if link.number == 1:
            self._second.set()
            self.all_held.wait(AT_MOST)
            self.second(link)
        else:
            super().play(link)

    def strike(self, link):
        link.pass_until(self.at)
        self.held = link.take_rest()
        self.all_held.set()
        self._second.wait(AT_MOST)
        self.release(link)

    def second(self, link):
        link.pass_rest()

    def release(self, link):
        link.give(self.held)

    def end(self):
        self._second.set()


class Swapped(Late):
    """As late, but what was held comes on the second connection, and what that one brings on the first."""

    name = "swapped"
    exact = False  # what comes instead may end at once

    def __init__(self, *where):
        super().__init__(*where)
        if not self.at_end:
            self.twice = self.under_way + self.block_length
            self.links = 4  # held, swapped, the block alone, the rest
            self.dropped = 3
        self._instead = b""
        self._swapped = threading.Event()

    def second(self, link):
        self._instead = link.take_rest()
        self._swapped.set()
        link.give(self.held)

    def release(self, link):
        self._swapped.wait(AT_MOST)
        link.give(self._instead)

    def end(self):
        super().end()
        self._swapped.set()


class Replay(Fault):
    """Cuts the first connection, and gives its bytes again in place of those that the second one was asked for."""

    name = "replay"

    def __init__(self, *where):
        super().__init__(*where)
        if not self.at_end:
            self.twice = self.under_way + min(self.at, self.block_length)
            self.links = 4 if self.at else 3
            self.dropped = 2
        self._heard = b""

    def play(self, link):
        if link.number == 1:
            link.give(self._heard[:self.size - link.start])
        else:
            super().play(link)

    def strike(self, link):
        self._heard = link.pass_until(self.at)


class ReplayedLogin(Fault):
    """While the transfer is under way, somebody logs in as the receiver's peer was heard to."""

    name = "replayed-login"

    def __init__(self, *where):
        super().__init__(*where)
        self._codes = None

    def strike(self, link):
        link.pass_until(self.at)
        self._codes = self.relay.log_in_again()
        link.pass_rest()

    def check(self, test):
        test.assertEqual(self._codes, [220, 331, 530])


ALL = [Cut, CutAlways, Stall, Corrupt, CorruptAlways, Late, Swapped, Replay, ReplayedLogin]
