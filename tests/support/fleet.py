"""An operator, a plugin and one device with the real Mender client: what the system tests and the demo have in common."""

import pathlib

from artifacts import tar
from mender_device import MenderDevice
from plugin import MODULE, Plugin

MODULE_INSIDE = "/usr/share/mender/modules/v3/two-path"
COMMAND_INSIDE = "/usr/local/bin/two-path-device"
INVENTORY = pathlib.Path(__file__).resolve().parents[2] / "inventory" / "mender-inventory-two-path"
INVENTORY_INSIDE = f"/usr/share/mender/inventory/{INVENTORY.name}"
REPORTED = r"State transition: update-status-report.* -> idle"


class Fleet:
    """One plugin and one device, on one machine or on the two sides of a network.Network, perhaps behind an nginx.

    plugin     another than the embedded host with `settings`
    gateway    (folder, plugin) -> what stands before it, for the device
    binds      more of them, or others, for the device
    """

    def __init__(self, folder, network=None, settings=None, plugin=None, gateway=None, binds=None, **device):
        address = network.server.address if network else "127.0.0.1"
        self.plugin = plugin or Plugin(folder / "plugin", address, settings, network.server if network else None)
        self.plugin.start()
        self.plugin.log_in()
        self.gateway = gateway(folder / "gateway", self.plugin) if gateway else None
        if self.gateway:
            self.gateway.start()
        reached = self.gateway or self.plugin
        self.device = MenderDevice(folder / "device", reached.url, reached.certificate,
                                   side=network.device if network else None,
                                   binds={MODULE_INSIDE: MODULE, COMMAND_INSIDE: MODULE,
                                          INVENTORY_INSIDE: INVENTORY, **(binds or {})}, **device)

    def start(self):
        self.device.start()
        self.device.log.wait("successfully received new authorization data")
        self.device_id = self.plugin.json("devices")[0]["id"]

    def stop(self):
        self.device.stop()
        if self.gateway:
            self.gateway.stop()
        self.plugin.stop()

    def publish_directory(self, name, version, files, options=()):
        """Publishes a folder /opt/app for Debian's `directory` module, whose VERSION says what runs."""
        payload = self.plugin.folder / f"{name}.tar"
        payload.write_bytes(tar(files))
        self.plugin.command("publish", payload, "--name", name, "--version", version, "--device-type", "test-device",
                            "--installer", "directory", "--dest-dir", "/opt/app", "--version-file",
                            "/opt/app/VERSION", *options)

    def order(self, release, ordered=lambda: None):
        """Deploys to the device and has its client look for the update; gives the deployment's id. `ordered`: called
        before the client looks."""
        self.ordered_at = self.device.log.mark()
        deployment = self.plugin.json("deploy", release, "--device", self.device_id)["id"]
        ordered()
        self.device.check_update()
        return deployment

    def outcome(self, deployment, timeout=120):
        """Waits until the client has told how the deployment ended; gives that status as Mender's API tells it."""
        self.device.log.wait(REPORTED, after=self.ordered_at, timeout=timeout)
        return self.status(deployment)

    def status(self, deployment):
        """Of this device in a deployment, as Mender's API tells it."""
        devices = self.plugin.get(f"/api/management/v1/deployments/deployments/{deployment}/devices/list")
        return devices[0]["status"]

    def reported(self):
        """Whether the client has told how the newest deployment ended."""
        return bool(self.device.log.lines(REPORTED, after=self.ordered_at))

    def deployment_log(self, deployment):
        """What the device told of a failed deployment."""
        status, _, body = self.plugin.request(
            "GET", f"/api/management/v1/deployments/deployments/{deployment}/devices/{self.device_id}/log")
        return body.decode() if status == 200 else ""

    def inventory(self):
        """What the device told of itself, as the host shows it."""
        shown = self.plugin.get(f"/api/management/v1/inventory/devices/{self.device_id}")
        return {attribute["name"]: attribute["value"] for attribute in shown["attributes"]}

    def session(self):
        return self.plugin.sessions(device=self.device_id)[0]

    def states(self):
        states = []
        for event in self.plugin.events(self.session()["id"]):
            if not states or states[-1] != event["state"]:
                states.append(event["state"])
        return states

    def session_state(self):
        """The newest session's state, or None before there is one."""
        sessions = self.plugin.sessions(device=self.device_id)
        return sessions[0]["state"] if sessions else None

    def event_count(self):
        sessions = self.plugin.sessions(device=self.device_id)
        return len(self.plugin.events(sessions[0]["id"])) if sessions else 0
