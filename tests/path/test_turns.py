"""Devices wait their turn, at the rate they are given; both change while the plugin runs."""

import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from path_case import MIB, RELAY, PathCase  # noqa: E402
from relay import Relay  # noqa: E402


class Turns(PathCase):
    settings = {"ftp.advertise": RELAY, "limits.transfers": 1}

    def ready(self, device):
        artifact = self.publish(device=device, name=f"{self.name}-{device.folder.name}".replace("_", "-"))
        self.deploy(device)
        return self.update(artifact, device)

    def test_a_device_waits_until_there_may_be_one_more_and_says_so(self):
        reached, go = threading.Event(), threading.Event()

        def hold(connection, _offset, part):
            if connection == 0:
                reached.set()
                go.wait(60)
            return part

        relay = Relay(self.plugin.address, self.plugin.ftp_port, RELAY, change=hold)
        self.addCleanup(relay.__exit__)
        self.addCleanup(go.set)
        first, second = self.ready(self.device), self.ready(self.new_device())
        holding = first.start("Download")
        self.assertTrue(reached.wait(60))
        waiting = second.start("Download")
        second.read_until(waiting, "devices transfer now")
        self.plugin.change(limits__transfers=2)
        second.finish(waiting, "Download", check=0)
        go.set()
        first.finish(holding, "Download", check=0)


class Hours(PathCase):
    def hours(self, begin, end):
        """Sets the hours of all, in minutes from now; wide enough that a test does not run over their edge."""
        edges = [time.localtime(time.time() + 60 * minutes) for minutes in (begin, end)]
        self.plugin.change(session__hours="* " + "-".join(time.strftime("%H:%M", edge) for edge in edges))

    def close(self):
        self.hours(120, 180)

    def open(self):
        self.hours(-60, 120)

    def test_a_deployment_stays_pending_until_the_hours_begin(self):
        artifact = self.publish()
        self.close()
        deployment = self.plugin.json("deploy", self.release, "--device", self.device.id)["id"]
        self.assertIsNone(self.device.next_deployment())
        self.assertEqual(self.plugin.json("deployments", deployment)["deployment"]["status"], "pending")
        self.open()
        self.assertEqual(self.device.next_deployment(), deployment)
        self.update(artifact).call("Download", check=0)

    def test_a_wait_in_vain_is_told_on_both_sides(self):
        artifact = self.publish()
        self.open()
        deployment = self.deploy()
        self.close()
        self.assertEqual(self.device.next_deployment(), deployment)  # it was begun
        self.device.configure_mender(ModuleTimeoutSeconds=10)
        update = self.update(artifact)
        code, _ = update.call("Download")
        self.assertEqual(code, 1)
        self.assertRegex(update.log, r"busy: .*the server's time, waited \d+ min for its turn\)")
        self.assertEqual(self.plugin.log().count(f"device {self.device.id} waits for its turn"), 1)


class Rates(PathCase):
    def download(self):
        update = self.update(self.publish(size=3 * MIB, name=f"{self.name}-{time.monotonic_ns()}"))
        deployment = self.deploy()
        begun = time.monotonic()
        update.call("Download", check=0)
        took = time.monotonic() - begun
        update.call("Cleanup")
        self.device.report(deployment, "failure")
        return took

    def test_a_rate_holds_and_can_be_lifted(self):
        self.plugin.change(limits__session_rate_kbit=8 * 1024)
        paced = self.download()
        self.assertGreater(paced, 1.5)  # 3 MiB at 1 MiB/s, but for what the socket's buffers take at once
        self.plugin.change(limits__session_rate_kbit=0)
        self.assertLess(self.download(), paced)

    def test_a_device_keeps_to_its_own_rate(self):
        self.device.configure(byte_rate=MIB)
        self.assertGreater(self.download(), 2.5)


if __name__ == "__main__":
    unittest.main()
