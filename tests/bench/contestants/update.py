"""A whole update, as a device sees it: Debian's Mender client from the order to the reported success.

One device, one plugin as its Mender server, one nginx from which it fetches every artifact: an ordinary one with the
payload in it, or two-path's small one, whose payload then comes over the second path. Debian's `single-file` installs
both. Counted is all that the client's daemon, its children and theirs use.
"""

import os
import subprocess

import cpu
from contestants.nginx import Nginx
from fleet import Fleet
from plugin import EMAIL, PASSWORD, reserve_port

DOWNLOADS = "api/devices/v1/deployments/download"  # where the embedded host's links lead
DESTINATION = "/opt/app"
AT_REST = r"State transition: inventory-update.* -> check-wait"  # what a client does last after an update
CLIENT = "/usr/local/bin/mender"
# The daemon alone tells its pid, as the host counts (the sandbox has the host's /proc); others are called, too.
MASKED_CLIENT = """#!/bin/sh
case " $* " in *" daemon "*) read -r pid rest < /proc/self/stat; echo "$pid" > /data/client.pid ;; esac
{exports}exec {client}-itself "$@"
"""


def write_ordinary(artifact, payload, name, compression):
    """What an operator makes today: the payload for Debian's `single-file`, as `mender-artifact` packs it."""
    artifact.parent.mkdir(exist_ok=True)
    settings = {"dest_dir": DESTINATION, "filename": payload.path.name, "permissions": "600"}
    files = [payload.path]
    for key, value in settings.items():
        files.append(artifact.parent / key)
        files[-1].write_text(f"{value}\n")
    command = ["mender-artifact", "write", "module-image", "-T", "single-file", "-n", name, "-t", "test-device",
               "--compression", compression, "-o", artifact]
    for file in files:
        command += ["-f", file]
    subprocess.run(command, check=True, capture_output=True)


class Updates:
    """`environment`: of the client and all that it starts, for it to run as on another processor."""

    def __init__(self, folder, environment):
        folder.mkdir()
        self._folder = folder
        self._fleet = self._nginx = None
        try:
            self._start(environment)
        except BaseException:
            self.stop()
            raise

    def _start(self, environment):
        port = reserve_port("127.0.0.1")
        self._links = self._folder / "root" / DOWNLOADS
        self._links.mkdir(parents=True)
        self._fleet = Fleet(self._folder, settings={"host.public_url": f"https://127.0.0.1:{port}"})
        certificate = self._fleet.plugin.certificate
        self._nginx = Nginx(self._folder / "nginx", self._folder / "root", port, certificate,
                            certificate.with_name("key.pem"), "aes256gcm")
        self._mask(environment)
        self._fleet.start()

    def _mask(self, environment):
        device = self._fleet.device
        client = device.path(CLIENT)
        client.rename(client.with_name(client.name + "-itself"))
        exports = "".join(f"export {key}='{value}'\n" for key, value in environment.items())
        device.write(CLIENT, MASKED_CLIENT.format(exports=exports, client=CLIENT), 0o755)

    def add_ordinary(self, name, artifact):
        self._mender_cli("login", "--username", EMAIL, "--password", PASSWORD)
        self._mender_cli("artifacts", "upload", artifact)
        self._serve(name, artifact)

    def _mender_cli(self, *arguments):
        subprocess.run(["mender-cli", "--server", self._fleet.plugin.url, "--skip-verify", *arguments], check=True,
                       env={**os.environ, "HOME": str(self._folder)}, capture_output=True)

    def add_two_path(self, name, payload, encoding):
        artifact = self._folder / f"{name}.mender"
        self._fleet.plugin.command("publish", payload.path, "--name", name, "--version", name, "--device-type",
                                   "test-device", "--installer", "single-file", "--dest-dir", DESTINATION,
                                   "--no-version-check", "--encoding", encoding, "--stream", name, "--output", artifact)
        self._fleet.plugin.command("publish", "--upload", artifact)
        self._serve(name, artifact)

    def _serve(self, name, artifact):
        """By nginx, where the plugin's links lead."""
        listed = self._fleet.plugin.get("/api/management/v1/deployments/artifacts")
        identifier = next(one["id"] for one in listed if one["name"] == name)
        (self._links / identifier).hardlink_to(artifact)

    def run(self, name):
        """CPU seconds of the device for the update to that release."""
        device = self._fleet.device
        client = int(device.read("/data/client.pid"))
        before, mark = cpu.of_running_and_its_children(client), device.log.mark()
        outcome = self._fleet.outcome(self._fleet.order(name), timeout=900)
        device.log.wait(AT_REST, after=mark)
        used = cpu.of_running_and_its_children(client) - before
        if outcome != "success":
            raise RuntimeError(f"the update to {name} ended with {outcome}:\n{device.log.text()[-6000:]}")
        for installed in device.path(DESTINATION).iterdir():
            installed.unlink()  # or the next installer would keep a copy
        return used

    def stop(self):
        if self._nginx:
            self._nginx.stop()
        if self._fleet:
            self._fleet.stop()
