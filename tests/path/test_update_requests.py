"""The device's control part orders its own update (claim C12): the real command, a real plugin, the ordinary flow."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from path_case import PathCase  # noqa: E402

FORBIDDEN, NOTHING, BUSY = 4, 5, 7


class RequestCase(PathCase):
    def setUp(self):
        super().setUp()
        self.device.device_type = self.name  # the plugin is the whole class's, and has others' releases
        self.device.configure(check_update_command=["/usr/bin/touch", str(self.device.folder / "looked")])
        self.device.send_inventory()

    def request(self, *arguments, expected=0):
        done = self.device.run_command("request-update", *arguments)
        self.assertEqual(done.returncode, expected, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def deployments(self):
        """Of this test's device, newest first."""
        return self.plugin.get(f"/api/management/v1/deployments/deployments/devices/{self.device.id}")

    def go_through(self, artifact):
        """What the client does with the deployment that it finds."""
        deployment = self.device.next_deployment()
        self.assertIsNotNone(deployment)
        self.device.report(deployment, "downloading")
        update = self.update(artifact)
        update.install()
        update.call("ArtifactVerifyReboot", check=0)
        update.call("ArtifactCommit", check=0)
        update.call("Cleanup", check=0)
        self.device.report(deployment, "success")
        self.device.artifact_name = self.release
        self.device.send_inventory()
        return deployment


class Requests(RequestCase):
    settings = {"host.update_requests": "accepted"}

    def test_C12_the_devices_control_part_orders_the_update_and_it_is_committed(self):
        self.publish("1.5")
        artifact = self.publish("2.0", options=["--version-file", f"{self.device.installed}/VERSION:APP_VERSION",
                                                "--sequence", "2000000000"])
        said = self.request()
        self.assertIn(f"release {self.release}", said)
        self.assertIn("looks for it now", said)
        self.assertTrue((self.device.folder / "looked").exists())
        deployment = self.go_through(artifact)
        self.assertIn(deployment, said)
        self.assertEqual(self.session()["state"], "committed")
        self.assertEqual(self.session()["deployment"], deployment)
        self.assertEqual(self.installed_version(), "2.0")
        self.assertEqual([one["deployment"]["name"] for one in self.deployments()], ["asked for by the device"])
        # Nothing is newer now, not even what was published with a lower sequence.
        self.assertIn("not_found", self.request(expected=NOTHING))
        self.assertIn("not_found", self.request(f"{self.name}-1.5", expected=NOTHING))
        (self.device.state / "committed.json").unlink()
        (self.device.state / "committed.copy.json").unlink()
        self.assertIn("not_found", self.request(expected=NOTHING))

    def test_a_request_made_twice_is_one_deployment(self):
        self.publish()
        first = self.request(self.release)
        self.assertEqual(first, self.request())
        self.assertEqual(len(self.deployments()), 1)

    def test_a_deployment_of_the_operator_is_the_answer(self):
        self.publish()
        ordered = self.plugin.json("deploy", self.release, "--device", self.device.id)["id"]
        self.assertIn(ordered, self.request())

    def test_a_release_for_another_type_of_device_is_not_ordered(self):
        self.publish()
        self.device.device_type = "a-third-device"
        self.device.send_inventory()
        self.assertIn("not_found", self.request(self.release, expected=NOTHING))
        self.assertEqual(self.deployments(), [])

    def test_new_deployments_are_rationed(self):
        self.publish()
        for _ in range(5):
            self.request(self.release)
            deployment = self.device.next_deployment()
            self.device.report(deployment, "failure")
        self.assertIn("busy", self.request(self.release, expected=BUSY))
        self.assertEqual(len(self.deployments()), 5)

    def test_a_client_that_cannot_be_told_finds_the_update_at_its_next_poll(self):
        self.publish()
        self.device.configure(check_update_command=["/bin/false"])
        self.assertIn("next looks for updates", self.request(self.release))


class Refused(RequestCase):
    def test_without_the_operators_leave_a_device_orders_nothing(self):
        self.publish()
        self.assertIn("update_requests", self.request(expected=FORBIDDEN))
        self.assertEqual(self.deployments(), [])


if __name__ == "__main__":
    unittest.main()
