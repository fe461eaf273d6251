"""Releases that are in a Mender server with their whole artifact, made into releases of two-path."""

import hashlib
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import artifacts  # noqa: E402
from mender_case import MenderCase  # noqa: E402
from mender_server import LINK_SECRET  # noqa: E402
from path_case import MIB, RELAY  # noqa: E402
from relay import Relay  # noqa: E402

OWN = "/api/management/v1/two-path"
IMPORTED = ("--version", "2.0", "--no-version-check")


class ImportCase(MenderCase):
    settings = {"ftp.advertise": RELAY}

    @property
    def twin(self):
        return self.name + "+two-path"

    def upload(self, content=b"x" * 5000, name=None, options=(), installer="tracer", device_type=None):
        """A whole artifact in Mender; gives its id."""
        path = artifacts.write(self.device.folder / "full.mender", installer, name or self.name, {"payload": content},
                               device_type or self.device.device_type, options)
        return self.mender.artifacts.add(path.read_bytes())

    def key(self, name):
        return artifacts.key_pair(self.device.folder, name)

    def import_it(self, *options, code=0, release=None):
        done = self.plugin.command("import", release or self.name, *(options or IMPORTED), check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def registered(self):
        return {one["name"]: one for one in self.plugin.get(OWN + "/releases")}

    def downloads(self):
        return [target for _, target in self.mender.requests if target.startswith("/storage/")]

    def payloads(self):
        return [one["id"] for one in self.plugin.get(OWN + "/payloads")]

    def state(self):
        return self.plugin.get(f"{OWN}/imports/{self.name}")

    def is_nowhere(self, twin=None):
        twin = twin or self.twin
        self.assertNotIn(twin, self.registered())
        self.assertEqual(self.mender.artifacts.named(twin), [])
        left = (self.plugin.folder / "state" / "imports").rglob("*")
        self.assertEqual([path for path in left if path.is_file()], [])

    def wait_until(self, holds):
        end = time.monotonic() + 30
        while not holds():
            self.assertLess(time.monotonic(), end)
            self.wait_for_the_next_look()

    def tearDown(self):
        self.assertNotIn(LINK_SECRET, self.plugin.log())
        super().tearDown()


class Importing(ImportCase):
    def test_a_whole_artifact_is_fetched_once_and_installed_from_its_twin(self):
        full = self.upload(b"APP_VERSION=2.0\n" + b"z" * 3 * MIB)
        before = len(self.downloads())
        self.import_it("--version", "2.0", "--version-file", f"{self.device.installed}/VERSION:APP_VERSION")
        self.assertEqual(len(self.downloads()), before + 1)
        [twin] = self.mender.artifacts.named(self.twin)
        self.assertEqual((twin["updates"][0]["type_info"], twin["signed"]), ({"type": "two-path"}, False))
        self.assertEqual(self.registered()[self.twin]["artifact"], twin["id"])
        self.assertIn(full, [one["id"] for one in self.mender.artifacts.named(self.name)])

        artifact = self.device.folder / "twin.mender"
        artifact.write_bytes(self.mender.artifacts.content[twin["id"]])
        self.release = self.twin
        deployment = self.deploy()
        update = self.update(artifact)
        relay = Relay(self.plugin.address, self.plugin.ftp_port, RELAY)
        self.addCleanup(relay.__exit__)
        update.install()
        self.finish_update(update, deployment)
        self.assertIn("is there already", self.import_it(code=6))
        self.assertEqual(len(self.downloads()), before + 1)

    def test_a_storage_of_its_own_in_plain_http_serves_as_well(self):
        self.mender.storage = lambda: self.mender.plain_url
        self.addCleanup(setattr, self.mender, "storage", lambda: self.mender.url)
        self.upload()
        self.import_it()
        self.assertIn(self.twin, self.registered())

    def test_what_cannot_have_a_twin_is_refused_with_the_reason_before_it_is_fetched(self):
        before = len(self.downloads())
        self.upload(options=("--artifact-name-depends", "other"))
        self.assertIn("depends on `artifact_name`", self.import_it(code=2))
        several = self.name + "-several"
        self.upload(name=several)
        self.upload(name=several, device_type="another")
        self.assertIn("holds 2 artifacts", self.import_it(code=2, release=several))
        self.assertIn("no release", self.import_it(code=5, release=self.name + "-none"))
        ours = self.name + "-ours"
        self.plugin.command("publish", __file__, "--name", ours, "--version", "1", "--installer", "tracer",
                            "--device-type", "board", "--no-version-check")
        self.assertIn("is one of two-path already", self.import_it(code=2, release=ours))
        self.assertEqual(len(self.downloads()), before)
        self.is_nowhere()

    def test_a_storage_that_fails_is_told_and_leaves_nothing(self):
        self.upload()
        for how, code in (({"status": 404}, 7), ({"close": True}, 7), ({"status": 302}, 7),
                          ({"status": 200, "body": b"short"}, 7)):
            with self.subTest(how):
                self.mender.fault("^/storage/", **how)
                self.import_it(code=code)
                self.mender.heal()
                self.is_nowhere()
        self.import_it()

    def test_an_artifact_that_is_none_is_refused(self):
        full = self.upload()
        self.mender.artifacts.content[full] = bytes(len(self.mender.artifacts.content[full]))
        self.import_it(code=2)
        self.is_nowhere()

    def test_what_mender_refuses_is_not_registered_either(self):
        self.upload()
        self.mender.fault("/deployments/artifacts$", status=413)
        self.import_it(code=2)
        self.mender.heal()
        self.is_nowhere()

    def test_an_upload_whose_answer_was_lost_is_found(self):
        self.upload()
        self.mender.fault("/deployments/artifacts$", served=True, close=True)
        self.import_it()
        self.mender.heal()
        [twin] = self.mender.artifacts.named(self.twin)
        self.assertEqual(self.registered()[self.twin]["artifact"], twin["id"])

    def test_an_import_under_way_is_the_answer_to_another(self):
        self.upload()
        before = len(self.downloads())
        fault = self.mender.fault("^/storage/", delay=2)
        first = threading.Thread(target=self.import_it)
        first.start()
        self.wait_until(lambda: fault.hits)
        self.import_it()
        first.join()
        self.assertEqual(len(self.downloads()), before + 1)



class BrokenOff(ImportCase):
    """What the plugin's end does to an import, and what a failed one leaves."""

    settings = {"host.release_poll_seconds": 1, "host.free_after_seconds": 1, **ImportCase.settings}

    def order(self):
        status, _, body = self.plugin.request("POST", OWN + "/imports", {
            "release": self.name, "version": "2.0", "sequence": 7, "version_check": False})
        self.assertEqual(status, 202, body)

    def killed_in(self, fault, attempt=1):
        self.wait_until(lambda: fault.hits == attempt)
        self.plugin.kill()

    def killed_by(self, pattern, **how):
        """A request that ends the plugin before its answer."""
        killed = threading.Event()
        self.mender.fault(pattern, close=True, act=lambda: (self.plugin.kill(), killed.set()), **how)
        self.order()
        self.assertTrue(killed.wait(30))

    def is_done(self, attempts):
        self.wait_for_log(f"imported release {self.name} as {self.twin}", 0)
        import_ = self.state()
        self.assertEqual((import_["state"], import_["attempts"]), ("done", attempts))
        [twin] = self.mender.artifacts.named(self.twin)
        release = self.registered()[self.twin]
        self.assertEqual((release["artifact"], release["sequence"]), (twin["id"], 7))

    def test_what_a_failed_import_left_is_freed_and_why_it_failed_is_shown(self):
        content = self.name.encode()
        self.upload(content)
        self.mender.fault("/deployments/artifacts$", status=413)
        since = len(self.plugin.log())
        self.import_it(code=2)
        self.mender.heal()
        self.wait_for_log(f"which the import of release {self.name} left (too_large", since)
        payload = hashlib.sha256(content).hexdigest()
        self.assertIn(f"freed payload {payload} of {len(content)} bytes", self.plugin.log()[since:])
        self.assertNotIn(payload, self.payloads())
        self.assertEqual(self.state()["reason"], "too_large")
        self.assertIn("too_large", self.plugin.command("import").stdout)

    def test_an_import_that_was_killed_while_it_fetched_is_taken_up_again(self):
        self.upload()
        fault = self.mender.fault("^/storage/", delay=60)
        self.order()
        self.killed_in(fault)
        self.mender.heal()
        self.plugin.start()
        self.is_done(attempts=2)

    def test_an_import_goes_on_after_an_ordinary_restart(self):
        self.upload()
        fault = self.mender.fault("^/storage/", delay=5)
        self.order()
        self.wait_until(lambda: fault.hits)
        self.plugin.stop()
        self.mender.heal()
        self.plugin.start()
        self.is_done(attempts=2)

    def test_a_twin_that_was_uploaded_before_the_kill_is_recognised(self):
        self.upload()
        before = len(self.downloads())
        self.killed_by("/deployments/artifacts$", served=True)
        self.wait_until(lambda: self.mender.artifacts.named(self.twin))
        self.mender.heal()
        self.plugin.start()
        self.is_done(attempts=2)
        self.assertEqual(len(self.downloads()), before + 1)

    def test_a_twin_that_was_registered_and_not_uploaded_is(self):
        self.upload()
        self.killed_by("/deployments/artifacts$")
        self.mender.heal()
        self.plugin.start()
        self.is_done(attempts=2)

    def test_one_that_ends_the_plugin_each_time_is_given_up(self):
        self.upload()
        fault = self.mender.fault("^/storage/", delay=60)
        self.order()
        for attempt in range(1, 5):
            self.killed_in(fault, attempt)
            self.plugin.start()
        self.killed_in(fault, 5)
        self.mender.heal()
        since = len(self.plugin.log())
        self.plugin.start()
        self.wait_for_log(f"release {self.name} cannot be imported: interrupted", since)
        self.assertEqual((self.state()["state"], self.state()["attempts"]), ("failed", 5))
        self.is_nowhere()
        self.import_it()


class Signed(ImportCase):
    settings = {"host.release_poll_seconds": 1, "host.free_after_seconds": 1, **ImportCase.settings}

    def test_a_twin_that_is_removed_unsigned_goes_with_its_payload(self):
        private, _ = self.key("release")
        self.upload(self.name.encode(), options=("-k", private))
        self.import_it()
        [file] = self.registered()[self.twin]["files"]
        since = len(self.plugin.log())
        self.assertEqual(self.plugin.request("DELETE", f"{OWN}/releases/{self.twin}")[0], 204)
        self.wait_for_log(f"freed payload {file['id']}", since)
        self.assertEqual(self.state()["reason"], "aborted")
        self.assertNotIn(file["id"], self.payloads())

    def test_a_signed_artifact_gives_one_that_awaits_its_signature(self):
        private, public = self.key("release")
        self.upload(options=("-k", private))
        output = self.device.folder / "twin.mender"
        self.assertIn("awaits its signature", self.import_it())
        self.assertEqual(self.mender.artifacts.named(self.twin), [])
        self.assertTrue(self.registered()[self.twin]["awaits_signature"])
        self.plugin.stop()
        self.plugin.start()
        before = len(self.downloads())
        self.import_it(*IMPORTED, "--output", output)
        self.assertEqual(len(self.downloads()), before)
        subprocess.run(["mender-artifact", "sign", "-k", private, output], check=True, capture_output=True)
        self.plugin.command("publish", "--upload", output, "--verify-key", public)
        [twin] = self.mender.artifacts.named(self.twin)
        self.assertTrue(twin["signed"])
        self.assertNotIn("awaits_signature", self.registered()[self.twin])
        self.assertEqual(self.plugin.request("GET", f"{OWN}/releases/{self.twin}/artifact")[0], 404)


class SignCommand(ImportCase):
    @classmethod
    def settings_for(cls, mender):
        folder = mender.certificate.parent
        cls.private, cls.public = artifacts.key_pair(folder, "release")
        command = folder / "sign"
        command.write_text(f"#!/bin/sh\nopenssl dgst -sha256 -sign {cls.private} | base64 -w0\n")
        command.chmod(0o755)
        return {**cls.settings, "mender.sign_command": command, "mender.artifact_key": cls.public}

    def test_the_operators_command_signs_what_was_signed(self):
        self.upload(options=("-k", self.private))
        self.import_it()
        [twin] = self.mender.artifacts.named(self.twin)
        path = self.device.folder / "twin.mender"
        path.write_bytes(self.mender.artifacts.content[twin["id"]])
        subprocess.run(["mender-artifact", "validate", "-k", self.public, path], check=True, capture_output=True)

    def test_what_another_key_signed_is_not_signed_anew(self):
        private, _ = self.key("another")
        self.upload(options=("-k", private))
        self.import_it(code=8)
        self.is_nowhere()

    def test_what_was_not_signed_is_not_signed(self):
        self.upload()
        self.import_it()
        [twin] = self.mender.artifacts.named(self.twin)
        self.assertFalse(twin["signed"])


class AutoImport(ImportCase):
    settings = {"mender.auto_import_tag": "two-path", "host.release_poll_seconds": 1, **ImportCase.settings}

    def test_a_tag_in_mender_is_all_that_an_operator_does(self):
        self.upload()
        refused = self.name + "-refused"
        self.upload(name=refused, options=("--artifact-name-depends", "other"))
        other = self.name + "-untagged"
        self.upload(name=other)
        since = len(self.plugin.log())
        before = len(self.downloads())
        self.mender.artifacts.tags = {self.name: ["stable", "two-path"], refused: ["two-path"], other: ["stable"]}
        self.wait_for_log(f"imported release {self.name} as {self.twin}", since)
        self.wait_for_log(f"release {refused}, which is tagged for two-path, cannot be imported", since)
        release = self.registered()[self.twin]
        self.assertEqual((release["version"], release["version_check"]), (self.name, False))
        self.assertNotIn(other + "+two-path", self.registered())
        # The next looks change nothing, and say nothing.
        asked = len(self.mender.requests)
        self.mender.artifacts.tags[self.twin] = ["two-path"]
        while sum("releases?tag=" in target for _, target in self.mender.requests[asked:]) < 3:
            self.wait_for_the_next_look()
        self.assertEqual(self.plugin.log()[since:].count("cannot be imported"), 1)
        self.assertEqual(len(self.downloads()), before + 1)


if __name__ == "__main__":
    unittest.main()
