"""The server's disk has no room: it says so, goes on, and does what waits once there is some."""

import json
import os
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from path_case import MIB, RELAY, PathCase  # noqa: E402
from plugin import SERVER, Plugin  # noqa: E402
from small_disk import SmallDisk  # noqa: E402


class FullDisk(PathCase):
    # Nobody listens on the second path, so that a certification runs out.
    settings = {"session.first_login_seconds": 5, "ftp.advertise": RELAY}

    @classmethod
    def new_plugin(cls):
        cls.disk = SmallDisk(cls.folder / "plugin" / "state", 160 * MIB)
        cls.addClassCleanup(cls.disk.close)
        return Plugin(cls.folder / "plugin", settings=cls.settings, disk=cls.disk)

    def setUp(self):
        super().setUp()
        self.addCleanup(self.disk.empty)

    def certified(self):
        """An update whose device left once it had its certification."""
        update = self.update(self.publish(size=70_000))
        self.deploy()
        self.device.configure(stall_timeout=30)
        process = update.start("Download")
        while not (sessions := self.plugin.sessions(device=self.device.id)) or sessions[0]["state"] == "opened":
            self.assertIsNone(process.poll(), "the device has ended")
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        self.assertEqual(self.session()["state"], "certified")

    def await_log(self, words, within=30):
        end = time.monotonic() + within
        while words not in self.plugin.log():
            self.assertLess(time.monotonic(), end, self.plugin.log()[-2000:])
            self.wait_for_the_next_look()

    def health(self):
        status, _, body = self.plugin.request("GET", "/api/management/v1/two-path/health", token="")
        return status, json.loads(body).get("problems")

    def test_it_goes_on_without_room_and_ends_what_ran_out_of_time_once_there_is_some(self):
        self.plugin.operator_token()
        self.certified()
        self.disk.fill()
        self.await_log("database or disk is full")
        status, problems = self.health()
        self.assertEqual(status, 503)
        self.assertIn("the state database cannot be written", problems)
        self.assertEqual(self.session()["state"], "certified")
        self.disk.empty()
        self.await_end_of("certified")
        self.assertEqual((self.session()["state"], self.session()["reason"]), ("expired", "certification_expired"))
        self.assertNotIn("cannot be used any more", self.plugin.log())
        self.assertEqual(self.plugin.stop(), 0)
        self.plugin.start()

    def test_a_start_without_room_may_be_tried_again(self):
        self.plugin.stop()
        self.addCleanup(self.plugin.start)
        self.addCleanup(self.disk.empty)
        (newest,) = (self.disk.outside / "audit").iterdir()
        with open(newest, "a") as trail:
            trail.write('{"cut off')
        self.disk.fill()
        done = subprocess.run([*self.disk.enter, SERVER, "--config", self.plugin.folder / "server.conf"], text=True,
                              capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 1, done.stderr)  # the unit does not start anew after 2 and 3
        self.disk.empty()


if __name__ == "__main__":
    unittest.main()
