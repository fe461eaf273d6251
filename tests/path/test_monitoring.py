"""What those who watch the server get: metrics that Prometheus takes, and health that notices."""

import contextlib
import json
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import unpacked  # noqa: E402
from path_case import MIB, RELAY, PathCase  # noqa: E402

API = "/api/management/v1/two-path"
TOKEN = "made-for-prometheus-alone"


class MonitoringCase(PathCase):
    @classmethod
    def new_plugin(cls):
        token = cls.folder / "metrics-token"
        token.write_text(TOKEN + "\n")
        token.chmod(0o640)
        cls.settings = {**cls.settings, "metrics.token_file": token}
        return super().new_plugin()

    def ask(self, path, token=""):
        return self.plugin.request("GET", API + path, token=token)

    def figures(self):
        """What the metrics say, once promtool has nothing to say about them."""
        status, headers, body = self.ask("/metrics", TOKEN)
        self.assertEqual(status, 200)
        self.assertTrue(headers["Content-Type"].startswith("text/plain; version=0.0.4"))
        promtool = unpacked.unpacked("prometheus") / "usr/bin/promtool"
        checked = subprocess.run([promtool, "check", "metrics"], input=body, capture_output=True)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, b""), body.decode())
        lines = [line for line in body.decode().splitlines() if not line.startswith("#")]
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


class Monitoring(MonitoringCase):
    def test_prometheus_takes_the_metrics_and_they_tell_what_happened(self):
        update = self.update(self.publish(size=2 * MIB))
        self.deploy()
        update.call("Download", check=0)
        figures = self.figures()
        self.assertEqual(figures['two_path_sessions{state="invalidated"}'], 1)
        self.assertEqual(figures['two_path_sessions{state="transferring"}'], 0)
        self.assertEqual(figures['two_path_transferred_bytes_total{path="ftp",mode="pull"}'], 2 * MIB)
        self.assertGreaterEqual(figures['two_path_sent_bytes_total{path="ftp"}'], 2 * MIB)
        self.assertEqual(figures['two_path_sent_bytes_total{path="https"}'], 0)
        self.assertEqual(figures["two_path_fallbacks_total"], 0)
        self.assertEqual(figures["two_path_catalog_bytes"], 2 * MIB)
        self.assertGreater(figures['two_path_https_requests_total{status="200"}'], 0)

    def test_metrics_are_kept_from_strangers_and_the_token_opens_nothing_else(self):
        for token in ("", TOKEN[:-1], self.device.token):
            self.assertEqual(self.ask("/metrics", token)[0], 401)
        self.assertEqual(self.ask("/metrics", None)[0], 200)  # an operator
        for path in ("/sessions", "/releases", "/events"):
            self.assertEqual(self.ask(path, TOKEN)[0], 401, path)

    def test_health_notices_a_state_that_cannot_be_written(self):
        plugin = type(self.plugin)(pathlib.Path(tempfile.mkdtemp(dir=self.folder)) / "plugin")
        plugin.start()
        self.addCleanup(plugin.stop)
        database = plugin.folder / "state" / "two-path.db"
        with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            status, _, body = plugin.request("GET", API + "/health", token="")
            other.execute("ROLLBACK")
        self.assertEqual(status, 503)
        self.assertEqual(json.loads(body), {"status": "failing",
                                            "problems": ["the state database cannot be written"]})
        self.assertNotIn(str(self.folder), body.decode())

    def test_health_needs_no_token(self):
        status, _, body = self.ask("/health")
        self.assertEqual((status, json.loads(body)), (200, {"status": "ok"}))

    def test_a_token_file_that_cannot_serve_is_refused_at_the_start(self):
        for content, mode in ((None, 0o600), ("short", 0o600), ("two words of some length", 0o600), (TOKEN, 0o644)):
            folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
            token = folder / "token"
            if content is not None:
                token.write_text(content)
                token.chmod(mode)
            plugin = type(self.plugin)(folder / "plugin", settings={"metrics.token_file": token})
            with self.assertRaises(RuntimeError):
                plugin.start()
            self.assertIn("token_file", plugin.log())


class WithoutASecondPath(MonitoringCase):
    settings = {"ftp.advertise": RELAY, "session.redeploy": 0}  # where nobody listens

    def setUp(self):
        super().setUp()
        self.device.configure(connect_timeout=1, stall_timeout=1)

    def test_a_fallback_is_counted_with_its_bytes(self):
        self.plugin.change(session__fallback="https")
        update = self.update(self.publish(size=2 * MIB))
        self.deploy()
        update.call("Download", check=0)
        figures = self.figures()
        self.assertEqual(figures["two_path_fallbacks_total"], 1)
        self.assertEqual(figures['two_path_sent_bytes_total{path="ftp"}'], 0)
        self.assertGreaterEqual(figures['two_path_sent_bytes_total{path="https"}'], 2 * MIB)
        self.assertEqual(figures['two_path_transferred_bytes_total{path="https",mode="pull"}'], 2 * MIB)

    def test_a_failure_is_counted_by_its_reason(self):
        self.plugin.change(session__fallback="fail")
        update = self.update(self.publish(size=2 * MIB))
        self.deploy()
        update.call("Download")
        session = self.session()
        self.assertEqual(session["state"], "failed")
        name = f'two_path_sessions_ended_total{{state="failed",reason="{self.session()["reason"]}"}}'
        self.assertEqual(self.figures()[name], 1, session)


if __name__ == "__main__":
    unittest.main()
