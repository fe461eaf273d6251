#!/usr/bin/python3
"""Runs one plugin for long under work and abuse, and shows that it holds no more at the end than at the beginning; the last line
is N passed, N failed.

Called by tools/soak. Each round orders a release to all devices; most go through with it, the others do what devices, networks
and strangers do: vanish, are cut off, talk nonsense. Between rounds, when nothing is under way, it is looked at what the plugin
holds: memory, descriptors, threads, files, and the database's bytes for each session that it has kept.
"""

import argparse
import contextlib
import dataclasses
import os
import pathlib
import random
import re
import socket
import sqlite3
import statistics
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tests/bench")]
sys.dont_write_bytecode = True

DEVICES = 20
ROUND_TIME = 60  # s, at most, until all that a round began has ended
STRANGERS = (f"127.2.{a}.{b}" for a in range(256) for b in range(1, 255))


@dataclasses.dataclass
class Sample:
    sessions: int
    memory_kib: int
    descriptors: int
    threads: int
    files: int  # below the state folder
    database: int  # bytes, without the write-ahead log

    @classmethod
    def of(cls, plugin):
        import memory
        process = pathlib.Path(f"/proc/{plugin.pid}")
        state = plugin.folder / "state"
        with contextlib.closing(sqlite3.connect(f"file:{state}/two-path.db?mode=ro", uri=True)) as database:
            sessions = database.execute("SELECT count(*) FROM sessions").fetchone()[0]
        return cls(sessions, memory.private(plugin.pid), len(list(process.joinpath("fd").iterdir())),
                   len(list(process.joinpath("task").iterdir())), sum(path.is_file() for path in state.rglob("*")),
                   state.joinpath("two-path.db").stat().st_size)


@contextlib.contextmanager
def fetching(plugin, line, device, source):
    """The control and the data connection of a session that has just been opened."""
    from ftp_device import FtpDevice
    import standing_plugin
    device.open(line, standing_plugin.RELEASE, plugin.payload.sha256)
    device.store(line)
    with FtpDevice(plugin, source) as connection:
        connection.log_in(device)
        with connection.fetch(plugin.payload.sha256) as data:
            yield connection, data


def through(plugin, line, device, source):
    """A whole update."""
    with fetching(plugin, line, device, source) as (connection, data):
        got = sum(map(len, iter(lambda: data.recv(1 << 16), b"")))
        if got != plugin.size:
            raise RuntimeError(f"{got} bytes of {plugin.size} came")
        connection.expect(226)
        connection.ask(221, "QUIT")
    device.step(line, "PUT", "transfer", bytes=plugin.size, digest="sha256", path="ftp")
    device.step(line, "DELETE", "certification")
    device.step(line, "PUT", "progress", state="installed")
    asked = device.step(line, "POST", "start", boot_id="after")
    device.step(line, "PUT", "version", version="2", nonce=asked["nonce"], boot_id="after")
    device.step(line, "PUT", "progress", state="committed")


def cut_off(plugin, line, device, source):
    """The line breaks in the middle of the file, and the device says so."""
    with fetching(plugin, line, device, source) as (_, data):
        data.recv(1)
    device.step(line, "PUT", "failure", reason="truncated", detail="cut off", stage="Download")


def vanish(plugin, line, device, _):
    """Its session stays behind, until it opens another one."""
    import standing_plugin
    device.open(line, standing_plugin.RELEASE, plugin.payload.sha256)


def stranger(plugin, _line, _device, _source):
    """Nonsense and wrong proofs on the second path, half a handshake on the first; each time from elsewhere."""
    from ftp_device import FtpDevice
    source = next(STRANGERS)
    with FtpDevice(plugin, source) as connection:
        connection.ask(331, "USER nobody.at-all")
        connection.ask(530, "PASS nothing")
    with socket.create_connection((plugin.address, plugin.ftp_port), source_address=(source, 0)) as connection:
        connection.sendall(os.urandom(2000))
    with socket.create_connection((plugin.address, plugin.https_port), source_address=(source, 0)) as connection:
        connection.sendall(b"\x16\x03\x01")


WAYS = [through] * 12 + [cut_off, cut_off, vanish, stranger]


class Soak:
    def __init__(self, plugin, devices, seed):
        import standing_plugin
        self._plugin = plugin
        self._devices = devices
        self._chance = random.Random(seed)
        self._address_of = standing_plugin.address_of
        self._release = standing_plugin.RELEASE
        for deployment in plugin.json("deployments"):  # by which the devices were told
            plugin.command("deployments", "abort", deployment["id"])

    def round(self):
        """One order to all, carried out or not."""
        from https_device import Line
        deployment = self._plugin.json("deploy", self._release, "--all", "--force")["id"]
        with Line(self._plugin) as line:
            for number, device in enumerate(self._devices):
                device.poll(line)
                self._chance.choice(WAYS)(self._plugin, line, device, self._address_of(number))
                device.ask(line, "PUT", f"/api/devices/v1/deployments/device/deployments/{deployment}/status",
                           status="success")
        self._await_quiet()

    def _await_quiet(self):
        """Until the plugin has noticed that everybody has left but who asks."""
        end = time.monotonic() + ROUND_TIME
        while (open_now := connections(self._plugin)) != 1:
            if time.monotonic() > end:
                raise RuntimeError(f"{open_now} connections remain")


def connections(plugin):
    """Of both paths, as the plugin counts them."""
    _, _, body = plugin.request("GET", "/api/management/v1/two-path/metrics")
    return sum(int(number) for number in re.findall(r"(?m)^two_path_(?:https|ftp)_connections (\d+)$", body.decode()))


def growth(samples, field):
    """From the second quarter to the last one, in medians: what was there before is warming up."""
    quarter = max(1, len(samples) // 4)
    early, late = samples[quarter:2 * quarter] or samples[:1], samples[-quarter:]
    return statistics.median(getattr(s, field) for s in late) - statistics.median(getattr(s, field) for s in early)


def judge(samples):
    """(what, whether it holds, in words)"""
    first, last = samples[0], samples[-1]
    per_session = (last.database - first.database) / max(1, last.sessions - first.sessions)
    yield "memory", growth(samples, "memory_kib") <= 1024, f"{growth(samples, 'memory_kib'):+.0f} KiB of {last.memory_kib}"
    for field in ("descriptors", "threads", "files"):
        yield field, growth(samples, field) <= 0, f"{growth(samples, field):+.0f} of {getattr(last, field)}"
    yield "database", per_session <= 8192, f"{per_session:.0f} bytes for each session kept"


def main():
    parser = argparse.ArgumentParser(prog="tools/soak", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--build-dir", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args()
    os.environ["TWO_PATH_BUILD"] = str(options.build_dir)
    from standing_plugin import StandingPlugin
    print(f"seed {options.seed}, {options.minutes:g} min", flush=True)
    samples = []
    with tempfile.TemporaryDirectory(prefix="two-path-soak-", dir="/var/tmp") as folder, \
            StandingPlugin(pathlib.Path(folder) / "plugin", 4) as plugin:
        soak = Soak(plugin, plugin.devices(DEVICES), options.seed)
        end = time.monotonic() + options.minutes * 60
        while time.monotonic() < end:
            soak.round()
            samples.append(Sample.of(plugin))
            if len(samples) % 10 == 1:
                print(samples[-1], flush=True)
    results = list(judge(samples))
    for what, holds, words in results:
        print(f"{'passed' if holds else 'FAILED'} {what}: {words}")
    print(f"{len(samples)} rounds, {samples[-1].sessions} sessions")
    passed = sum(holds for _, holds, _ in results)
    print(f"{passed} passed, {len(results) - passed} failed")
    return 0 if passed == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
