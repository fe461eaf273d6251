"""The conditions of a hostile network, by name: what each does to a path, and how an update may end under it.

Shares are of packets, and hold in either way. A condition is asked for its troubles with a `Scene`.
"""

import dataclasses
import math
import random
import socket
from typing import NamedTuple

import push_case
from hostile_peers import Impostor, Stranger
from impairments import (Blackout, Bursts, Corruption, Delay, Detour, Duplication, FirstConnections, Forgery,
                         Fragmentation, Hole, LitWay, Loss, Rate, Reordering, Resets)
from relay import Relay
from tun_relay import DOWN, FIRST, SECOND, UP, WAYS, Trouble

FEWEST = {FIRST: 20_000, SECOND: 1_000_000}  # bytes that cross a path before an update is over
EACH_PATH = (frozenset({FIRST}), frozenset({SECOND}), frozenset({FIRST, SECOND}))


@dataclasses.dataclass
class Scene:
    """Where a condition happens.

    case           a HostileNetwork
    stack          a contextlib.ExitStack for what must be closed afterwards
    after_attempt  what is called when an attempt has ended
    checks         what is called when the update has ended, and fails when something is wrong
    """

    case: object
    stack: object
    mode: str
    paths: frozenset
    seed: int
    after_attempt: list = dataclasses.field(default_factory=list)
    checks: list = dataclasses.field(default_factory=list)

    def chance(self, *what):
        """For each thing that is left to chance one of its own."""
        return random.Random(f"{self.seed} {self.mode} {sorted(self.paths)} {what}")

    def somewhere(self):
        """How many bytes cross these paths until an update is under way, and not over."""
        fewest = max(FEWEST[path] for path in self.paths)
        return self.chance("somewhere").randrange(fewest // 4, fewest * 3 // 4)


@dataclasses.dataclass
class Condition:
    """`troubles(scene)` makes what it imposes.

    ends           what the update may come to, `committed` or a reason
    before_blocks  what else, where only the first path is hit: perhaps before there is a block to go on from
    paths          where the condition is tried
    """

    troubles: object
    ends: tuple = ("committed",)
    before_blocks: tuple = ()
    paths: tuple = EACH_PATH

    def allows(self, ended, paths):
        return ended in self.ends or paths == {FIRST} and ended in self.before_blocks


def each_way(*makers):
    """In either way what each maker makes of a chance."""
    def troubles(scene):
        return [Trouble(scene.paths, **{way: [maker(scene.chance(way, number)) for number, maker in enumerate(makers)]
                                        for way in WAYS})]
    return troubles


def outage(seconds):
    def troubles(scene):
        blackout = Blackout(scene.somewhere(), seconds)
        return [Trouble(scene.paths, [blackout], [blackout])]
    return troubles


def blackout(*ways):
    """Longer than any time-out: until the attempt that it hits has ended."""
    def troubles(scene):
        dark = Blackout(scene.somewhere())
        scene.after_attempt.append(dark.end)
        return [Trouble(scene.paths, **{way: [dark if way in ways else LitWay(dark)] for way in WAYS})]
    return troubles


def probing(troubles):
    """The same where both kernels find out how large a packet may be (RFC 4821), which takes more than six seconds."""
    def with_probing(scene):
        case = scene.case
        for side in (case.network.server, case.network.device):
            switch = "/proc/sys/net/ipv4/tcp_mtu_probing"
            side.run(["sh", "-c", f"echo 1 > {switch}"], check=True)
            scene.stack.callback(side.run, ["sh", "-c", f"echo 0 > {switch}"], check=True)
        case.device.configure(stall_timeout=10)
        scene.stack.callback(case.device.configure, stall_timeout=case.stall_timeout)
        return troubles(scene)
    return with_probing


# Peers: what is for one end of a path goes to somebody beside it.


class Listener(NamedTuple):
    """The end of a path that listens. `beside`: another address of its side. `ways`: to it, from it."""

    side: object
    port: int
    address: str
    beside: str
    ways: tuple


def first_listener(scene):
    plugin = scene.case.plugin
    return Listener(scene.case.network.server, plugin.https_port, plugin.address, push_case.STRANGER, (UP, DOWN))


def second_listener(scene):
    device = scene.case.network.device
    if scene.mode == "push":
        return Listener(device, push_case.PORTS[0], device.address, push_case.RELAY, (DOWN, UP))
    return first_listener(scene)._replace(port=scene.case.plugin.ftp_port)


def detour(path, listener, most=math.inf):
    """Of the first `most` connections."""
    there, back = listener.ways
    connections = FirstConnections(most)
    return Trouble({path}, **{there: [Detour(connections, target=socket.inet_aton(listener.beside))],
                              back: [Detour(connections, source=socket.inet_aton(listener.address))]})


def stranger(most):
    """The first `most` connections of the first path are to a stranger."""
    def troubles(scene):
        case, end = scene.case, first_listener(scene)
        peer = scene.stack.enter_context(Stranger(end.side.listen(end.beside, end.port), end.address, case.folder))
        scene.checks.append(lambda: case.assertTrue(peer.visits))
        scene.checks.append(lambda: case.assertEqual(peer.heard, b""))
        return [detour(FIRST, end, most)]
    return troubles


def impostor(scene):
    case, end = scene.case, second_listener(scene)
    peer = scene.stack.enter_context(Impostor(end.side.listen(end.beside, end.port), scene.mode))
    scene.checks.append(lambda: case.assertTrue(peer.heard))
    scene.checks.append(lambda: case.assertLessEqual({line[:4] for line in peer.heard}, {b"USER", b"PASS", b"QUIT"}))
    return [detour(SECOND, end)]


def liar(scene):
    """Has the true ends let each other in, and changes what crosses then."""
    end = second_listener(scene)

    def lie(_connection, _offset, part):
        return part[:-1] + bytes([part[-1] ^ 1])

    scene.stack.enter_context(Relay(end.address, end.port, end.beside, change=lie, side=end.side,
                                    data="up" if scene.mode == "push" else "down"))
    return [detour(SECOND, end)]


CUT_OFF = ("plugin_unreachable", "time_limit", "second_path_unreachable", "truncated")
FORGED = ("tampered", "certification_mismatch", "certification_refused", "payload_refused")

CONDITIONS = {
    "clear": Condition(each_way()),
    "loss 1 %": Condition(each_way(lambda chance: Loss(chance, 0.01))),
    "loss 10 %": Condition(each_way(lambda chance: Loss(chance, 0.1))),
    "loss in bursts": Condition(each_way(lambda chance: Bursts(chance, 0.01, 0.3))),
    "delay 300 ms": Condition(each_way(lambda chance: Delay(chance, 0.3))),
    "jitter 100 ms": Condition(each_way(lambda chance: Delay(chance, 0.01, 0.1))),
    "reordering 20 %": Condition(each_way(lambda chance: Reordering(chance, 0.2, 0.03))),
    "duplication 20 %": Condition(each_way(lambda chance: Duplication(chance, 0.2))),
    "corruption 5 %": Condition(each_way(lambda chance: Corruption(chance, 0.05))),
    "all of these": Condition(each_way(
        lambda chance: Delay(chance, 0.02, 0.03), lambda chance: Reordering(chance, 0.05, 0.02),
        lambda chance: Loss(chance, 0.01), lambda chance: Duplication(chance, 0.05),
        lambda chance: Corruption(chance, 0.01))),
    "rate 1 Mbit/s": Condition(each_way(lambda _: Rate(125_000, 0.5))),
    "rate 256 kbit/s": Condition(each_way(lambda _: Rate(32_000, 0.5))),
    "outage 4 s": Condition(outage(4)),
    "blackout": Condition(blackout(UP, DOWN), before_blocks=CUT_OFF),
    "blackout to the server": Condition(blackout(UP), before_blocks=CUT_OFF),
    "blackout to the device": Condition(blackout(DOWN), before_blocks=CUT_OFF),
    "MTU hole 1200": Condition(each_way(lambda _: Hole(1200)), ("committed", *CUT_OFF)),
    "MTU hole 1200, probing": Condition(probing(each_way(lambda _: Hole(1200)))),
    "fragments of 576": Condition(each_way(lambda _: Fragmentation(576))),
    "resets 0.5 %": Condition(each_way(lambda chance: Resets(chance, 0.005))),
    "resets 10 %": Condition(each_way(lambda chance: Resets(chance, 0.1)),
                              ("committed", *CUT_OFF, "certification_refused")),
    "forgery 0.2 %": Condition(each_way(lambda chance: Forgery(chance, 0.002)), ("committed", *FORGED)),
    "forgery 10 %": Condition(each_way(lambda chance: Forgery(chance, 0.1)), ("committed", *CUT_OFF, *FORGED)),
    "a stranger at first": Condition(stranger(2), paths=({FIRST},)),
    "a stranger": Condition(stranger(math.inf), CUT_OFF, paths=({FIRST},)),
    "an impostor": Condition(impostor, (*CUT_OFF, *FORGED), paths=({SECOND},)),
    "a liar": Condition(liar, FORGED, paths=({SECOND},)),
}
