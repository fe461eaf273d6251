"""What can be tried on the first path, by strangers, by devices and by operators, one test for each row of
docs/security.md that no other file shows."""

import gzip
import io
import json
import socket
import ssl
import subprocess
import sys
import tarfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from path_case import MIB, RELAY  # noqa: E402
from relay_case import SESSIONS, RelayCase  # noqa: E402

RELEASES = "/api/management/v1/two-path/releases"
ARTIFACTS = "/api/management/v1/deployments/artifacts"


class Reports(RelayCase):
    """Between the restart and the version."""

    def installed(self):
        """A device that has restarted into an update and said nothing yet; gives its session's place and the update."""
        version = f"{self.device.installed}/VERSION:APP_VERSION"
        update = self.ready(options=["--version-file", version, "--reboot", "always"])
        self.relay()
        update.install()
        return f"{SESSIONS}/{self.session()['id']}", update

    def assert_refused_to(self, device, method, place, body, reason):
        """Without a change of the session."""
        before = self.plugin.events(self.session()["id"])
        _, told = self.as_device(method, place, body, device)
        self.assertEqual(told.get("reason"), reason, told)
        self.assertEqual(self.plugin.events(self.session()["id"]), before)

    def goes_on(self, update):
        update.call("ArtifactVerifyReboot", check=0)
        self.assertEqual(self.session()["state"], "confirmed")

    def test_forged_start_notification_changes_nothing(self):
        place, update = self.installed()
        start = f"{place}/start"
        self.assert_refused_to(self.new_device(), "POST", start, {"boot_id": "another"}, "not_found")
        self.assertEqual(self.plugin.request("POST", start, {"boot_id": "another"}, token="")[0], 401)
        self.assertEqual(self.plugin.request("POST", start, {"boot_id": "another"})[0], 401)  # an operator's token
        before = self.device_boot_id_at_open()
        self.assert_refused_to(self.device, "POST", start, {"boot_id": before}, "out_of_order")
        self.goes_on(update)

    def device_boot_id_at_open(self):
        return json.loads((self.device.state / "record.json").read_text())["boot_id"]

    def test_forged_version_changes_nothing(self):
        place, update = self.installed()
        version = f"{place}/version"
        told = {"version": "2.0", "boot_id": "after"}
        self.assert_refused_to(self.device, "PUT", version, {**told, "nonce": "A" * 22}, "out_of_order")
        nonces = [self.as_device("POST", f"{place}/start", {"boot_id": "after"})[1]["nonce"] for _ in range(2)]
        self.assertNotEqual(*nonces)
        self.assert_refused_to(self.new_device(), "PUT", version, {**told, "nonce": nonces[1]}, "not_found")
        for replayed in ({"nonce": nonces[0]}, {"nonce": nonces[1], "boot_id": "later"}):
            self.assert_refused_to(self.device, "PUT", version, {**told, **replayed}, "out_of_order")
        self.goes_on(update)


class Sequences(RelayCase):
    def commit(self, version, *options):
        artifact = self.publish(version, options=["--version-file", f"{self.device.installed}/VERSION:APP_VERSION",
                                                  *options])
        update = self.update(artifact)
        deployment = self.deploy()
        code, _ = update.call("Download")
        if code == 0:
            update.call("ArtifactInstall", check=0)
            self.device.restart()
            update.call("ArtifactVerifyReboot", check=0)
            update.call("ArtifactCommit", check=0)
        update.call("Cleanup", check=0)
        self.device.report(deployment, "failure" if code else "success")
        return self.session()["reason"] if code else "committed"

    def test_fast_forward_is_undone_by_a_release_that_may_follow_it(self):
        with self.relay():
            self.assertEqual(self.commit("2.0", "--sequence", str(2**53 - 1)), "committed")
            self.assertEqual(self.commit("3.0"), "downgrade")
            self.assertEqual(self.commit("4.0", "--allow-from", "2.0"), "committed")
            self.assertEqual(self.commit("5.0"), "committed")


class Impersonation(RelayCase):
    def test_impersonation_of_the_server_is_told_nothing(self):
        """Who has the server's address, and a certificate of his own for it."""
        folder = self.device.folder
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1,IP:" + RELAY, "-keyout",
                        folder / "key.pem", "-out", folder / "certificate.pem"], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
        update = self.ready()
        with socket.create_server((RELAY, 0)) as listener:
            listener.settimeout(60)
            self.device.configure(server_url=f"https://{RELAY}:{listener.getsockname()[1]}")
            process = update.start("Download")
            connection, _ = listener.accept()
            with connection, self.assertRaisesRegex(ssl.SSLError, "UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE"):
                with context.wrap_socket(connection, server_side=True) as secured:
                    self.fail(f"the device trusts it and says {secured.recv(1000)!r}")
            listener.accept()[0].close()  # he tries again, and has nothing else to try
        update.kill(process)
        self.assertEqual(self.plugin.sessions(device=self.device.id), [])


class ForcedFallback(RelayCase):
    def test_forced_fallback_is_refused_unless_the_operator_allows_it(self):
        def block(direction, line):
            return None if direction == "up" else line

        self.device.configure(stall_timeout=1)
        update = self.ready()
        relay = self.relay(change_line=block)
        self.assert_download_refused(update, "second_path_unreachable")
        self.assertEqual([event["step"] for event in self.plugin.events(self.session()["id"])].count("fallback"), 0)
        self.recovers(relay)

    def test_forced_fallback_cannot_be_had_by_asking(self):
        self.publish()
        self.deploy()
        session, _ = self.open_session()
        status, told = self.as_device("GET", f"{SESSIONS}/{session}/files/{self.opening()['files'][0]}")
        self.assertEqual((status, told["reason"]), (403, "forbidden"))


class BoundedFallback(RelayCase):
    settings = {**RelayCase.settings, "session.fallback": "https", "limits.fallbacks": 1}

    def ask(self, device):
        session, _ = self.open_session(device)
        file = self.opening()["files"][0]
        status, headers, body = self.plugin.request("GET", f"{SESSIONS}/{session}/files/{file}",
                                                    headers={"Range": "bytes=0-99"}, token=device.token)
        return session, status, headers, body

    def test_forced_fallback_of_many_devices_waits_its_turn_and_is_shown(self):
        devices = [self.device, self.new_device()]
        self.publish()
        for device in devices:
            self.deploy(device)
        session, status, _, _ = self.ask(devices[0])
        self.assertEqual(status, 206)
        self.assertIn("fallback", [event["step"] for event in self.plugin.events(session)])
        _, status, headers, body = self.ask(devices[1])
        self.assertEqual((status, json.loads(body)["reason"]), (429, "busy"))
        self.assertIn("Retry-After", headers)


class OperatorInput(RelayCase):
    """Who has an operator's login, and neither the signing key nor the machine."""

    def artifact(self, member="header.tar.gz", content=None):
        """A tar with the first members of an artifact, one of them of his own making."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            members = {"version": b'{"format":"mender","version":3}', "manifest": b"00" * 32 + b"  version\n"}
            for name, bytes_ in {**members, member: content or b""}.items():
                info = tarfile.TarInfo(name)
                info.size = len(bytes_)
                archive.addfile(info, io.BytesIO(bytes_))
        boundary = "b0und"
        body = (f"--{boundary}\r\nContent-Disposition: form-data; name=\"size\"\r\n\r\n{len(packed.getvalue())}\r\n"
                f"--{boundary}\r\nContent-Disposition: form-data; name=\"artifact\"; filename=\"a\"\r\n\r\n").encode()
        return body + packed.getvalue() + f"\r\n--{boundary}--\r\n".encode()

    def descriptor(self, change=lambda descriptor: None):
        """Of another release with the same file."""
        shown = self.plugin.get(f"{RELEASES}/{self.release}")["descriptor"]
        shown["two_path"]["release"] = "other"
        change(shown["two_path"])
        return json.dumps(shown)

    def descriptors(self):
        """What is no descriptor, though nearly."""
        text, changed = self.descriptor(), self.descriptor
        yield "[" * 100_000
        yield text[:-1]
        yield text + " " * 40_000
        yield text.replace(":", ":" + "9" * 400, 1)
        yield "\xff\xfe\x00"
        for name in ("../../etc/passwd", "/etc/passwd", "..", "a\nb", "a\x1b[2J", "x" * 300, ""):
            yield changed(lambda d, name=name: d["files"]["00"].update(name=name))
            yield changed(lambda d, name=name: d["installer"].update(type=name))
        for version in ("2.0\n3.0", "\x1b]0;x\x07", "x" * 300):
            yield changed(lambda d, version=version: d.update(version=version))
        yield changed(lambda d: d["files"]["00"].update(size=-1))
        yield changed(lambda d: d["files"]["00"].update(size=2**63))
        yield changed(lambda d: d.update(block_size=3))
        yield changed(lambda d: d.update(files={f"{i:02}": d["files"]["00"] for i in range(65)}))

    def published(self):
        return [self.plugin.get(path) for path in (RELEASES, ARTIFACTS)]

    def test_malicious_operator_input_is_refused_and_changes_nothing(self):
        self.publish()
        before = self.published()
        bomb = gzip.compress(bytes(64 * MIB))
        form = {"Content-Type": "multipart/form-data; boundary=b0und"}
        asked = [("POST", RELEASES, text.encode("latin-1"), {}) for text in self.descriptors()]
        asked += [("POST", ARTIFACTS, body, form) for body in (
            self.artifact(), self.artifact(content=bomb), self.artifact("../../../tmp/x", b"x"),
            self.artifact("header.tar.gz", b"\x1f\x8b" + bytes(100)), b"--b0und--\r\n")]
        asked += [("GET", "/api/management/v1/two-path/sessions?state=' OR 1=1 --".replace(" ", "%20"), None, {}),
                  ("GET", f"{RELEASES}/x';DROP%20TABLE%20releases;--", None, {})]
        for method, path, body, headers in asked:
            with self.subTest(f"{method} {path} {(body or b'')[:60]!r}"):
                status, _, answer = self.plugin.request(method, path, body, headers)
                self.assertIn(status, range(400, 500), answer[:200])
                self.assertTrue(json.loads(answer)["error"].isprintable())
        self.assertEqual(self.published(), before)
        # What they were made of is good.
        self.assertEqual(self.plugin.request("POST", RELEASES, self.descriptor())[0], 201)

    def test_malicious_operator_input_is_refused_by_the_device_too(self):
        artifact = self.publish()
        self.deployment = self.deploy()
        for change in (lambda d: d["files"]["00"].update(name="../../evil"),
                       lambda d: d["installer"].update(type="../../bin/sh"),
                       lambda d: d["files"]["00"].update(size=2**60)):
            update = self.update(artifact)
            update.change_meta_data(change)
            code, _ = update.call("Download")
            self.assertEqual(code, 1, update.log)
            self.assertIn("bad_descriptor", update.log)
            self.assertEqual(self.calls(), [])
            self.assertEqual(list(self.device.folder.rglob("evil")), [])


if __name__ == "__main__":
    unittest.main()
