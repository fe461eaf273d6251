"""What the update module holds in memory while it receives."""

import contextlib
import os
import pathlib
import select

import memory
from contestants.two_path import DRAIN
from module_calls import Device, Update
from network import Network
from payload import Payload
from plugin import MODULE, Plugin

BETWEEN_SAMPLES = 0.01  # seconds


def processes_of(group):
    """The module's own processes; what it starts of others is not counted."""
    found = []
    for process in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(ValueError, OSError):
            if os.getpgid(int(process.name)) == group and (process / "exe").resolve() == MODULE:
                found.append(int(process.name))
    return found


def private_of(group):
    with contextlib.suppress(OSError):  # one of them has just ended
        return sum(memory.private(process) for process in processes_of(group))
    return 0


def in_the_middle(file, size):
    """Whether a part of the payload is stored: then the module starts no other program."""
    return file.exists() and 0 < file.stat().st_size < size


def largest_while_receiving(process, file, size):
    """In KiB; looked at again and again while the process runs, which tells nobody how much it holds."""
    largest = 0
    ended = os.pidfd_open(process.pid)
    try:
        while not select.select([ended], [], [], BETWEEN_SAMPLES)[0]:
            if in_the_middle(file, size):
                largest = max(largest, private_of(process.pid))
    finally:
        os.close(ended)
    if largest == 0:
        raise RuntimeError("the transfer was over before it could be looked at")
    return largest


class Receiver:
    """A plugin, and a device that gets the same payload again and again."""

    def __init__(self, folder, mib, push):
        self._stack = contextlib.ExitStack()
        with contextlib.ExitStack() as stack:
            network = stack.enter_context(Network()) if push else None  # a push never goes to loopback
            self._plugin = Plugin(folder / "plugin", address=network.server.address if push else "127.0.0.1",
                                  settings={"ftp.push": "true"} if push else {}, side=network.server if push else None)
            stack.callback(self._plugin.stop)
            self._plugin.start()
            self._plugin.log_in()
            self._device = Device(folder / "device", self._plugin, side=network.device if push else None,
                                  configuration={"mode": "push", "push_address": "cable"} if push else {})
            self._device.add_module("drain", DRAIN)
            self._device.authenticate()
            self._artifact = folder / "release.mender"
            payload = Payload(folder / "payload", mib)
            self._stored, self._size = self._device.state / "store" / payload.sha256, mib << 20
            self._plugin.command("publish", payload.path, "--name", "release", "--version", "1", "--device-type",
                                 self._device.device_type, "--installer", "drain", "--no-version-check",
                                 "--output", self._artifact)
            self._plugin.command("publish", "--upload", self._artifact)
            self._stack = stack.pop_all()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()

    def receive(self):
        """One Download; gives the most memory that was seen, in MiB."""
        self._plugin.command("deploy", "release", "--device", self._device.id)
        deployment = self._device.next_deployment()
        self._device.report(deployment, "downloading")
        with Update(self._device, self._artifact) as update:
            process = update.start("Download")
            largest = largest_while_receiving(process, self._stored, self._size)
            update.finish(process, "Download", check=0)
            update.call("Cleanup", check=0)
        self._device.report(deployment, "failure")
        for kept in (self._device.state / "store").iterdir():
            kept.unlink()  # or nothing would be left to fetch
        return largest / 1024


def receiving(folder, mib, samples, push):
    folder.mkdir()
    key = "push_module_private_mib" if push else "module_private_mib"
    with Receiver(folder, mib, push) as receiver:
        return {key: [receiver.receive() for _ in range(samples)]}
