"""Devices wait their turn, at the rate they are given; both change while the plugin runs."""

import signal
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

    def one_waits(self, **settings):
        """Two devices' updates, the second with these settings: one is held in its transfer, one waits for its turn.
        Gives what lets the first go on and what lets the second begin; either ends its Download."""
        reached, go = threading.Event(), threading.Event()

        def hold(connection, _offset, part):
            if connection == 0:
                reached.set()
                go.wait(60)
            return part

        self.plugin.change(limits__transfers=1)
        relay = Relay(self.plugin.address, self.plugin.ftp_port, RELAY, change=hold)
        self.addCleanup(relay.__exit__)
        self.addCleanup(go.set)
        first, second = self.ready(self.device), self.ready(self.new_device())
        second.device.configure(**settings)
        holding = first.start("Download")
        self.assertTrue(reached.wait(60))
        waiting = second.start("Download")
        second.read_until(waiting, "devices transfer now")

        def finish_first():
            go.set()
            first.finish(holding, "Download", check=0)

        def finish_second(check):
            self.plugin.change(limits__transfers=2)
            second.finish(waiting, "Download", check=check)
            return second

        return finish_first, finish_second

    def test_a_device_waits_until_there_may_be_one_more_and_says_so(self):
        finish_first, finish_second = self.one_waits()
        finish_second(check=0)
        finish_first()

    def test_what_its_owner_allows_is_asked_again_when_its_turn_has_come(self):
        flag = self.folder / "metered"
        finish_first, finish_second = self.one_waits(metered_limit_mib=1,
                                                     metered_command=["test", "-e", str(flag)])
        flag.touch()
        second = finish_second(check=1)
        finish_first()
        self.device = second.device
        self.assert_refused(second, "not_ready")
        self.assertEqual(self.session()["sent"], 0)


def day_hours(begin, end):
    """Hours in minutes from now; wide enough that a test does not run over their edge."""
    edges = [time.localtime(time.time() + 60 * minutes) for minutes in (begin, end)]
    return "-".join(time.strftime("%H:%M", edge) for edge in edges)


class OwnLimits(PathCase):
    """What the device's owner allows, whatever the operator orders."""

    def ready(self):
        artifact = self.publish()
        self.deployment = self.deploy()
        return self.update(artifact)

    def assert_not_begun(self, update):
        update.call("Cleanup", check=0)
        self.assert_refused(update, "not_ready")
        self.assertEqual(self.states(), ["opened", "failed"])  # the operator hears of it, and nothing begins

    def test_hours_that_begin_too_late_are_told(self):
        self.device.configure(hours=[day_hours(120, 180)])
        self.device.configure_mender(ModuleTimeoutSeconds=600)
        update = self.ready()
        self.assertEqual(update.call("Download")[0], 1)
        self.assertIn("its own time", update.log)
        self.assert_not_begun(update)

    def test_hours_that_begin_in_time_are_waited_for(self):
        self.device.configure(hours=[day_hours(120, 180)])
        update = self.ready()
        process = update.start("Download")
        update.read_until(process, "waiting: this device fetches updates at")
        self.assertEqual(self.plugin.sessions(device=self.device.id), [])
        process.send_signal(signal.SIGTERM)
        self.assertEqual(update.finish(process, "Download")[0], 1)
        self.assertIn("interrupted", update.log)

    def test_hours_that_have_begun_let_it_through(self):
        self.device.configure(hours=[day_hours(180, 240), day_hours(-60, 120)])
        self.ready().call("Download", check=0)

    def test_a_metered_link_carries_no_more_than_it_may(self):
        flag = self.device.folder / "metered"
        flag.touch()
        self.device.configure(metered_limit_mib=1, metered_command=["test", "-e", str(flag)])
        update = self.ready()
        self.assertEqual(update.call("Download")[0], 1)
        self.assertIn("the link is metered", update.log)
        self.assert_not_begun(update)
        self.device.report(self.deployment, "failure")
        flag.unlink()
        update = self.update(self.device.folder / f"{self.release}.mender")
        self.deploy()
        update.call("Download", check=0)


class Hours(PathCase):
    def hours(self, begin, end):
        """Sets the hours of all, in minutes from now."""
        self.plugin.change(session__hours="* " + day_hours(begin, end))

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
