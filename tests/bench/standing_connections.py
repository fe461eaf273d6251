"""What logged-in connections and running sessions cost the plugin: memory, CPU, and a fair share for each."""

import contextlib
import selectors
import sqlite3
import statistics
import time

import cpu
import memory
from ftp_device import FtpDevice
from standing_plugin import StandingPlugin, address_of

TRANSFERS = 100
TIME_LIMIT = 120  # seconds, of what all transfers together may take


def connect(plugin, stack, number, device):
    """A connection that ends with `stack`, logged in."""
    connection = stack.enter_context(FtpDevice(plugin, address_of(number)))
    connection.log_in(device)
    return connection


def idle_and_held(folder, connections, steps):
    """Connections that log in and stay, in `steps` equal parts; then TRANSFERS of them fetch at the same time,
    as many times."""
    figures = {"idle_connection_pss_kib": []}
    with StandingPlugin(folder, 64) as plugin, contextlib.ExitStack() as stack:
        devices = plugin.devices(connections)
        plugin.open_sessions(devices)
        held = []
        for _ in range(steps):
            before = memory.pss(plugin.pid)
            part = len(devices) // steps
            held += [connect(plugin, stack, number, devices[number]) for number in range(len(held), len(held) + part)]
            figures["idle_connection_pss_kib"].append((memory.pss(plugin.pid) - before) / part)
        some = held[::len(held) // TRANSFERS][:TRANSFERS]
        figures["transfers_fairness"] = [fairness(plugin, stack, some) for _ in range(steps)]
        for connection in held:
            connection.ask(200, "NOOP")
        figures["connections_held"] = [len(held)]
    return figures


def fairness(plugin, stack, connections):
    """The slowest rate over the median one, from when all have begun until the first is done."""
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            data = stack.enter_context(connection.fetch(plugin.payload.sha256))
            data.setblocking(False)
            selector.register(data, selectors.EVENT_READ, connection)
        taken = take_until_the_first_ends(selector, dict.fromkeys(connections, 0))
        rates = sorted(taken.values())
        take_all(selector)
    for connection in connections:
        connection.expect(226)
    return rates[0] / statistics.median(rates)


def take_until_the_first_ends(selector, taken):
    buffer = bytearray(256 * 1024)
    end = time.monotonic() + TIME_LIMIT
    while time.monotonic() < end:
        for key, _ in selector.select(TIME_LIMIT):
            count = key.fileobj.recv_into(buffer)
            if count == 0:
                selector.unregister(key.fileobj)
                return taken
            taken[key.data] += count
    raise RuntimeError("the transfers took too long")


def take_all(selector):
    while selector.get_map():
        take_until_the_first_ends(selector, {key.data: 0 for key in selector.get_map().values()})


def logins(folder, samples, count):
    """CPU of a login with both proofs and its end, of sessions that have logged in before, one after the other."""
    with StandingPlugin(folder, 1) as plugin:
        devices = plugin.devices(count)
        plugin.open_sessions(devices)
        log_all_in(plugin, devices)  # each session's first login is a step, and committed
        with sqlite3.connect(f"file:{folder}/state/two-path.db?mode=ro", uri=True) as state:
            before = commits(state)
            values = []
            for _ in range(samples):
                began = cpu.of_running(plugin.pid)
                log_all_in(plugin, devices)
                values.append((cpu.of_running(plugin.pid) - began) * 1000 / count)
            if commits(state) != before:
                raise RuntimeError("the plugin committed something for a login")
    return {"login_cpu_ms": values}


def log_all_in(plugin, devices):
    for number, device in enumerate(devices):
        with FtpDevice(plugin, address_of(number)) as connection:
            connection.log_in(device)
            connection.ask(221, "QUIT")


def commits(state):
    """Changes whenever somebody else has committed."""
    return state.execute("PRAGMA data_version").fetchone()[0]


def running_sessions(folder, count):
    """The plugin's memory while that many sessions transfer: each has begun to fetch, and reads no further."""
    with StandingPlugin(folder, 64) as plugin, contextlib.ExitStack() as stack:
        devices = plugin.devices(count)
        plugin.open_sessions(devices)
        for number, device in enumerate(devices):
            connection = connect(plugin, stack, number, device)
            stack.enter_context(connection.fetch(plugin.payload.sha256))
        running = sum(session["state"] == "transferring" for session in plugin.sessions(limit=count))
        if running != count:
            raise RuntimeError(f"{running} sessions of {count} run")
        return {f"sessions_{count}_pss_mib": [memory.pss(plugin.pid) / 1024]}
