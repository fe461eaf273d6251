"""A plugin with one release, and devices that have opened sessions for it."""

import ipaddress

from https_device import DEVICE_TYPE, HttpsDevice, Line
from payload import Payload
from plugin import Plugin

RELEASE = "release"
# Devices of one address, well within the limits of connections and of newcomers.
PER_ADDRESS = 50
FIRST_ADDRESS = ipaddress.IPv4Address("127.1.0.1")


def address_of(number):
    return str(FIRST_ADDRESS + number // PER_ADDRESS)


# Beside the defaults: room for the connections, time enough for all first logins, and the usual look at deployments.
SETTINGS = {"limits.ftp_connections": 12_000, "session.first_login_seconds": 3600, "session.abort_poll_seconds": 15}


class StandingPlugin(Plugin):
    """Publishes a payload of `mib` MiB."""

    def __init__(self, folder, mib):
        super().__init__(folder, settings=SETTINGS)
        self._mib = mib
        self.size = mib << 20
        self.payload = None

    def __enter__(self):
        self.start()
        try:
            self.log_in()
            self.payload = Payload(self.folder / "payload", self._mib)
            artifact = self.folder / "release.mender"
            self.command("publish", self.payload.path, "--name", RELEASE, "--version", "2", "--device-type",
                         DEVICE_TYPE, "--installer", "drain", "--version-file", "/VERSION", "--output", artifact)
            self.command("publish", "--upload", artifact)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def devices(self, count):
        """Devices to which the release is deployed, and which have been told."""
        devices = []
        for first in range(0, count, PER_ADDRESS):
            with Line(self, address_of(first)) as line:
                devices += [HttpsDevice(line, number) for number in range(first, min(first + PER_ADDRESS, count))]
        self.command("deploy", RELEASE, "--all")
        for line, group in self._lines(devices):
            for device in group:
                device.poll(line)
        return devices

    def open_sessions(self, devices):
        """Certified, so that the second path is open to all of them."""
        for line, group in self._lines(devices):
            for device in group:
                device.open(line, RELEASE, self.payload.sha256)
                device.store(line)

    def _lines(self, devices):
        """Connections of the devices' addresses, each with its devices; a connection ends when the next is asked for."""
        for first in range(0, len(devices), PER_ADDRESS):
            with Line(self, address_of(first)) as line:
                yield line, devices[first:first + PER_ADDRESS]
