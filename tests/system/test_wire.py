"""What crosses each path, listened to on a cable between device and server."""

import json
import os
import pathlib
import sqlite3
import sys
import tempfile
import unittest
from contextlib import closing

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from capture import is_tls  # noqa: E402
from fleet import Fleet  # noqa: E402
from network import Network  # noqa: E402

MIB = 1024 * 1024


class WireTest(unittest.TestCase):
    """One update; its wire is looked at from several sides."""

    mode = "pull"
    settings = {}       # the plugin's
    configuration = {}  # two-path.conf's

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        network = Network()
        cls.addClassCleanup(network.close)
        cls.fleet = fleet = Fleet(pathlib.Path(folder.name), network, settings=cls.settings)
        cls.addClassCleanup(fleet.stop)
        fleet.device.write("/etc/two-path/two-path.conf", json.dumps(cls.configuration))
        cls.secret = b""
        cls.content = os.urandom(3 * MIB)
        fleet.publish_directory("app-2.0", "2.0", {"VERSION": b"2.0\n", "data": cls.content})
        with network.server.capture() as capture:
            fleet.start()
            deployment = fleet.order("app-2.0")
            cls.keep_secret()
            outcome = fleet.outcome(deployment)
            cls.token, _ = fleet.device.token()
        if outcome != "success":
            raise AssertionError(outcome + "\n" + fleet.device.log.text()[-6000:])
        cls.first, cls.second = [], []
        for flow, content in capture.flows().items():
            https = fleet.plugin.https_port in (flow.source_port, flow.target_port)
            (cls.first if https else cls.second).append(content)

    @classmethod
    def keep_secret(cls):
        """Reads the first certification information from the plugin's state while it lives."""
        database = cls.fleet.plugin.folder / "state" / "two-path.db"
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            while not cls.secret and not cls.fleet.reported():
                row = connection.execute("SELECT secret FROM certifications").fetchone()
                cls.secret = row[0].encode() if row else b""

    def test_the_update_took_the_way_that_was_configured(self):
        self.assertEqual(self.fleet.session()["mode"], self.mode)

    def test_C8_C10_nothing_but_TLS_crosses_the_first_path(self):
        self.assertGreater(len(self.first), 1)
        for content in self.first:
            self.assertTrue(is_tls(content), content[:100])

    def test_C9_C10_the_payload_crosses_the_second_path_in_clear(self):
        self.assertTrue([content for content in self.second if self.content[:MIB] in content])
        self.assertTrue([content for content in self.second if content.startswith(b"USER ")])

    def test_C9_neither_the_certification_nor_a_token_crosses_the_second_path(self):
        self.assertEqual(43, len(self.secret))
        self.assertTrue(self.token)
        for content in self.second:
            self.assertNotIn(self.secret, content)
            self.assertNotIn(self.token.encode(), content)
            self.assertNotRegex(content, rb"eyJ[\w-]+\.[\w-]+\.[\w-]+")


class PushWireTest(WireTest):
    mode = "push"
    settings = {"ftp.push": "true"}
    configuration = {"mode": "push", "push_address": "cable"}


if __name__ == "__main__":
    unittest.main()
