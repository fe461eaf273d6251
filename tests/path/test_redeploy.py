"""A transfer that failed on the way is ordered again, as often as the operator allows; nothing else is."""

import json
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from path_case import MIB, RELAY, PathCase  # noqa: E402
from relay import Relay  # noqa: E402


class Redeploy(PathCase):
    settings = {"ftp.advertise": RELAY}

    def relay(self, change):
        relay = Relay(self.plugin.address, self.plugin.ftp_port, RELAY, change=change)
        self.addCleanup(relay.__exit__)
        return relay

    def run_client(self, artifact, change=lambda _connection, _offset, part: part):
        with self.relay(change):
            _, code, deployment = self.poll(artifact)
        return code, deployment

    def cut_after(self, size):
        """Lets `size` bytes through in all, then nothing any more."""
        left = [size]

        def change(_connection, _offset, part):
            left[0] -= len(part)
            return part if left[0] > 0 else None

        return change

    def wait_for_a_checkpoint(self):
        """The module writes down what it has every 16 MiB."""
        for _ in range(300):
            if list((self.device.state / "store").glob("*.map")):
                return
            self.wait_for_the_next_look()
        self.fail("the module wrote no checkpoint")

    def publish_and_order(self, **options):
        artifact = self.publish(size=24 * MIB, **options)
        self.device.configure(stall_timeout=1)
        self.plugin.command("deploy", self.release, "--device", self.device.id)
        return artifact

    def test_a_transfer_that_is_cut_is_ordered_again_over_a_restart_of_the_plugin(self):
        artifact = self.publish_and_order()
        code, deployment = self.run_client(artifact, self.cut_after(10 * MIB))
        self.assertEqual(code, 1)
        failed = self.session()
        self.assertEqual(failed["state"], "failed")
        self.assertIn(failed["reason"], ("truncated", "second_path_unreachable"))
        self.assertGreater(failed["redeployment"]["kept"], 0)
        self.assertNotIn("deployment", failed["redeployment"])
        # Until the client has told the end of the deployment, nothing is ordered; what is due is not forgotten.
        self.plugin.kill()
        self.plugin.start()
        self.device.report(deployment, "failure")
        self.assertIn("1 of 3", self.redeployment(failed["id"]))
        self.assertIn("ordered again", self.plugin.command("sessions", "--device", self.device.id).stdout)

        code, again = self.run_client(artifact)
        self.assertEqual(code, 0)
        self.device.report(again, "success")
        self.assertNotEqual(again, deployment)
        session = self.session()
        self.assertEqual((session["state"], session["deployment"]), ("committed", again))
        self.assertGreater(session["resumed"], 0)
        self.assertEqual(self.installed_version(), "2.0")

    def test_a_killed_module_is_ordered_again(self):
        reached, go = threading.Event(), threading.Event()
        self.addCleanup(go.set)

        def hold(_connection, offset, part):
            if offset >= 20 * MIB:
                reached.set()
                go.wait(60)
            return part

        artifact = self.publish_and_order()
        deployment = self.device.next_deployment()
        self.device.report(deployment, "downloading")
        update = self.update(artifact)
        with self.relay(hold):
            process = update.start("Download")
            self.assertTrue(reached.wait(60), "no data came")
            self.check_status_of_the_transfer()
            self.wait_for_a_checkpoint()
            update.kill(process)
            go.set()
        update.call("Cleanup", check=0)
        self.assertFalse((self.device.state / "progress.json").exists())
        self.assertEqual(self.session()["reason"], "interrupted")
        self.device.report(deployment, "failure")
        self.assertIn("1 of 3", self.redeployment(self.session()["id"]))
        code, again = self.run_client(artifact)
        self.assertEqual(code, 0)
        self.device.report(again, "success")
        self.assertEqual(self.session()["state"], "committed")

    def check_status_of_the_transfer(self):
        """`two-path-device status`, while data stands still."""
        told = json.loads(self.device.run_command("status", "--json").stdout)
        self.assertEqual(told["transfer"]["total"], 24 * MIB)
        self.assertLessEqual(told["transfer"]["bytes"], 24 * MIB)
        self.assertLessEqual(abs(told["transfer"]["told"] - time.time()), 60)
        self.assertRegex(self.device.run_command("status").stdout, r"transfer .* of 24\.0 MiB \(\d+ %\), .* MiB/s")

    def test_it_ends_after_three(self):
        artifact = self.publish_and_order()
        for again in (1, 2, 3):
            code, deployment = self.run_client(artifact, self.cut_after(4 * MIB))
            self.assertEqual(code, 1)
            failed = self.session()["id"]
            self.device.report(deployment, "failure")
            self.assertIn(f"{again} of 3", self.redeployment(failed))
        code, deployment = self.run_client(artifact, self.cut_after(4 * MIB))
        self.device.report(deployment, "failure")
        self.assertIn("not ordered again", self.redeployment(self.session()["id"]))
        self.assertIsNone(self.device.next_deployment())

    def test_a_transfer_without_progress_is_not_ordered_again(self):
        artifact = self.publish_and_order()
        _, deployment = self.run_client(artifact, lambda *_: None)
        self.device.report(deployment, "failure")
        self.assertNotIn("redeployment", self.session())

    def test_a_tampered_transfer_is_not_ordered_again(self):
        def tamper(connection, offset, part):
            return part if connection == 0 and offset < 2 * MIB else bytes(len(part))

        artifact = self.publish_and_order()
        code, deployment = self.run_client(artifact, tamper)
        self.assertEqual(code, 1)
        self.device.report(deployment, "failure")
        self.assertEqual(self.session()["reason"], "tampered")
        self.assertNotIn("redeployment", self.session())

    def test_a_deployment_that_the_operator_aborted_is_not_ordered_again(self):
        artifact = self.publish_and_order()
        code, deployment = self.run_client(artifact, self.cut_after(10 * MIB))
        self.assertEqual(code, 1)
        self.plugin.command("deployments", "abort", deployment)
        self.assertIn("not ordered again", self.redeployment(self.session()["id"]))
        self.assertNotIn("redeployment", self.session())
        self.assertIsNone(self.device.next_deployment())


class Never(Redeploy):
    """The same plugin, told not to."""

    settings = {"ftp.advertise": RELAY, "session.redeploy": 0}

    def test_a_transfer_that_is_cut_is_not_ordered_again(self):
        artifact = self.publish_and_order()
        _, deployment = self.run_client(artifact, self.cut_after(10 * MIB))
        self.device.report(deployment, "failure")
        self.assertEqual(self.session()["state"], "failed")
        self.assertNotIn("redeployment", self.session())


for inherited in [name for name in vars(Redeploy) if name.startswith("test_")]:
    setattr(Never, inherited, None)


if __name__ == "__main__":
    unittest.main()
