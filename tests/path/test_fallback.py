"""Where the second path fails and the operator allows it, the bulk comes over the first one, checked the same."""

import re
import socket
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from path_case import MIB, RELAY, PathCase  # noqa: E402
from plugin import EMULATED  # noqa: E402
from push_case import RELAY as RELAY_OF_PUSH  # noqa: E402
from push_case import PushCase  # noqa: E402
from relay_case import RelayCase  # noqa: E402


class Fallback(RelayCase):
    settings = {**RelayCase.settings, "session.fallback": "https", "limits.fallbacks": 1}

    def assert_came_over(self, update, path):
        update.install()
        update.call("ArtifactVerifyReboot", check=0)
        update.call("ArtifactCommit", check=0)
        update.call("Cleanup", check=0)
        session = self.session()
        self.assertEqual((session["state"], session["path"]), ("committed", path))
        self.assertEqual(self.installed_version(), "2.0")
        steps = [event["step"] for event in self.plugin.events(session["id"])]
        self.assertEqual(steps.count("fallback"), 1)

    def test_what_is_tampered_with_again_and_again_comes_over_https(self):
        def tamper(connection, offset, part):
            good = 2 * MIB if connection == 0 else 0  # the connections after it begin with the bad block
            return part if offset + len(part) <= good else part[:-1] + bytes([part[-1] ^ 1])

        update = self.ready(size=4 * MIB)
        self.relay(change=tamper)
        self.assert_came_over(update, "ftp+https")
        self.assertGreaterEqual(self.session()["sent"], 2 * MIB)

    def test_an_ftp_port_that_nobody_answers_is_noticed_in_the_configured_time(self):
        self.device.configure(connect_timeout=1, stall_timeout=1)
        update = self.ready()
        self.assert_came_over(update, "https")

    def test_a_proof_that_does_not_match_leaves_the_first_path(self):
        def forge(direction, line):
            return re.sub(rb"\S+\r\n$", b"A" * 43 + b"\r\n", line) if line.startswith(b"331 ") else line

        update = self.ready()
        self.relay(change_line=forge)
        self.assert_came_over(update, "https")

    def test_slow_drip_is_as_good_as_no_second_path(self):
        def drip(_connection, _offset, part):
            threading.Event().wait(0.2)  # shorter than any silence that is noticed
            return part[:1]

        self.device.configure(stall_timeout=1, min_rate=MIB)
        update = self.ready()
        self.relay(change=drip)
        self.assert_came_over(update, "ftp+https")
        self.assertIn("min_rate", update.log)


class Blocked(PathCase):
    settings = {"ftp.advertise": RELAY, "session.fallback": "https", "session.first_login_seconds": 12}

    @unittest.skipIf(EMULATED, "it is about seconds, and the emulator takes its own")
    def test_a_port_that_a_firewall_drops_is_left_before_the_certification_dies(self):
        self.device.configure(connect_timeout=600, stall_timeout=3600)
        update = self.update(self.publish())
        self.deploy()
        with socket.create_server((RELAY, self.plugin.ftp_port), backlog=0) as deaf, socket.socket() as only:
            only.connect(deaf.getsockname())  # the backlog is full: SYNs are dropped from now on
            begun = time.monotonic()
            update.call("Download", check=0)
        self.assertLess(time.monotonic() - begun, 12)
        self.assertEqual((self.session()["state"], self.session()["path"]), ("invalidated", "https"))


class BlockedPush(PushCase):
    settings = {**PushCase.settings, "session.fallback": "https", "session.first_login_seconds": 12}

    @unittest.skipIf(EMULATED, "it is about seconds, and the emulator takes its own")
    def test_a_plugin_that_cannot_come_is_waited_for_no_longer_than_the_certification_bears(self):
        # The address that the device tells answers nothing.
        self.device.configure(push_address=RELAY_OF_PUSH, push_listen=self.network.device.address, stall_timeout=3600)
        update = self.update(self.publish())
        self.deploy()
        begun = time.monotonic()
        update.call("Download", check=0)
        self.assertLess(time.monotonic() - begun, 12)
        self.assertEqual((self.session()["state"], self.session()["path"]), ("invalidated", "https"))


if __name__ == "__main__":
    unittest.main()
