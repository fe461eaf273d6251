"""What moving one payload costs: both paths, and what people use today, in turns, on each emulated processor."""

import sys

import profiles
from contestants.floor import Floor
from contestants.ftp_servers import servers
from contestants.https import Https
from contestants.nginx import CIPHERS
from contestants.programs import Programs
from contestants.two_path import TwoPath
from payload import Payload

FLOOR = "floor"
ENDS = ("sender", "receiver")


def figures(folder, mib, runs, chosen):
    """({key: [values]}, {what: text} to be told with them)"""
    programs = Programs(folder / "programs")
    payload = Payload(folder / "payload", mib)
    found, told = {}, {"libcurl": programs.libcurl}
    for profile in chosen:
        print(f"transfers, {profile} ", end="", file=sys.stderr, flush=True)
        with profiles.applied(profile):
            taken, told[f"digest, {profile}"] = _take_turns(folder / profile, programs, payload, runs)
            found |= _speeds(profile)
        found |= _costs(profile, taken, payload.gib) | _ratios(profile, taken)
        print(file=sys.stderr)
    return found, told


def _take_turns(folder, programs, payload, runs):
    """({contestant: [(sender's, receiver's seconds)]}, the device's digest): what else the machine does meanwhile
    hits all of them."""
    folder.mkdir()
    with Contestants(folder, programs, payload) as contestants:
        contestants.turn()  # warms up, and is not counted
        turns = [contestants.turn() for _ in range(runs)]
        return {name: [turn[name] for turn in turns] for name in turns[0]}, contestants.digest


class Contestants:
    def __init__(self, folder, programs, payload):
        self._folder, self._programs, self._payload = folder, programs, payload
        self._running = {}

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for one in self._running.values():
            one.stop()

    def _start(self):
        what = self._programs, self._payload
        for cipher in CIPHERS:
            self._running[f"https.{cipher}"] = Https(self._folder / f"https-{cipher}", *what, cipher)
        for mode in ("pull", "push"):
            self._running[f"two_path.{mode}"] = TwoPath(self._folder / f"two-path-{mode}", self._payload, mode)
        self._ftp = {name: server(self._folder / name, *what) for name, server in servers().items()}
        self._floor = Floor(self._folder / FLOOR, *what)

    @property
    def digest(self):
        return self._running["two_path.pull"].digest

    def turn(self):
        """{contestant: (sender's, receiver's seconds)}"""
        taken = {name: one.run() for name, one in {**self._running, **self._ftp}.items()}
        taken[FLOOR] = self._floor.run(self.digest)
        print(".", end="", file=sys.stderr, flush=True)
        return taken


def _speeds(profile):
    return {f"openssl_mb_per_s.{profile}.{name}": [rate] for name, rate in profiles.openssl_speed().items()}


def _costs(profile, taken, gib):
    return {f"cpu_seconds_per_gib.{profile}.{name}.{end}": [turn[which] / gib for turn in turns]
            for name, turns in taken.items() for which, end in enumerate(ENDS)}


def _ratios(profile, taken):
    """Each within its turn."""
    def side(name, end):
        return [turn[ENDS.index(end)] for turn in taken[name]]

    def both(name):
        return [sum(turn) for turn in taken[name]]

    found = {f"receiver_ratio.{profile}.{cipher}": _divide(side(f"https.{cipher}", "receiver"),
                                                          side("two_path.pull", "receiver")) for cipher in CIPHERS}
    found[f"both_ratio.{profile}"] = _divide(both("https.aes256gcm"), both("two_path.pull"))
    if profile == "full":
        found["sender_over_floor"] = _divide(side("two_path.pull", "sender"), side(FLOOR, "sender"))
        found["receiver_over_floor"] = _divide(side("two_path.pull", "receiver"), side(FLOOR, "receiver"))
        found["push_receiver_over_floor"] = _divide(side("two_path.push", "receiver"), side(FLOOR, "receiver"))
    return found


def _divide(over, under):
    return [a / b for a, b in zip(over, under)]
