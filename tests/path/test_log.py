"""The plugin's log as programs read it: each line that is about a session has its id, in one and the same field."""

import json
import re
import secrets
import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from path_case import MIB, RELAY, PathCase  # noqa: E402
from relay import Relay  # noqa: E402

SESSIONS = "/api/devices/v1/two-path/sessions"


class Log(PathCase):
    settings = {"ftp.advertise": RELAY, "log.format": "json", "session.fallback": "https"}

    def relay(self, **hooks):
        relay = Relay(self.plugin.address, self.plugin.ftp_port, RELAY, **hooks)
        self.addCleanup(relay.__exit__)
        return relay

    def lines(self):
        return [json.loads(line) for line in self.plugin.log().splitlines()]

    def told(self, session):
        """The messages of one session. No other line names it."""
        messages = []
        for line in self.lines():
            self.assertLessEqual({"time", "level", "message"}, set(line))
            if line.get("session") == session:
                messages.append(line["message"])
            else:
                self.assertNotIn(session, line["message"])
        return messages

    def assert_told(self, session, *patterns):
        """In this order, others between them; a request's line comes behind its answer."""
        for _ in range(100):
            messages = iter(self.told(session))
            missing = [one for one in patterns if not any(re.search(one, message) for message in messages)]
            if not missing:
                return
            self.wait_for_the_next_look()
        self.fail(f"{missing[0]}, in:\n" + "\n".join(self.told(session)))

    def ready(self, **publish):
        artifact = self.publish(**publish)
        self.deployment = self.deploy()
        return self.update(artifact)

    def test_a_whole_update(self):
        with self.relay():
            self.assert_next_update_succeeds("2.0")
        session = self.session()
        peer = re.escape(self.plugin.address)
        self.assert_told(
            session["id"], rf"^opened \(device\): device {self.device.id}, release {self.release}$",
            rf"^POST {SESSIONS} 201 ", r"^stored \(device\)$", rf"^PUT {SESSIONS}/\S+/certification 204 ",
            rf"^login \(device\): {peer}", rf"^logged in from {peer}", r"^sends file [0-9a-f]{64} to ",
            r"^transferred \(device\): ftp$", r"^invalidated \(device\)$", r"^installed \(device\)$",
            r"^restarted \(device\)", r"^version_equal \(device\): expected 2\.0, the device reports 2\.0$",
            r"^committed \(device\)$")
        self.assert_told(session["id"], rf"^{3 * MIB} bytes went to ")

    def test_a_block_that_is_repaired_and_a_connection_that_is_cut(self):
        def spoil(connection, offset, part):
            if connection == 0 and offset + len(part) > MIB:
                return None
            return part[:-1] + bytes([part[-1] ^ 1]) if connection == 1 else part

        update = self.ready(size=4 * MIB)
        self.relay(change=spoil)
        update.call("Download", check=0)
        messages = self.told(self.session()["id"])
        self.assertGreater(len([one for one in messages if one.startswith("sends file ")]), 1)
        self.assertGreater(len([one for one in messages if " bytes went to " in one]), 1)

    def test_a_fallback(self):
        update = self.ready()
        self.relay(change=lambda _connection, _offset, part: part[:-1] + bytes([part[-1] ^ 1]))
        update.call("Download", check=0)
        session = self.session()["id"]
        self.assert_told(session, r"^fallback \(device\): the bulk goes over HTTPS$",
                         rf"^GET {SESSIONS}/{session}/files/\S+ 206 ", r"^transferred \(device\): .*https$")

    def test_a_login_with_a_wrong_proof(self):
        update = self.ready()
        self.device.configure(stall_timeout=1)

        def forge(_direction, line):
            return b"PASS " + b"A" * 43 + b"\r\n" if line.startswith(b"PASS ") else line

        self.relay(change_line=forge)
        update.call("Download")
        self.assert_told(self.session()["id"], r"^a login from \S+ was refused: its proof is wrong$")
        self.assertIn("warning", [line["level"] for line in self.lines() if "proof is wrong" in line["message"]])

    def test_a_version_that_is_another(self):
        update = self.ready(content_version="6.6")
        with self.relay():
            update.install()
        update.call("ArtifactVerifyReboot", check=1)
        update.roll_back()
        self.assert_told(self.session()["id"], r"^version_differs \(device\): expected 2\.0, the device reports 6\.6$",
                         r"^rolled_back, version_mismatch \(device\)")

    def test_an_update_that_is_aborted_and_what_the_device_asks_after_it(self):
        aborted = threading.Event()

        def abort(_connection, offset, part):
            if offset < MIB:
                return part
            if not aborted.is_set():
                aborted.set()
                self.plugin.command("deployments", "abort", self.deployment)
            self.await_end_of("transferring")
            return None

        update = self.ready(size=4 * MIB)
        self.relay(change=abort)
        update.call("Download", check=1)
        session = self.session()["id"]
        self.assert_told(session, r"^aborted, aborted \(host\)", r"^cuts its connections: The session is aborted\.$")
        status, _, _ = self.plugin.request("PUT", f"{SESSIONS}/{session}/progress", {"state": "installed"},
                                           token=self.device.token)
        self.assertEqual(status, 409)
        status, _, _ = self.plugin.request("DELETE", f"{SESSIONS}/{session}/certification", token="junk")
        self.assertEqual(status, 401)
        self.assert_told(session, rf"^PUT {SESSIONS}/{session}/progress 409 ",
                         rf"^DELETE {SESSIONS}/{session}/certification 401 ")

    def test_what_is_no_session_gets_no_field(self):
        self.plugin.request("GET", f"{SESSIONS}/short", token=self.device.token)
        self.plugin.request("GET", "/api/management/v1/two-path/health")
        other = secrets.token_urlsafe(16)
        self.plugin.request("GET", f"{SESSIONS}/{other}", token=self.device.token)
        self.assert_told(other, rf"^GET {SESSIONS}/{other} 404 ")
        asked = {line["message"].split()[1]: line for line in self.lines() if line["message"].startswith("GET ")}
        self.assertNotIn("session", asked[f"{SESSIONS}/short"])
        self.assertNotIn("session", asked["/api/management/v1/two-path/health"])


class Redeployed(PathCase):
    settings = {"ftp.advertise": RELAY, "log.format": "json"}

    def test_a_release_that_is_ordered_again(self):
        self.device.configure(stall_timeout=1)
        artifact = self.publish(size=24 * MIB)
        self.plugin.command("deploy", self.release, "--device", self.device.id)
        left = [20 * MIB]

        def cut(_connection, _offset, part):
            left[0] -= len(part)
            return part if left[0] > 0 else None

        with Relay(self.plugin.address, self.plugin.ftp_port, RELAY, change=cut):
            _, code, deployment = self.poll(artifact)
        self.assertEqual(code, 1)
        session = self.session()
        self.device.report(deployment, "failure")
        self.redeployment(session["id"])
        of_it = [line for line in map(json.loads, self.plugin.log().splitlines()) if line.get("session") == session["id"]]
        messages = [line["message"] for line in of_it]
        self.assertTrue([one for one in messages if re.match(r"failed, \w+ \(device\): Download: ", one)], messages)
        self.assertTrue([one for one in messages if " is ordered again for device " in one], messages)


if __name__ == "__main__":
    unittest.main()
