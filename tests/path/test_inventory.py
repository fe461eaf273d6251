"""What the device tells of its last update: from its own record, as a Mender client sends it, and shown by the host."""

import re
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from path_case import MIB, PathCase  # noqa: E402

SCRIPT = Path(__file__).resolve().parents[2] / "inventory" / "mender-inventory-two-path"


class Inventory(PathCase):
    def told(self):
        """The script's lines as both clients read them: `name=value`, and nothing else."""
        self.device.run_command("--version")  # makes the link that the script calls
        done = subprocess.run([SCRIPT], text=True, capture_output=True, timeout=30, check=True,
                              env={**self.device.environment, "PATH": f"{self.device.folder}:/usr/bin:/bin"})
        self.assertEqual(done.stderr, "")
        lines = done.stdout.splitlines()
        for line in lines:
            self.assertRegex(line, r"^[a-z_]+=\S.*$")
        told = dict(line.split("=", 1) for line in lines)
        self.assertEqual(len(told), len(lines), "a name twice would be a list")
        return told

    def test_a_device_that_never_updated_says_so(self):
        told = self.told()
        self.assertEqual(set(told), {"two_path_version", "two_path_last_result"})
        self.assertEqual(told["two_path_last_result"], "none")

    def test_an_update_is_told_and_shown_by_the_host(self):
        self.assert_next_update_succeeds("2.0")
        told = self.told()
        session = self.session()
        self.assertEqual(told["two_path_last_result"], "committed")
        self.assertEqual(told["two_path_last_release"], self.release)
        self.assertEqual(told["two_path_last_path"], session["path"])
        self.assertEqual(told["two_path_last_digest"], session["digest"])
        self.assertEqual(told["two_path_last_bytes"], str(3 * MIB))
        self.assertAlmostEqual(float(told["two_path_last_cpu_seconds"]), session["cpu_seconds"], places=2)
        self.assertEqual(told["two_path_version"], session["module_version"])

        attributes = [{"name": name, "value": value} for name, value in told.items()]
        status, _, body = self.plugin.request("PUT", "/api/devices/v1/inventory/device/attributes", attributes,
                                              token=self.device.token)
        self.assertEqual(status, 200, body)
        shown = self.plugin.get(f"/api/management/v1/inventory/devices/{self.device.id}")
        values = {one["name"]: one["value"] for one in shown["attributes"]}
        self.assertEqual({name: values.get(name) for name in told}, told)

    def test_a_failure_is_told_with_its_reason_and_the_next_success_without(self):
        artifact = self.publish("2.0", content_version="6.6")
        update = self.update(artifact)
        self.deploy()
        update.call("Download", check=0)
        update.call("ArtifactInstall", check=0)
        self.device.restart()
        update.call("ArtifactVerifyReboot", check=1)
        update.call("ArtifactRollback", check=0)
        update.call("ArtifactFailure", check=0)
        update.call("Cleanup", check=0)
        told = self.told()
        self.assertEqual((told["two_path_last_result"], told["two_path_last_reason"]),
                         ("rolled_back", "version_mismatch"))
        self.assertRegex(told["two_path_last_ended"], re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"))
        self.device.report(self.device.next_deployment(), "failure")
        self.assert_next_update_succeeds("3.0")
        self.assertEqual(self.told()["two_path_last_result"], "committed")
        self.assertNotIn("two_path_last_reason", self.told())


if __name__ == "__main__":
    unittest.main()
