"""A network whose cable is this process: each IP packet between server and device passes by here.

    class Case(PushCase):
        network_kind = TunNetwork
    ...
    with network.relay.imposed(Trouble({FIRST, SECOND}, up=[Loss(chance, 0.05)], down=[])):
"""

import contextlib
import dataclasses
import heapq
import itertools
import os
import select
import threading
import time

import ip_packets
from network import Network

FIRST, SECOND = "first", "second"  # path
WAYS = UP, DOWN = "up", "down"  # from the device, to the device


@dataclasses.dataclass
class Trouble:
    """What happens to the packets of `paths`: those of each way pass its impairments, one after the other.

    An impairment gives for a packet that is due at a time any number of (packet, due): impairments.py.
    """

    paths: set
    up: list = dataclasses.field(default_factory=list)
    down: list = dataclasses.field(default_factory=list)

    def pass_on(self, way, packet, due):
        under_way = [(packet, due)]
        for impairment in self.up if way == UP else self.down:
            under_way = [made for one in under_way for made in impairment.pass_on(*one)]
        return under_way


class TunRelay:
    """Passes packets on between two TUN interfaces, in a thread of its own.

    first_path_port   of the server; TCP to and from any other port is the second path
    crossed           bytes of IP packets that were sent, by path
    """

    def __init__(self, server, device):
        self.first_path_port = None
        self.crossed = dict.fromkeys((FIRST, SECOND), 0)
        self._way_of = {server: DOWN, device: UP}
        self._other = {server: device, device: server}
        self._troubles = []
        self._due = []  # heap of (when, which, where to, packet)
        self._number = itertools.count()
        self._stop, self._stopped = os.pipe()
        for end in self._other:
            os.set_blocking(end, False)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self):
        os.close(self._stopped)
        self._thread.join()
        for end in (*self._other, self._stop):
            os.close(end)

    @contextlib.contextmanager
    def imposed(self, *troubles):
        """From now on; afterwards all packets pass again."""
        self._troubles = troubles
        try:
            yield
        finally:
            self._troubles = []

    def _run(self):
        while True:
            wait = max(0, self._due[0][0] - time.monotonic()) if self._due else None
            readable, _, _ = select.select([*self._other, self._stop], [], [], wait)
            if self._stop in readable:
                return
            for end in readable:
                self._take(end)
            self._give()

    def _take(self, end):
        try:
            packet = os.read(end, 65536)
        except BlockingIOError:
            return
        due = time.monotonic()
        for made, when in self._pass(self._way_of[end], packet, due):
            heapq.heappush(self._due, (when, next(self._number), self._other[end], made))

    def _pass(self, way, packet, due):
        ports = ip_packets.ports(packet)
        if ports is None:
            return [(packet, due)]
        path = FIRST if self.first_path_port in ports else SECOND
        self.crossed[path] += len(packet)
        under_way = [(packet, due)]
        for trouble in self._troubles:
            if path in trouble.paths:
                under_way = [made for one in under_way for made in trouble.pass_on(way, *one)]
        return under_way

    def _give(self):
        while self._due and self._due[0][0] <= time.monotonic():
            _, _, end, packet = heapq.heappop(self._due)
            os.write(end, packet)


class TunNetwork(Network):
    def __init__(self):
        super().__init__()
        self.relay = TunRelay(*self._ends)

    def lay_cable(self):
        self._ends = [side.tun("cable") for side in (self.server, self.device)]

    def close(self):
        self.relay.close()
        super().close()
