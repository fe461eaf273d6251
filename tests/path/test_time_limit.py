"""A transfer that takes longer than the client lets the module run: the next attempts go on, in both modes."""

import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import path_case  # noqa: E402
import push_case  # noqa: E402
from path_case import MIB  # noqa: E402
from relay import Relay  # noqa: E402

SIZE = 40 * MIB
CHECKPOINT = 16 * MIB
FAST = CHECKPOINT + 2 * MIB  # passes at once in each attempt; the rest is so slow that no attempt brings all


class SlowLink:
    """Lets FAST bytes through in all, then 640 KiB a second."""

    def __init__(self):
        self._left = FAST
        self._over = threading.Event()

    def __call__(self, _connection, _offset, part):
        self._left -= len(part)
        if self._left < 0:
            self._over.wait(0.1)
        return part

    def end(self):
        self._over.set()


class LongTransfer:
    """Mixed into a PathCase that has `relay(change=...)`."""

    def attempt(self, artifact):
        """One poll over a link that is fast again at first; gives the relay beside what poll() gives."""
        link = SlowLink()
        self.addCleanup(link.end)
        with self.relay(change=link) as relay:
            update, code, deployment = self.poll(artifact)
        link.end()
        return relay, update, code, deployment

    def test_a_transfer_longer_than_the_time_limit_goes_on_in_the_next_attempts(self):
        artifact = self.publish(size=SIZE)
        self.plugin.command("deploy", self.release, "--device", self.device.id)
        self.device.configure(stall_timeout=30)
        self.device.configure_mender(ModuleTimeoutSeconds=6)  # of which the module takes half
        kept = [0]
        relay, update, code, deployment = self.attempt(artifact)
        crossed = relay.passed
        while code != 0:
            self.assertEqual(code, 1)
            failed = self.session()
            self.assertEqual((failed["state"], failed["reason"]), ("failed", "time_limit"))
            kept.append(failed["redeployment"]["kept"])
            self.assertRegex(update.log, rf"time_limit: .*\b{kept[-1]} of {SIZE} bytes")
            self.assertGreater(kept[-1], kept[-2])
            self.assertLess(crossed - kept[-1], (len(kept) - 1) * CHECKPOINT)  # only what was under way is lost
            self.device.report(deployment, "failure")
            self.assertIn(f"{len(kept) - 1} of 3", self.redeployment(failed["id"]))
            relay, update, code, deployment = self.attempt(artifact)
            crossed += relay.passed
        self.assertGreater(len(kept), 2)
        self.device.report(deployment, "success")
        session = self.session()
        self.assertEqual((session["state"], session["resumed"]), ("committed", kept[-1]))
        self.assertEqual(self.installed_version(), "2.0")


class Pull(LongTransfer, path_case.PathCase):
    settings = {"ftp.advertise": path_case.RELAY}

    def relay(self, **hooks):
        relay = Relay(self.plugin.address, self.plugin.ftp_port, path_case.RELAY, **hooks)
        self.addCleanup(relay.__exit__)
        return relay


class Push(LongTransfer, push_case.PushCase):
    pass


if __name__ == "__main__":
    unittest.main()
