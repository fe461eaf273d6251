"""The plugin and the update module: a whole Download over both paths."""

import shutil

import cpu
from module_calls import Device, Update
from network import Network
from plugin import Plugin

# An installer that takes the payload as it streams, and keeps nothing.
DRAIN = """#!/bin/sh
case $1 in
    Download) while next=$(cat stream-next) && [ -n "$next" ]; do cat "$next" > /dev/null; done ;;
esac
"""


class TwoPath:
    """The sender's seconds are all that the plugin uses for a session; the receiver's are what the module itself
    tells of its transfer, both of its processes. `digest`: what the device chose."""

    def __init__(self, folder, payload, mode):
        folder.mkdir()
        self._network = None
        self._plugin = None
        try:
            self._start(folder, payload, mode)
        except BaseException:
            self.stop()
            raise

    def _start(self, folder, payload, mode):
        if mode == "push":  # its devices have an address of their own; this needs user namespaces
            self._network = Network()
            self._plugin = Plugin(folder / "plugin", self._network.server.address, side=self._network.server,
                                  settings={"ftp.push": "true", "ftp.push_networks": "10.77.0.0/24"})
        else:
            self._plugin = Plugin(folder / "plugin")
        self._plugin.start()
        self._plugin.log_in()
        self._device = Device(folder / "device", self._plugin,
                              side=self._network.device if self._network else None,
                              configuration={"mode": "push", "push_address": "cable"} if self._network else {})
        self._device.add_module("drain", DRAIN)
        self._device.authenticate()
        self._artifact = folder / "release.mender"
        self._plugin.command("publish", payload.path, "--name", "release", "--version", "1", "--device-type",
                             self._device.device_type, "--installer", "drain", "--no-version-check",
                             "--output", self._artifact)
        self._plugin.command("publish", "--upload", self._artifact)

    def run(self):
        """(sender's, receiver's CPU seconds)"""
        plugin, device = self._plugin, self._device
        plugin.command("deploy", "release", "--device", device.id)
        deployment = device.next_deployment()
        device.report(deployment, "downloading")
        before = cpu.of_running(plugin.pid)
        with Update(device, self._artifact) as update:
            update.call("Download", check=0)
            sent = cpu.of_running(plugin.pid) - before
            update.call("Cleanup", check=0)
        device.report(deployment, "failure")
        shutil.rmtree(device.state / "store")  # or nothing would be left to fetch
        session = plugin.sessions(device=device.id)[0]
        self.digest = session["digest"]
        return sent, session["cpu_seconds"]

    def stop(self):
        if self._plugin:
            self._plugin.stop()
        if self._network:
            self._network.close()
