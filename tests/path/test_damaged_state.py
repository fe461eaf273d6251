"""What the plugin's disk has changed or lost is never believed: it is named, and what to do."""

import os
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from path_case import PathCase  # noqa: E402
from plugin import SERVER  # noqa: E402


KIB = 1024


FILES = ("two-path.db", "host.db", "keys/tokens.pem", "keys/download-links.key", "tls/certificate.pem", "tls/key.pem")


class DamagedState(PathCase):
    settings = {"session.redeploy": 0}

    def payload(self):
        (payload,) = (self.plugin.folder / "state" / "payloads").glob("[0-9a-f]*[0-9a-f]")
        return payload

    def download(self, code, reason=""):
        update = self.update(self.artifact)
        deployment = self.deploy()
        update.call("Download", check=code)
        update.call("Cleanup", check=0)
        self.device.report(deployment, "failure")
        self.assertIn(reason, update.log)
        return update

    def await_log(self, words, within=30):
        end = time.monotonic() + within
        while words not in self.plugin.log():
            self.assertLess(time.monotonic(), end, self.plugin.log()[-2000:])
            self.wait_for_the_next_look()

    def test_a_start_on_damaged_files_is_refused_by_their_name(self):
        self.plugin.stop()
        self.addCleanup(self.plugin.start)
        for name in FILES:
            path = self.plugin.folder / "state" / name
            whole = path.read_bytes()
            try:
                for damaged in (b"", whole[:len(whole) // 2], os.urandom(len(whole))):
                    with self.subTest(file=name, size=len(damaged)):
                        path.write_bytes(damaged)
                        done = subprocess.run([SERVER, "--config", self.plugin.folder / "server.conf"], text=True,
                                              capture_output=True, timeout=20)
                        self.assertEqual(done.returncode, 3, done.stderr)
                        self.assertIn(name, done.stderr)
            finally:
                path.write_bytes(whole)

    def test_a_changed_payload_is_put_aside_and_told_and_its_files_published_again_are_served(self):
        self.artifact = self.publish(size=96 * KIB)
        payload = self.payload()
        whole = payload.read_bytes()
        payload.write_bytes(whole[:50_000] + bytes([whole[50_000] ^ 1]) + whole[50_001:])
        self.download(1, "tampered")
        self.assertEqual(self.installed_version(), "1.0")
        self.await_log(f"this disk has changed payload {payload.name} of release {self.release}")
        self.assertTrue(payload.with_name(f"{payload.name}.damaged").exists())
        self.download(1, "payload_missing")
        self.plugin.command("publish", self.device.folder / "payload-2.0", "--name", "again", "--version", "2.0",
                            "--device-type", self.device.device_type, "--installer", "tracer", "--version-file",
                            f"{self.device.installed}/VERSION:APP_VERSION")
        self.assertEqual(payload.read_bytes(), whole)
        self.download(0)


if __name__ == "__main__":
    unittest.main()
