"""What must not be installed is not, for a reason that the device's log and the operator's list both tell."""

import os
import queue
import signal
import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from path_case import MIB  # noqa: E402
from relay_case import RelayCase  # noqa: E402


def flip(part, at):
    return part[:at] + bytes([part[at] ^ 1]) + part[at + 1:]


class Refusals(RelayCase):
    def test_tampering_without_end_ends_the_update(self):
        def tamper(_connection, offset, part):
            return flip(part, 0) if offset == 0 else part

        update = self.ready()
        relay = self.relay(change=tamper)
        self.assert_download_refused(update, "tampered")
        self.recovers(relay)

    def test_a_block_that_is_tampered_with_once_is_fetched_again(self):
        def tamper(connection, offset, part):
            return flip(part, 0) if connection == 0 and offset == 0 else part

        update = self.ready(size=4 * MIB)
        self.relay(change=tamper)
        update.call("Download", check=0)
        self.assertEqual((update.tree / "inner" / "files").is_dir(), True)
        session = self.session()
        self.assertEqual(session["fetched_twice"], MIB)

    def test_truncation_without_end_ends_the_update(self):
        def cut(_connection, offset, part):
            return part if offset + len(part) < MIB // 2 else None

        update = self.ready()
        relay = self.relay(change=cut)
        self.assert_download_refused(update, "truncated")
        self.recovers(relay)

    def test_a_transfer_that_is_cut_once_goes_on_where_it_was(self):
        def cut(connection, offset, part):
            return None if connection == 0 and offset > 2 * MIB else part

        update = self.ready(size=4 * MIB)
        relay = self.relay(change=cut)
        update.call("Download", check=0)
        self.assertEqual(relay.data_connections, 2)
        self.assertLess(self.session()["fetched_twice"], MIB)

    def test_wrong_software_by_a_foreign_id_is_not_served(self):
        foreign = b"ab" * 32

        def swap(direction, line):
            words = line.split()
            if direction == "up" and words and words[0] in (b"RETR", b"SIZE"):
                return words[0] + b" " + foreign + b"\r\n"
            return line

        update = self.ready()
        relay = self.relay(change_line=swap)
        self.assert_download_refused(update, "payload_refused")
        self.recovers(relay)

    def test_a_block_list_that_does_not_match_its_digest_is_not_believed(self):
        def change(lists):
            for name in lists:
                lists[name] = flip(lists[name], 0)

        update = self.ready()
        update.change_lists(change)
        relay = self.relay()
        code, _ = update.call("Download")
        self.assertEqual(code, 1)
        self.assertIn("bad_block_list", update.log)
        self.assertEqual(self.calls(), [])
        self.recovers(relay)

    def test_downgrade_below_the_sequence_committed_is_refused(self):
        with self.relay():
            self.assert_next_update_succeeds()
        self.write_installed(self.device, "1.0")
        (self.device.installed / "calls").unlink()
        update = self.ready(version="2.0", options=["--version-file", f"{self.device.installed}/VERSION:APP_VERSION",
                                                    "--sequence", "7"])
        self.assert_download_refused(update, "downgrade")

    def test_allow_from_lets_the_sequence_go_back(self):
        with self.relay():
            self.assert_next_update_succeeds(version="3.0")
            update = self.ready(version="2.0", options=[
                "--version-file", f"{self.device.installed}/VERSION:APP_VERSION", "--sequence", "7",
                "--allow-from", "3.0"])
            update.call("Download", check=0)

    def test_a_full_disk_is_told_with_numbers(self):
        update = self.ready(size=4 * MIB)
        relay = self.relay()
        self.device.configure(store="required")
        update.small_disk(MIB)
        code, _ = update.call("Download")
        self.assertEqual(code, 1)
        self.assertRegex(update.log, r"no_room.*\d")
        self.assertEqual(self.session()["reason"], "no_room")
        update.small_disk(None)
        update.call("Cleanup", check=0)
        self.recovers(relay)

    def test_a_missing_installer_is_named_before_anything_is_fetched(self):
        update = self.ready()
        relay = self.relay()
        (self.device.modules / "tracer").rename(self.device.folder / "tracer")
        code, _ = update.call("Download")
        self.assertEqual(code, 1)
        self.assertRegex(update.log, r"inner_module_missing.*tracer")
        self.assertEqual(relay.data_connections, 0)
        (self.device.folder / "tracer").rename(self.device.modules / "tracer")
        self.recovers(relay)

    def test_an_aborted_deployment_stops_the_transfer(self):
        aborted = threading.Event()

        def abort(_connection, offset, part):
            if offset < MIB:
                return part
            if not aborted.is_set():
                aborted.set()
                status, _, _ = self.plugin.request(
                    "PUT", f"/api/management/v1/deployments/deployments/{self.deployment}/status",
                    {"status": "aborted"})
                self.assertEqual(status, 204)
            self.await_end_of("transferring")
            return None

        update = self.ready(size=4 * MIB)
        relay = self.relay(change=abort)
        self.assert_download_refused(update, "aborted")
        self.assertEqual(self.session()["state"], "aborted")
        self.recovers(relay)

    def test_stolen_device_that_is_rejected_gets_no_more_bytes(self):
        passed = [0]

        def reject(connection, offset, part):
            if connection == 0 and offset == 0:
                self.plugin.command("devices", "reject", self.device.id)
                self.await_end_of("transferring")
            passed[0] += len(part)
            return part

        size = 32 * MIB  # more than the sockets between hold
        update = self.ready(size=size)
        relay = self.relay(change=reject)
        process = update.start("Download")
        update.read_until(process, "Download: no_token: ")
        update.kill(process)  # it would try for long to tell the plugin
        self.assertLess(passed[0], size)
        self.assertEqual(relay.data_connections, 1)
        session = self.session()
        self.assertEqual((session["state"], session["reason"], session["detail"]),
                         ("aborted", "aborted", "the device is not accepted any more"))
        self.plugin.command("devices", "accept", self.device.id)
        self.device.authenticate()
        update.call("Cleanup", check=0)
        self.recovers(relay)

    def test_an_installer_that_fails_is_rolled_back(self):
        update = self.ready()
        self.relay()
        script = self.device.modules / "tracer"
        script.write_text(script.read_text().replace("    ArtifactInstall)", "    ArtifactInstall) exit 1"))
        update.call("Download", check=0)
        code, _ = update.call("ArtifactInstall")
        self.assertEqual(code, 1)
        update.call("ArtifactFailure")
        update.call("Cleanup")
        self.assert_refused(update, "inner_module_failed")


class LateLogin(RelayCase):
    settings = {**RelayCase.settings, "session.first_login_seconds": 5}

    def test_a_certification_that_was_not_used_in_time_opens_nothing(self):
        running = queue.Queue()

        def wait(direction, line):
            if direction == "up" and line.startswith(b"USER "):
                module = running.get()
                os.killpg(module, signal.SIGSTOP)  # it would give up before
                while "reason" not in self.device.ask_session(self.session()["id"]):
                    pass  # each round asks the plugin; the certification lives for five seconds
                os.killpg(module, signal.SIGCONT)
            return line

        self.device.configure(stall_timeout=30)
        update = self.ready()
        relay = self.relay(change_line=wait)
        process = update.start("Download")
        running.put(process.pid)
        self.assert_download_refused(update, "certification_expired", process)
        self.assertEqual(relay.data_connections, 0)
        self.recovers(relay)


if __name__ == "__main__":
    unittest.main()
