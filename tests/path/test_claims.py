"""The claims of the protocol, each shown over both real paths (docs/features.md lists them)."""

import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from relay_case import RelayCase, prover  # noqa: E402


class Claims(RelayCase):
    def record(self):
        """All that the device has stored of its session."""
        return "".join(path.read_text() for path in self.device.state.glob("*.json"))

    def test_C1_the_plugin_makes_the_first_certification_information_and_the_device_stores_it(self):
        seen = {}

        def look(_connection, _offset, part):
            if not seen:
                seen.update(record=self.record(), secrets=self.live_secrets())
            return part

        update = self.ready()
        self.relay(change=look)
        update.call("Download", check=0)
        self.assertEqual(len(seen["secrets"]), 1)
        self.assertIn(seen["secrets"][0], seen["record"])
        self.assertEqual(self.states()[:3], ["opened", "certified", "transferring"])

    def test_C2_the_device_makes_the_first_certification_information_and_the_plugin_stores_it(self):
        seen = {}

        def look(_connection, _offset, part):
            if not seen:
                seen.update(record=self.record(), secrets=self.live_secrets())
            return part

        self.device.configure(issuer="device")
        update = self.ready()
        self.relay(change=look)
        update.install()
        update.call("ArtifactVerifyReboot", check=0)
        update.call("ArtifactCommit", check=0)
        update.call("Cleanup", check=0)
        self.assertEqual(len(seen["secrets"]), 1)
        self.assertIn(seen["secrets"][0], seen["record"])
        session = self.session()
        self.assertEqual((session["issuer"], session["state"]), ("device", "committed"))

    def test_C3_a_second_certification_information_that_differs_ends_the_second_path(self):
        def forge(direction, line):
            if direction == "down" and line.startswith(b"331 "):
                words = line.split()
                return b" ".join(words[:-1] + [words[-1][::-1]]) + b"\r\n"
            return line

        update = self.ready()
        relay = self.relay(change_line=forge)
        code, _ = update.call("Download")
        self.assertEqual(code, 1)
        self.assertFalse([line for line in relay.lines("up") if line.startswith((b"PASS", b"RETR"))])
        self.assert_refused(update, "certification_mismatch")

    def test_C4_the_payload_crosses_only_after_the_comparison_succeeded(self):
        def spoil(direction, line):
            return b"PASS " + b"A" * 43 + b"\r\n" if direction == "up" and line.startswith(b"PASS ") else line

        update = self.ready()
        relay = self.relay(change_line=spoil)
        code, _ = update.call("Download")
        self.assertEqual(code, 1)
        self.assertTrue([line for line in relay.lines("down") if line.startswith(b"530")])
        self.assertEqual(relay.data_connections, 0)
        self.assertNotIn("transferring", self.states())
        self.assert_refused(update, "certification_refused")

    def test_C5_after_the_transfer_the_certification_is_dead_on_both_sides(self):
        seen = []

        def look(_connection, _offset, part):
            seen[:] = seen or self.live_secrets()
            return part

        update = self.ready()
        relay = self.relay(change=look)
        update.call("Download", check=0)
        self.assertEqual(self.states()[3:5], ["transferred", "invalidated"])
        self.assertEqual(self.live_secrets(), [])
        self.assertNotIn("certification", json.loads((self.device.state / "record.json").read_text()))
        # What crossed the second path once opens nothing now, and neither does the secret itself.
        user, password = [line.split()[1].decode() for line in relay.lines("up") if line.startswith((b"USER", b"PASS"))]
        self.assertTrue(self.log_in(user, lambda _challenge: password).startswith("530"))
        self.assertTrue(self.log_in(user, prover(user, seen[0])).startswith("530"))

    def test_C5_while_it_lives_the_certification_opens_the_second_path(self):
        """That the proof made here is right: the refusal after the transfer is the invalidation's."""
        answers = []

        def look(_connection, _offset, part):
            if not answers:
                session, = [line.split()[1].decode() for line in relay.lines("up") if line.startswith(b"USER")]
                answers.append(self.log_in(session, prover(session, self.live_secrets()[0])))
            return part

        update = self.ready()
        relay = self.relay(change=look)
        update.call("Download", check=0)
        self.assertTrue(answers[0].startswith("230"), answers)

    def test_C6_only_what_was_ordered_is_opened(self):
        artifact = self.publish()
        update = self.update(artifact)
        code, _ = update.call("Download")
        self.assertEqual(code, 1)
        self.assertIn("not_deployed", update.log)
        self.assertEqual(self.calls(), [])

    def test_C11_after_the_restart_the_installed_version_is_asked_for_compared_and_confirmed(self):
        update = self.ready()
        self.relay()
        self.assertEqual(update.install(), "Automatic")
        update.call("ArtifactVerifyReboot", check=0)
        session = self.session()
        self.assertEqual((session["state"], session["version"], session["reported_version"]),
                         ("confirmed", "2.0", "2.0"))
        update.call("ArtifactCommit", check=0)
        update.call("Cleanup", check=0)
        self.assertEqual(self.states(), ["opened", "certified", "transferring", "transferred", "invalidated", "installed",
                                         "restarted", "confirmed", "committed"])

    def test_C11_another_version_than_the_one_sent_is_refused_and_rolled_back(self):
        update = self.ready(content_version="9.9")
        self.relay()
        update.install()
        code, _ = update.call("ArtifactVerifyReboot")
        self.assertEqual(code, 1)
        self.assertEqual(self.session()["state"], "mismatch")
        update.roll_back()
        self.assert_refused(update, "version_mismatch")
        self.assertEqual(self.session()["state"], "rolled_back")
        self.assertIn("9.9", self.session()["detail"])

    def test_C11_the_version_is_read_from_what_is_installed_not_from_what_was_said(self):
        update = self.ready()
        self.relay()
        update.install()
        (self.device.installed / "VERSION").unlink()
        code, _ = update.call("ArtifactVerifyReboot")
        self.assertEqual(code, 1)
        update.roll_back()
        self.assert_refused(update, "version_unreadable")

    def test_C11_a_boot_id_that_did_not_change_is_no_restart(self):
        update = self.ready(options=["--version-file", f"{self.device.installed}/VERSION:APP_VERSION", "--reboot",
                                     "always"])
        self.relay()
        update.install(restart=False)
        code, _ = update.call("ArtifactVerifyReboot")
        self.assertEqual(code, 1)
        self.assertNotIn("confirmed", self.states())


if __name__ == "__main__":
    unittest.main()
