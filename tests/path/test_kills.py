"""Killed in the middle, either end goes on from what it had made sure of."""

import json
import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from path_case import MIB, RELAY, PathCase  # noqa: E402
from relay import Relay  # noqa: E402


class Kills(PathCase):
    settings = {"ftp.advertise": RELAY}

    def stopped_in_transfer(self, at):
        """An update whose transfer stands still after `at` bytes; gives it with its process, and a function that
        lets the data flow again."""
        reached, go = threading.Event(), threading.Event()

        def hold(_connection, offset, part):
            if offset >= at:
                reached.set()
                go.wait(60)
            return part

        update = self.update(self.publish(size=24 * MIB))
        self.deployment = self.deploy()
        relay = Relay(self.plugin.address, self.plugin.ftp_port, RELAY, change=hold)
        self.addCleanup(relay.__exit__)
        self.addCleanup(go.set)
        process = update.start("Download")
        self.assertTrue(reached.wait(60), "no data came")
        return update, process, go.set, relay

    @staticmethod
    def block_size(update):
        meta_data = json.loads((update.tree / "header" / "meta-data").read_text())
        return meta_data["two_path"]["block_size"]

    def test_a_killed_module_keeps_its_blocks_for_the_next_attempt(self):
        update, process, go, relay = self.stopped_in_transfer(20 * MIB)
        update.kill(process)
        relay.__exit__()
        go()
        # After a kill in Download a client calls nothing but Cleanup.
        update.call("Cleanup", check=0)
        session = self.session()
        self.assertEqual((session["state"], session["reason"]), ("failed", "interrupted"))
        self.device.report(self.deployment, "failure")

        self.plugin.command("deploy", self.release, "--device", self.device.id)
        self.device.report(self.device.next_deployment(), "downloading")
        again = self.update(self.device.folder / f"{self.release}.mender")
        with Relay(self.plugin.address, self.plugin.ftp_port, RELAY):
            again.install()
            again.call("ArtifactVerifyReboot", check=0)
            again.call("ArtifactCommit", check=0)
            again.call("Cleanup", check=0)
        session = self.session()
        self.assertEqual(session["state"], "committed")
        # What was under way in sockets and since the last checkpoint may be lost, no more.
        self.assertGreaterEqual(session["resumed"], 4 * MIB)

    def test_a_killed_plugin_goes_on_with_the_session_when_it_is_back(self):
        update, process, go, _ = self.stopped_in_transfer(2 * MIB)
        self.plugin.kill()
        self.plugin.start()
        go()
        code, _ = update.finish(process, "Download", check=0)
        self.assertEqual(code, 0)
        self.assertEqual(self.session()["state"], "invalidated")

    def test_a_plugin_that_is_stopped_ends_at_a_blocks_edge_within_ten_seconds(self):
        update, process, go, relay = self.stopped_in_transfer(2 * MIB)
        self.assertEqual(self.plugin.stop(timeout=10, meanwhile=go), 0)
        self.assertTrue(relay.data_ended.wait(10))
        self.assertGreater(relay.passed, 2 * MIB)
        self.assertLess(relay.passed, 24 * MIB)
        self.assertEqual(relay.passed % self.block_size(update), 0)
        self.plugin.start()
        update.finish(process, "Download", check=0)
        self.assertGreater(relay.data_connections, 1)

    def test_a_plugin_that_is_away_after_the_restart_is_told_later(self):
        update = self.update(self.publish())
        self.device.configure(confirm_timeout=2)
        deployment = self.deploy()
        with Relay(self.plugin.address, self.plugin.ftp_port, RELAY):
            update.install()
        self.plugin.stop()
        try:
            update.call("ArtifactVerifyReboot", check=0)
            update.call("ArtifactCommit", check=0)
            update.call("Cleanup", check=0)
        finally:
            self.plugin.start()
        self.device.run_command("report")
        self.device.report(deployment, "success")
        self.assertEqual(self.session()["state"], "committed")
        self.assertEqual(self.installed_version(), "2.0")

    def test_what_is_owed_of_an_update_is_told_before_the_next_one_supersedes_it(self):
        self.device.configure(confirm_timeout=2)
        update = self.update(self.publish())
        deployment = self.deploy()
        with Relay(self.plugin.address, self.plugin.ftp_port, RELAY):
            update.call("Download", check=0)
            self.plugin.stop()
            try:
                update.call("ArtifactInstall", check=0)
                update.call("NeedsArtifactReboot", check=0)
                self.device.restart()
                for state in ("ArtifactVerifyReboot", "ArtifactCommit", "Cleanup"):
                    update.call(state, check=0)
            finally:
                self.plugin.start()
            self.device.report(deployment, "success")
            self.assert_next_update_succeeds()
        states = {session["deployment"]: session["state"] for session in self.plugin.sessions(device=self.device.id)}
        self.assertEqual(states[deployment], "committed")

    def test_a_plugin_that_is_away_does_not_let_another_version_pass(self):
        update = self.update(self.publish(content_version="9.9"))
        self.device.configure(confirm_timeout=2)
        self.deploy()
        with Relay(self.plugin.address, self.plugin.ftp_port, RELAY):
            update.install()
        self.plugin.stop()
        try:
            code, _ = update.call("ArtifactVerifyReboot")
            self.assertEqual(code, 1)
            update.roll_back()
        finally:
            self.plugin.start()
        self.device.run_command("report")
        self.assert_refused(update, "version_mismatch")

    def test_a_broken_record_is_set_aside_and_told(self):
        (self.device.state / "record.json").write_text('{"record": 1, "attem')
        update = self.update(self.publish())
        self.deploy()
        with Relay(self.plugin.address, self.plugin.ftp_port, RELAY):
            update.call("Download", check=0)
        self.assertIn("record.json.corrupt", update.log)
        self.assertTrue((self.device.state / "record.json.corrupt").exists())
        json.loads((self.device.state / "record.json").read_text())


if __name__ == "__main__":
    unittest.main()
