"""The embedded host under Mender's own programs: Debian's mender-client 3.4.0 and mender-cli 1.9.0, unmodified."""

import os
import pathlib
import re
import select
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import artifacts  # noqa: E402
from mender_device import MenderDevice  # noqa: E402
from plugin import EMAIL, PASSWORD, Plugin  # noqa: E402

DEVAUTH = "/api/management/v2/devauth/devices"
DEPLOYMENTS = "/api/management/v1/deployments/deployments"
ARTIFACTS = "/api/management/v1/deployments/artifacts"
LET_IN = "successfully received new authorization data"

# Stops in ArtifactInstall until the test opens the gate.
HELD = """#!/bin/sh
case "$1" in
    SupportsRollback) echo Yes ;;
    ArtifactInstall) echo reached > /data/reached; read -r _ < /data/gate ;;
    ArtifactRollback) echo yes > /data/rolled-back ;;
esac
"""

FAILING = """#!/bin/sh
case "$1" in
    SupportsRollback) echo Yes ;;
    ArtifactInstall) echo "the flux capacitor is empty" >&2; exit 1 ;;
esac
"""


class HostCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.plugin = Plugin(self.folder / "plugin", settings={"host.accept": "manual"})
        self.addCleanup(self.plugin.stop)
        self.plugin.start()
        self.plugin.create_user()

    # The operator

    def mender_cli(self, *arguments, code=0):
        done = subprocess.run(["mender-cli", "--server", self.plugin.url, "--skip-verify", *map(str, arguments)],
                              env={**os.environ, "HOME": str(self.folder)}, stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=60)
        self.assertEqual(code, done.returncode, done.stdout + done.stderr + self.plugin.log())
        return done.stdout + done.stderr

    def log_in(self):
        return self.mender_cli("login", "--username", EMAIL, "--password", PASSWORD)

    def devices(self):
        return self.plugin.get(DEVAUTH)

    def set_status(self, status):
        """Of the only key of the only device."""
        device, = self.devices()
        path = f"{DEVAUTH}/{device['id']}/auth/{device['auth_sets'][0]['id']}/status"
        self.assertEqual(204, self.plugin.request("PUT", path, {"status": status})[0])

    def deploy(self, name):
        status, headers, body = self.plugin.request(
            "POST", DEPLOYMENTS, {"name": "to all", "artifact_name": name, "all_devices": True})
        self.assertEqual(201, status, body)
        return headers["Location"].rsplit("/", 1)[1]

    def part(self, deployment):
        """The only device's part of a deployment."""
        part, = self.plugin.get(f"{DEPLOYMENTS}/{deployment}/devices/list")
        return part

    # The device

    def device(self, **options):
        device = MenderDevice(self.folder / "device", self.plugin.url, self.plugin.certificate, **options)
        self.addCleanup(device.stop)
        return device

    def accepted_device(self, **options):
        device = self.device(**options)
        device.start()
        device.log.wait("authentication request rejected")
        self.set_status("accepted")
        device.log.wait(LET_IN)
        device.log.wait(r"State transition: update-check .* -> check-wait")
        return device

    def update(self, device, deployment):
        """Has the device take a deployment, and gives its part when it has told the end."""
        mark = device.log.mark()
        device.check_update()
        device.log.wait(r"State transition: update-status-report.* -> idle", after=mark)
        return self.part(deployment)


class MenderCliTest(HostCase):
    def test_it_logs_in_uploads_lists_and_deletes_artifacts(self):
        artifact = artifacts.write(self.folder / "a.mender", "single-file", "release-2", {"app": b"x" * 5_000_000})
        self.assertIn("status 401", self.mender_cli("login", "--username", EMAIL, "--password", "wrong", code=1))
        self.assertIn("login successful", self.log_in())
        self.assertIn("upload successful",
                      self.mender_cli("artifacts", "upload", "--description", "the second", artifact))
        self.assertIn("status 409", self.mender_cli("artifacts", "upload", artifact, code=1))
        listed = self.mender_cli("artifacts", "list", "--detail", "3")
        for expected in ("Name: release-2", "Description: the second", "test-device", "Type: single-file", "5000000"):
            self.assertIn(expected, listed)
        identifier = re.search(r"ID: ([0-9a-f-]{36})", listed)[1]
        self.assertIn("delete successful", self.mender_cli("artifacts", "delete", identifier))
        self.assertIn("status 404", self.mender_cli("artifacts", "delete", identifier, code=1))
        self.assertNotIn("release-2", self.mender_cli("artifacts", "list"))

    def test_what_is_no_artifact_is_refused(self):
        artifact = artifacts.write(self.folder / "a.mender", "single-file", "release-2", {"app": b"x" * 100_000})
        content = bytearray(artifact.read_bytes())
        content[-2048] ^= 1
        artifact.write_bytes(content)
        self.log_in()
        self.assertIn("status 400", self.mender_cli("artifacts", "upload", artifact, code=1))
        self.assertEqual([], self.plugin.get(ARTIFACTS))


class MenderClientTest(HostCase):
    def test_it_waits_to_be_accepted_tells_its_inventory_and_updates(self):
        device = self.device()
        device.start()
        device.log.wait("authentication request rejected")
        self.assertEqual(["pending"], [waiting["status"] for waiting in self.devices()])
        self.set_status("accepted")
        device.log.wait(r"State transition: inventory-update .* -> check-wait")
        inventory, = self.plugin.get("/api/management/v1/inventory/devices")
        said = {attribute["name"]: attribute["value"] for attribute in inventory["attributes"]}
        self.assertEqual(("test-device", "release-1", "accepted"),
                         (said["device_type"], said["artifact_name"], said["status"]))
        self.log_in()
        self.assertIn(device_id := self.devices()[0]["id"], self.mender_cli("devices", "list"))

        artifact = artifacts.write_single_file(self.folder / "a.mender", "release-2", b"version 2\n" * 100_000)
        self.mender_cli("artifacts", "upload", artifact)
        deployment = self.deploy("release-2")
        # What the device and the operator hold goes on to work after a restart of the host.
        self.plugin.stop()
        self.plugin.start()
        part = self.update(device, deployment)
        self.assertEqual(("success", device_id), (part["status"], part["id"]), device.log.text()[-4000:])
        self.assertEqual(b"version 2\n" * 100_000, device.path("/opt/app/app").read_bytes())
        self.assertEqual("finished", self.plugin.get(f"{DEPLOYMENTS}/{deployment}")["status"])

        # Nothing is installed twice.
        again = self.deploy("release-2")
        mark = device.log.mark()
        device.check_update()
        device.log.wait(r"State transition: update-check .* -> check-wait", after=mark)
        self.assertEqual("already-installed", self.part(again)["status"])

    def test_its_other_kinds_of_keys_are_taken_too(self):
        for kind in (["EC", "-pkeyopt", "ec_paramgen_curve:P-256"], ["ED25519"]):
            with self.subTest(kind[0]), tempfile.TemporaryDirectory() as folder:
                key = pathlib.Path(folder, "device.key")
                subprocess.run(["openssl", "genpkey", "-algorithm", *kind, "-out", key], check=True,
                               capture_output=True)
                device = MenderDevice(pathlib.Path(folder, "device"), self.plugin.url, self.plugin.certificate,
                                      key=key, mac=f"02:00:00:00:00:{len(kind):02}")
                self.addCleanup(device.stop)
                device.start()
                device.log.wait("the device waits to be accepted by the operator")
                device.stop()

    def test_a_rejected_device_is_let_in_no_more(self):
        device = self.accepted_device()
        self.set_status("rejected")
        mark = device.log.mark()
        device.check_update()
        device.log.wait("the operator rejected the device", after=mark)

    def test_a_failed_update_brings_its_log(self):
        device = self.accepted_device()
        device.add_module("failing", FAILING)
        artifact = artifacts.write(self.folder / "a.mender", "failing", "release-2", {"file": b"content"})
        self.log_in()
        self.mender_cli("artifacts", "upload", artifact)
        deployment = self.deploy("release-2")
        part = self.update(device, deployment)
        self.assertEqual(("failure", True), (part["status"], part["log"]))
        status, _, log = self.plugin.request("GET", f"{DEPLOYMENTS}/{deployment}/devices/{part['id']}/log")
        self.assertEqual(200, status)
        self.assertIn("the flux capacitor is empty", log.decode())
        self.assertRegex(log.decode(), r"(?m)^\S+ error: .*exit status 1$")
        self.assertEqual("release-1", device.artifact_name())

    def test_an_aborted_update_is_rolled_back(self):
        device = self.accepted_device()
        device.add_module("held", HELD)
        for name in ("reached", "gate"):
            os.mkfifo(device.path(f"/data/{name}"))
        artifact = artifacts.write(self.folder / "a.mender", "held", "release-2", {"file": b"content"})
        self.log_in()
        self.mender_cli("artifacts", "upload", artifact)
        deployment = self.deploy("release-2")
        # Opened for both, so that neither side waits for the other.
        reached = os.open(device.path("/data/reached"), os.O_RDWR | os.O_NONBLOCK)
        self.addCleanup(os.close, reached)
        gate = os.open(device.path("/data/gate"), os.O_RDWR | os.O_NONBLOCK)
        self.addCleanup(os.close, gate)
        mark = device.log.mark()
        device.check_update()
        self.assertTrue(select.select([reached], [], [], 60)[0], device.log.text()[-4000:])
        self.assertEqual("installing", self.part(deployment)["status"])
        self.assertEqual(204, self.plugin.request("PUT", f"{DEPLOYMENTS}/{deployment}/status",
                                                  {"status": "aborted"})[0])
        os.write(gate, b"open\n")
        device.log.wait(r"State transition: .* -> idle", after=mark)
        self.assertEqual("aborted", self.part(deployment)["status"])
        self.assertEqual("yes\n", device.read("/data/rolled-back"))
        self.assertEqual("release-1", device.artifact_name())


if __name__ == "__main__":
    unittest.main()
