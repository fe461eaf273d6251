"""What is wrong on the device itself: one clear line each in Mender's deployment log, and the old software runs."""

import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from path_case import PathCase  # noqa: E402
from plugin import EMULATED  # noqa: E402

BUILD = Path(os.environ["TWO_PATH_BUILD"])


class DeviceTroubles(PathCase):
    def setUp(self):
        super().setUp()
        # Then the module gives up after seconds instead of minutes.
        self.device.configure_mender(ModuleTimeoutSeconds=63)
        self.ordered = self.update(self.publish())
        self.deployment = self.deploy()

    def assert_refused_and_recovers(self, line, mend, state="Download"):
        """`state` fails with one line that says what is wrong; once it is mended the next update succeeds."""
        code, _ = self.ordered.call(state)
        self.assertEqual(code, 1, self.ordered.log)
        said = [text for text in self.ordered.log.splitlines() if f"two-path: {state}: " in text]
        self.assertEqual(len(said), 1, self.ordered.log)
        self.assertRegex(said[0], line)
        self.assertEqual(self.installed_version(), "1.0")
        mend()
        self.device.configure_mender()
        self.ordered.call("Cleanup", check=0)
        self.device.report(self.deployment, "failure")
        self.assert_next_update_succeeds()

    def test_a_broken_configuration(self):
        conf = self.device.folder / "two-path.conf"
        good = conf.read_text()
        conf.write_text(good.replace("{", '{"stall_timout": 3, ', 1))
        self.assert_refused_and_recovers(r"bad_configuration: .*two-path\.conf.*stall_timout",
                                         lambda: conf.write_text(good))

    @unittest.skipIf(EMULATED, "what is preloaded is of this machine")
    def test_a_clock_that_stands_before_the_certificate(self):
        self.device.more_environment = {"LD_PRELOAD": str(BUILD / "tests/support/clock_at.so"), "TWO_PATH_TIME": "0"}
        self.assert_refused_and_recovers(r"not yet valid; this device's clock says 1970-01-01T00:00:00Z",
                                         self.device.more_environment.clear)

    def test_a_state_directory_that_cannot_be_written(self):
        self.ordered.read_only_state()
        self.assert_refused_and_recovers(r"io_error: .*Read-only file system", lambda: self.ordered.small_disk(None))

    def test_a_mender_client_that_is_not_there(self):
        self.device.configure(server_url="", token_command=[])
        self.device.more_environment = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.device.folder}/no-bus"}

        def mend():
            self.device.more_environment.clear()
            self.device.configure(server_url=self.plugin.url, token_command=["/bin/cat", str(self.device.token_file)])

        self.assert_refused_and_recovers(r"no_token: .*no-bus", mend)

    def test_a_token_that_the_server_refuses(self):
        good = self.device.token_file.read_text()
        self.device.token_file.write_text(good[:-8] + "AAAAAAAA")
        self.assert_refused_and_recovers(r"no_token: .*that the server refused", lambda: self.device.token_file.write_text(good))


if __name__ == "__main__":
    unittest.main()
