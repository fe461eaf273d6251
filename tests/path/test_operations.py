"""What an operator looks after the plugin with: audit trail, doctor, backup and restore, while it works."""

import base64
import http.client
import json
import os
import shutil
import sqlite3
import ssl
import subprocess
import sys
import time
import unittest
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import bearer_tokens  # noqa: E402
from path_case import MIB, PathCase  # noqa: E402
from plugin import EMAIL, PASSWORD, SERVER, Plugin  # noqa: E402
from relay_case import RelayCase  # noqa: E402


class Audit(PathCase):
    def trail(self, *options):
        return [json.loads(line) for line in self.plugin.command("audit", "export", *options).stdout.splitlines()]

    def test_who_did_what_is_kept_over_a_kill(self):
        before = len(self.trail())
        self.publish("2.0", size=70_000)
        self.device.report(self.deploy(), "failure")
        deployment = self.plugin.json("deploy", self.release, "--device", self.device.id)["id"]
        self.plugin.command("deployments", "abort", deployment)
        refused, _, _ = self.plugin.request(
            "POST", "/api/management/v1/useradm/auth/login", None,
            {"Authorization": "Basic b3BlcmF0b3JAZXhhbXBsZS5jb206d3Jvbmc=", "Content-Length": "0"}, token="")
        self.assertEqual(refused, 401)
        self.plugin.change(limits__transfers=5)
        self.plugin.kill()
        self.plugin.start()
        self.plugin.command("releases", "remove", self.release)

        lines = self.trail()[before:]
        kept = [(line["actor"], line["action"], line.get("status")) for line in lines]
        for wanted in ((EMAIL, "payload.add", 201), (EMAIL, "release.publish", 201), (EMAIL, "artifact.upload", 201),
                       (EMAIL, "deployment.create", 201), (EMAIL, "deployment.abort", 204), (EMAIL, "login", 401),
                       ("plugin", "settings.reload", None), (EMAIL, "artifact.remove", 204),
                       (EMAIL, "release.remove", 204)):
            self.assertIn(wanted, kept)
        self.assertEqual(sorted(line["time"] for line in lines), [line["time"] for line in lines])
        (created, _) = [line for line in lines if line["action"] == "deployment.create"]
        self.assertIn(f"artifact {self.release}, devices 1", created["about"])
        (aborted,) = [line for line in lines if line["action"] == "deployment.abort"]
        self.assertIn(deployment, aborted["about"])
        self.assertEqual(aborted["address"], "127.0.0.1")
        self.assertEqual(self.trail("--since", lines[-1]["time"])[-1], lines[-1])
        whole = (self.plugin.folder / "state" / "audit" / "audit-00000001.jsonl").read_text()
        self.assertNotIn("wrong", whole)
        self.assertNotIn("Bearer", whole)

    def test_what_the_servers_commands_change_is_kept_while_it_runs(self):
        for command, action in (("create-user", "user.create"), ("set-password", "user.change")):
            done = subprocess.run([SERVER, "--config", self.plugin.folder / "server.conf", command, "more@example.com"],
                                  input="another good password\n", text=True, capture_output=True, timeout=60)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.plugin.command("releases", "remove", "none", check=False)
            line = next(line for line in reversed(self.trail()) if line["action"] == action)
            self.assertEqual(line["about"], "more@example.com")
            self.assertRegex(line["actor"], r"^system user \S+$")

    def test_devices_cannot_read_it(self):
        status, _, _ = self.plugin.request("GET", "/api/management/v1/two-path/audit", token=self.device.token)
        self.assertEqual(status, 401)


class Doctor(PathCase):
    settings = {"https.name": ["127.0.0.1", "localhost"]}

    def test_a_healthy_plugin_and_one_whose_second_path_is_away(self):
        done = self.plugin.command("doctor")
        self.assertNotIn("FAILED", done.stdout)
        found = {check["check"]: check["state"] for check in self.plugin.json("doctor")}
        self.assertEqual({name for name, state in found.items() if state == "failed"}, set())
        self.assertLessEqual({"first path", "second path", "clocks", "certificate", "names", "clock", "disk", "host",
                              "webhook"}, set(found))
        self.plugin.set(ftp__advertise="127.0.0.99")
        self.plugin.stop()
        self.plugin.start()
        done = self.plugin.command("doctor", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"FAILED   second path: 127\.0\.0\.99 port \d+: ")
        self.plugin.stop()
        done = self.plugin.command("doctor", check=False)
        self.plugin.start()
        self.assertEqual(done.returncode, 1)
        self.assertIn("FAILED   first path: ", done.stdout)


class Backup(RelayCase):
    settings = {}  # nobody stands on the second path

    def server(self, plugin, *words):
        return subprocess.run([SERVER, "--config", plugin.folder / "server.conf", *map(str, words)], text=True,
                              capture_output=True, timeout=60)

    def restored(self, backup):
        """Another plugin, on the same ports, that begins with this backup."""
        plugin = Plugin(self.folder / f"restored-{self.name}", settings=self.settings)
        plugin.set(https__listen=f"127.0.0.1:{self.plugin.https_port}", ftp__listen=f"127.0.0.1:{self.plugin.ftp_port}")
        plugin._write_configuration()
        done = self.server(plugin, "restore", backup)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return plugin

    def test_a_backup_made_during_an_update_brings_everything_back(self):
        token = self.plugin.operator_token()
        self.assert_next_update_succeeds("2.0")
        committed = self.session()
        artifact = self.publish("3.0", size=24 * MIB)
        self.deploy()
        update = self.update(artifact)
        process = update.start("Download")
        backup = self.folder / "backup"
        done = self.server(self.plugin, "backup", backup)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        update.finish(process, "Download", 0)
        self.assertEqual(self.server(self.plugin, "backup", backup).returncode, 6)
        self.assertEqual(backup.stat().st_mode & 0o777, 0o700)
        readable = [path.name for path in backup.rglob("*") if path.is_file() and path.stat().st_mode & 0o077]
        self.assertEqual(readable, ["certificate.pem"])

        self.plugin.stop()
        self.addCleanup(self.plugin.start)
        plugin = self.restored(backup)
        self.addCleanup(plugin.stop)
        plugin.start()
        # The same certificate, the same users and devices; only logins and tokens have ended, as those that were ended
        # since, and what signs tokens is in no backup.
        self.assertEqual(plugin.request("GET", "/api/management/v1/two-path/releases", token=token)[0], 401)
        plugin.command("login", "--server", plugin.url, "--ca", self.plugin.certificate, EMAIL,
                       text_input="correct horse battery staple\n")
        self.assertIn(committed, plugin.sessions(device=self.device.id))
        kept = [json.loads(line) for line in plugin.command("audit", "export").stdout.splitlines()]
        (restored,) = [line for line in kept if line["action"] == "state.restore"]
        self.assertEqual(restored["about"], str(backup))
        self.assertEqual([event["state"] for event in plugin.events(committed["id"])][-1], "committed")
        told = f"/api/devices/v1/two-path/sessions/{committed['id']}"
        self.assertEqual(plugin.request("GET", told, token=self.device.token)[0], 401)
        self.device.authenticate()
        self.assertEqual(plugin.request("GET", told, token=self.device.token)[0], 200)
        # The update that ran meanwhile: its certification is in no backup, so it ends, and the next attempt does well.
        update.call("ArtifactFailure", check=0)
        update.call("Cleanup", check=0)
        again = self.update(artifact)
        again.call("Download", check=0)
        self.assertEqual(plugin.sessions(device=self.device.id)[0]["state"], "invalidated")

    def test_stolen_database_backup_holds_nothing_to_log_in_with(self):
        _, _, answer = self.plugin.request("POST", "/api/management/v1/useradm/settings/tokens", {"name": "stolen"})
        personal = answer.decode()
        self.publish()
        self.deploy()
        _, certification = self.open_session()
        backup = self.folder / "backup-10"
        self.assertEqual(self.server(self.plugin, "backup", backup).returncode, 0)

        def bytes_below(folder):
            return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

        live, stolen = (bytes_below(folder) for folder in (self.plugin.folder / "state", backup))
        wanted = {"the password": PASSWORD.encode(), "the device's token": self.device.token.encode(),
                  "a certification": certification.encode(), "its bytes": base64.urlsafe_b64decode(certification + "=")}
        for name, token in (("a login", self.plugin.operator_token()), ("a personal access token", personal)):
            wanted[f"{name}, whole"] = token.encode()
            wanted[f"{name}, by its id"] = bearer_tokens.claims_of(token)["jti"].encode()
        for name, secret in wanted.items():
            self.assertEqual([path.name for path, content in stolen.items() if secret in content], [], name)
        # That it would be found: what lives is in the state.
        for name in ("a certification", "a login, by its id", "a personal access token, by its id"):
            self.assertTrue([path for path, content in live.items() if wanted[name] in content], name)
        # And what signs tokens is there, and not in the backup; the certificate's key is in its folder alone.
        keys = [{path.relative_to(folder).parts[0] for path, content in files.items() if b"PRIVATE KEY" in content}
                for folder, files in ((self.plugin.folder / "state", live), (backup, stolen))]
        self.assertEqual(keys, [{"keys", "tls"}, {"tls"}])
        with closing(sqlite3.connect(backup / "host.db")) as database:
            for (kept,) in database.execute("SELECT password FROM users"):
                self.assertTrue(kept.startswith("scrypt$"))

    def test_a_state_that_is_there_is_not_overwritten(self):
        backup = self.folder / "backup-2"
        self.assertEqual(self.server(self.plugin, "backup", backup).returncode, 0)
        done = self.server(self.plugin, "restore", backup)
        self.assertEqual(done.returncode, 6)
        self.assertIn("is in use by another two-path-server", done.stderr)
        self.plugin.stop()
        self.addCleanup(self.plugin.start)
        done = self.server(self.plugin, "restore", backup)
        self.assertEqual(done.returncode, 6)
        self.assertIn("is not empty", done.stderr)
        self.assertEqual(self.server(self.plugin, "restore", self.folder).returncode, 3)

    def test_a_folder_that_is_not_the_backups_own_is_left_alone(self):
        partial = self.folder / "backup-5.partial"
        partial.mkdir()
        (partial / "of somebody else").touch()
        done = self.server(self.plugin, "backup", self.folder / "backup-5")
        self.assertEqual(done.returncode, 6)
        self.assertIn(str(partial), done.stderr)
        self.assertTrue((partial / "of somebody else").exists())

    def test_a_file_system_of_its_own_is_empty_enough(self):
        backup = self.folder / "backup-6"
        self.assertEqual(self.server(self.plugin, "backup", backup).returncode, 0)
        state = self.folder / "elsewhere-6"
        (state / "lost+found").mkdir(parents=True)
        done = subprocess.run([SERVER, "--state_dir", state, "restore", backup], text=True, capture_output=True,
                              timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_an_artifact_without_its_file_is_no_backup(self):
        self.publish("2.0", size=70_000)
        artifact = next((self.plugin.folder / "state" / "artifacts" / "payloads").iterdir())
        aside = self.folder / "artifact"
        artifact.rename(aside)
        self.addCleanup(aside.rename, artifact)
        done = self.server(self.plugin, "backup", self.folder / "backup-7")
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertIn(artifact.name, done.stderr)

    def test_links_that_the_services_user_put_there_bring_nothing_into_a_backup(self):
        """Root makes backups, and gives what is in them to that user."""
        plugin = Plugin(self.folder / "linked")
        plugin.start()
        plugin.stop()
        state = plugin.folder / "state"
        outside = self.folder / "outside"
        outside.mkdir()
        shutil.copy(state / "host.db", outside / "secret")

        def refused(place):
            done = self.server(plugin, "backup", self.folder / "backup-8")
            self.assertEqual(done.returncode, 4, place)
            self.assertIn(str(place), done.stderr)
            self.assertEqual([], list(self.folder.glob("backup-8*")))

        for place, target in ((state / "tls" / "more", outside / "secret"), (state / "audit", outside),
                              (state / "tls", outside), (state / "artifacts", outside), (state / "payloads", outside),
                              (state / "host.db", outside / "secret"), (state / "two-path.db", outside / "secret")):
            aside = self.folder / "aside"
            if place.exists():
                place.rename(aside)
            place.symlink_to(target)
            refused(place)
            place.unlink()
            if aside.exists():
                aside.rename(place)
        os.mkfifo(state / "tls" / "pipe")
        refused(state / "tls" / "pipe")
        (state / "tls" / "pipe").unlink()
        if os.geteuid() == 0:
            (state / "tls" / "other").touch()
            os.chown(state / "tls" / "other", 1234, 1234)
            refused(state / "tls" / "other")
            (state / "tls" / "other").unlink()
        self.assertEqual(self.server(plugin, "backup", self.folder / "backup-8").returncode, 0)

    @unittest.skipUnless(os.geteuid() == 0, "only root can give files away")
    def test_what_root_restores_is_the_state_folders_owners(self):
        backup = self.folder / "backup-9"
        self.assertEqual(self.server(self.plugin, "backup", backup).returncode, 0)
        state = self.folder / "elsewhere-9"
        state.mkdir(0o700)
        os.chown(state, 1234, 1234)
        done = subprocess.run([SERVER, "--state_dir", state, "restore", backup], text=True, capture_output=True,
                              timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual({path.lstat().st_uid for path in (state, *state.rglob("*"))}, {1234})

    def test_a_damaged_payload_is_found(self):
        self.publish("2.0", size=70_000)
        payload = next((self.plugin.folder / "state" / "payloads").iterdir())
        good = payload.read_bytes()
        payload.write_bytes(bytes([good[0] ^ 1]) + good[1:])
        self.addCleanup(payload.write_bytes, good)
        backup = self.folder / "backup-3"
        done = self.server(self.plugin, "backup", backup)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("SHA-256", done.stderr)
        self.assertEqual([], list(self.folder.glob("backup-3*")))
        payload.write_bytes(good)
        self.assertEqual(self.server(self.plugin, "backup", backup).returncode, 0)
        # ... also at the other end.
        kept = next((backup / "payloads").iterdir())
        kept.write_bytes(b"x")
        shutil.rmtree(self.folder / "elsewhere", ignore_errors=True)
        done = subprocess.run([SERVER, "--state_dir", self.folder / "elsewhere", "restore", backup], text=True,
                              capture_output=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertFalse((self.folder / "elsewhere" / "two-path.db").exists())


class Quota(PathCase):
    settings = {"retention.payload_quota_mib": 3}

    def test_what_is_over_the_quota_is_refused_and_room_is_made_by_hand(self):
        payload = self.device.folder / "payload"
        publish = ["publish", payload, "--device-type", self.device.device_type, "--installer", "tracer",
                   "--version-file", "/opt/VERSION"]
        payload.write_bytes(os.urandom(2 * MIB))
        self.plugin.command(*publish, "--name", "first", "--version", "1")
        payload.write_bytes(os.urandom(2 * MIB))
        done = self.plugin.command(*publish, "--name", "second", "--version", "2", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("payload_quota_mib", done.stderr)
        self.assertEqual([release["name"] for release in self.plugin.json("releases")], ["first"])
        self.plugin.command("releases", "remove", "first")
        # A publication under way might still need the payload: it is the operator who removes it so soon.
        self.assertNotEqual(self.plugin.command(*publish, "--name", "second", "--version", "2", check=False).returncode,
                            0)
        (kept,) = self.plugin.get("/api/management/v1/two-path/payloads")
        self.plugin.request("DELETE", f"/api/management/v1/two-path/payloads/{kept['id']}")
        self.plugin.command(*publish, "--name", "second", "--version", "2")


class QuotaAtOnce(PathCase):
    settings = {"retention.payload_quota_mib": 3}

    def begin(self, content):
        """An upload whose body is still to be sent."""
        context = ssl.create_default_context(cafile=self.plugin.certificate)
        upload = http.client.HTTPSConnection(self.plugin.address, self.plugin.https_port, context=context, timeout=30)
        self.addCleanup(upload.close)
        upload.putrequest("POST", "/api/management/v1/two-path/payloads")
        upload.putheader("Authorization", f"Bearer {self.plugin.operator_token()}")
        upload.putheader("Content-Length", len(content))
        upload.endheaders()
        return upload

    def test_uploads_at_a_time_are_not_over_it_together(self):
        first, second = os.urandom(3 * MIB), os.urandom(2 * MIB)
        upload = self.begin(first)
        upload.send(first[:2 * MIB])
        incoming = self.plugin.folder / "state" / "incoming"
        end = time.monotonic() + 30
        while sum(file.stat().st_size for file in incoming.iterdir()) < 2 * MIB:
            self.assertLess(time.monotonic(), end, "what was sent does not arrive")
            self.wait_for_the_next_look()
        other = self.begin(second)
        other.send(second)
        self.assertEqual(other.getresponse().status, 507)
        upload.send(first[2 * MIB:])
        self.assertEqual(upload.getresponse().status, 201)
        self.assertEqual([payload["size"] for payload in self.plugin.get("/api/management/v1/two-path/payloads")],
                         [3 * MIB])


if __name__ == "__main__":
    unittest.main()
