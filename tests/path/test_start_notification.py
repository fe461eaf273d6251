"""The start notification at each boot, as the service two-path-start sends it."""

import fcntl
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from path_case import PathCase  # noqa: E402


class StartNotification(PathCase):
    def installed(self, **publish):
        """Another boot after an update was installed."""
        update = self.update(self.publish(**publish))
        self.deploy()
        update.install()
        return update

    def at_boot(self):
        """What the service starts."""
        process = self.device.start_command("start-notification", "--until-told")
        # A service that says nothing ends the test as well.
        watchdog = threading.Timer(60, process.kill)
        watchdog.start()
        self.addCleanup(self.end, process)
        self.addCleanup(watchdog.cancel)
        return process

    @staticmethod
    def end(process):
        process.kill()
        process.wait()
        process.stdout.close()

    def said(self, process, text):
        """Reads on until the service has said it."""
        lines = []
        for line in process.stdout:
            lines.append(line)
            if text in line:
                return
        self.fail(f"no {text!r} in {''.join(lines)}")

    def assert_told(self, process, what):
        self.said(process, what)
        self.assertEqual(process.wait(timeout=60), 0)

    def test_a_server_that_is_away_at_boot_is_told_when_it_is_back(self):
        update = self.installed()
        self.plugin.stop()
        try:
            process = self.at_boot()
            self.said(process, "tried again until the plugin is told: plugin_unreachable")
        finally:
            self.plugin.start()
        self.assert_told(process, "confirmed: the device runs 2.0")
        self.assertEqual(self.states()[-2:], ["restarted", "confirmed"])
        update.call("ArtifactVerifyReboot", check=0)
        update.call("ArtifactCommit", check=0)
        update.call("Cleanup", check=0)
        self.assertEqual(self.session()["state"], "committed")

    def test_a_device_that_fell_back_by_itself_is_noticed_without_its_client(self):
        self.installed()
        self.write_installed(self.device, "1.0")
        self.assert_told(self.at_boot(), "mismatch: expected 2.0, the device runs 1.0")
        self.assertEqual(self.session()["state"], "mismatch")

    def test_it_ends_at_once_and_asks_nobody_where_no_update_is_open(self):
        self.plugin.stop()
        try:
            began = time.monotonic()
            told = self.device.run_command("start-notification", "--until-told")
            took = time.monotonic() - began
        finally:
            self.plugin.start()
        self.assertEqual((told.returncode, told.stdout), (0, "no update waits for a restart\n"), told.stderr)
        self.assertLess(took, 2)

    def test_it_waits_for_a_module_that_is_at_work(self):
        self.installed()
        with open(self.device.state / "lock", "r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            process = self.at_boot()
            self.said(process, "tried again until the plugin is told: conflict")
        self.assert_told(process, "confirmed: the device runs 2.0")

    def another_id(self):
        id = self.session()["id"]
        return ("B" if id[0] == "A" else "A") + id[1:]

    def test_a_session_that_the_server_does_not_know_is_not_told_for_ever(self):
        self.installed()
        record = self.device.state / "record.json"
        text = record.read_text().replace(self.session()["id"], self.another_id())
        record.write_text(text.partition(',"seal":')[0] + "}")
        process = self.at_boot()
        self.said(process, "not_found")
        self.assertNotEqual(process.wait(timeout=60), 0)


if __name__ == "__main__":
    unittest.main()
