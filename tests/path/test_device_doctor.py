"""`two-path-device doctor`: what is wrong, seen from a device, with nothing changed by looking."""

import http.server
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))

from path_case import RELAY, PathCase  # noqa: E402
from plugin import BUILD, EMULATED, MODULE  # noqa: E402

CHECKS = ["configuration", "module", "state scripts", "installers", "state folder", "room", "room of mender", "confinement",
          "clock", "certificate", "token", "first path", "clocks", "second path"]
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={folder}/socket</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
</policy></busconfig>
"""
AUTHORITY = """
[ca]
default_ca = own
[own]
database = {folder}/index
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = any
x509_extensions = names
[any]
commonName = supplied
[names]
subjectAltName = IP:127.0.0.1
basicConstraints = critical, CA:true
"""


def certificate(folder, begins, ends):
    """(certificate, key) for 127.0.0.1, valid between two times such as 20200101000000Z."""
    folder.mkdir()
    (folder / "index").touch()
    (folder / "serial").write_text("01\n")
    (folder / "ca.conf").write_text(AUTHORITY.format(folder=folder))
    key, request, made = folder / "key.pem", folder / "request.pem", folder / "certificate.pem"

    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=plugin",
            "-keyout", key, "-out", request)
    openssl("ca", "-batch", "-selfsign", "-notext", "-config", folder / "ca.conf", "-keyfile", key, "-in", request,
            "-out", made, "-startdate", begins, "-enddate", ends)
    key.chmod(0o600)
    return made, key


class DoctorCase(PathCase):
    def new_device(self, **options):
        """As the package leaves one."""
        device = super().new_device(**options)
        (device.modules / "two-path").symlink_to(MODULE)
        device.state.chmod(0o700)
        mender = device.folder / "mender"
        shutil.copytree(ROOT / "state-scripts", mender / "scripts", ignore=shutil.ignore_patterns("meson.build"))
        device.more_environment.update(MENDER_CONF_DIR=str(mender), MENDER_DATASTORE_DIR=str(mender))
        return device

    def doctor(self, code):
        """{check: finding}; it ended with `code`, in time, and told no token."""
        begun = time.monotonic()
        done = self.device.run_command("doctor", "--json")
        self.assertLess(time.monotonic() - begun, 30)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertNotIn(self.device.token, done.stdout + done.stderr)
        findings = json.loads(done.stdout)
        self.assertEqual(any(one["state"] == "failed" for one in findings), code == 1)
        return {one["check"]: one for one in findings}

    def assert_failed(self, findings, *checks):
        self.assertEqual({name for name, one in findings.items() if one["state"] == "failed"}, set(checks))
        for name in checks:
            self.assertTrue(findings[name]["advice"])


class Doctor(DoctorCase):
    def everything(self):
        """All that looking could have changed, on the device and at the server."""
        files = {str(path): path.lstat().st_mtime_ns for path in self.device.folder.rglob("*")}
        return files, self.plugin.sessions(), self.plugin.get("/api/management/v1/deployments/deployments")

    @unittest.skipIf(EMULATED, "the program that runs is the emulator")
    def test_a_healthy_device_and_nothing_is_changed(self):
        self.device.run_command("--version")  # makes the link that is called
        before = self.everything()
        findings = self.doctor(code=0)
        self.assertEqual(self.everything(), before)
        self.assertEqual(list(findings), CHECKS)
        self.assertIn(f"127.0.0.1 port {self.plugin.ftp_port}", findings["second path"]["detail"])
        self.assertIn("127.0.0.1", findings["certificate"]["detail"])
        self.assertIn("tracer", findings["installers"]["detail"])
        well = {name for name, one in findings.items() if one["state"] == "ok"}
        self.assertLessEqual(set(CHECKS) - {"room", "room of mender", "confinement"}, well, findings)

        text = self.device.run_command("doctor").stdout
        self.assertEqual(len([line for line in text.splitlines() if not line.startswith(" ")]), len(CHECKS))
        self.assertRegex(text, r"(?m)^ok       first path: https://127\.0\.0\.1:\d+ answers and knows this device$")

    def test_without_a_token_it_says_so_and_looks_on(self):
        self.device.configure(token_command=["/bin/false"])
        findings = self.doctor(code=1)
        self.assert_failed(findings, "token")
        self.assertIn("see `token`", findings["first path"]["advice"])
        self.assertEqual(findings["certificate"]["state"], "ok")

    def test_a_token_that_the_server_refuses(self):
        self.device.configure(token_command=["/bin/echo", "junk"])
        findings = self.doctor(code=1)
        self.assert_failed(findings, "first path")
        self.assertIn("unauthorized", findings["first path"]["detail"])

    def test_without_a_mender_client_the_d_bus_is_named(self):
        self.device._settings["server_url"] = ""
        self.device.configure(token_command=[])
        self.device.more_environment["DBUS_SYSTEM_BUS_ADDRESS"] = f"unix:path={self.device.folder}/none"
        self.device.configure_mender(ServerURL=self.plugin.url)
        findings = self.doctor(code=1)
        self.assert_failed(findings, "token")
        self.assertIn("D-Bus", findings["token"]["detail"])
        self.assertEqual(findings["certificate"]["state"], "ok", "of the server that mender.conf names")

    def test_an_installation_that_is_not_whole(self):
        scripts = self.device.folder / "mender" / "scripts"
        (scripts / "version").unlink()
        (self.device.modules / "two-path").unlink()
        (self.device.modules / "tracer").unlink()
        self.device.state.chmod(0o755)
        findings = self.doctor(code=1)
        self.assert_failed(findings, "state scripts", "module", "installers")
        self.assertIn(f"{scripts}/version", findings["state scripts"]["advice"])
        self.assertEqual(findings["state folder"]["state"], "warning")

    def test_a_wrong_configuration_is_all_that_is_told(self):
        self.device.configure(colour="red")
        findings = self.doctor(code=1)
        self.assertEqual(list(findings), ["configuration"])
        self.assertIn("colour", findings["configuration"]["detail"])

    def test_push_where_the_server_does_not_serve_it(self):
        self.device.configure(mode="push", push_address="127.0.0.1")
        findings = self.doctor(code=1)
        self.assert_failed(findings, "second path")
        self.assertIn("`push`", findings["second path"]["detail"])

    def test_what_it_does_not_take(self):
        self.assertEqual(self.device.run_command("doctor", "--all").returncode, 2)


class ThroughTheMenderClient(DoctorCase):
    """Its D-Bus service and its forwarder, both in a test's hands."""

    def setUp(self):
        super().setUp()
        self.device._settings["server_url"] = ""
        self.device.configure(token_command=[])
        self.device.configure_mender(ServerURL=self.plugin.url)
        self.bus = self.device.folder / "bus"
        self.bus.mkdir()
        (self.bus / "bus.conf").write_text(BUS.format(folder=self.bus))
        self.device.more_environment["DBUS_SYSTEM_BUS_ADDRESS"] = f"unix:path={self.bus}/socket"
        self.start("dbus-daemon", "--nofork", "--print-address", f"--config-file={self.bus}/bus.conf")
        self.start(BUILD / "tests/unit/update-module/transport/fake_mender_auth", self.bus)

    def start(self, *command):
        """Until it has said its first line."""
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                   env=self.device.environment)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertTrue(process.stdout.readline())

    def forwarder(self):
        """Speaks TLS for the module, as the client's does; gives its URL."""
        plugin = self.plugin

        class Forward(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                status, _, body = plugin.request("GET", self.path, token=self.headers["Authorization"].split()[1])
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Forward)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}"

    def test_token_and_forwarder_are_its_own(self):
        url = self.forwarder()
        (self.bus / "token").write_text(self.device.token)
        (self.bus / "url").write_text(url)
        findings = self.doctor(code=0)
        self.assertIn("D-Bus", findings["token"]["detail"])
        self.assertIn(url, findings["first path"]["detail"])
        self.assertEqual(findings["certificate"]["state"], "ok", findings["certificate"])
        self.assertEqual(findings["second path"]["state"], "ok")

    def test_a_device_that_is_not_accepted_is_not_authenticated_anew(self):
        findings = self.doctor(code=1)
        self.assert_failed(findings, "token")
        self.assertIn("accept the device", findings["token"]["advice"])
        self.assertEqual((self.bus / "calls").read_text().split(), ["GetJwtToken"])


class SecondPathAway(DoctorCase):
    settings = {"ftp.advertise": RELAY}

    def test_nobody_listens_there(self):
        findings = self.doctor(code=1)
        self.assert_failed(findings, "second path")
        self.assertIn(f"{RELAY} port {self.plugin.ftp_port}: connection: ", findings["second path"]["detail"])

    def test_whoever_listens_says_nothing_or_something_else(self):
        with socket.create_server((RELAY, self.plugin.ftp_port)):
            self.assertIn("no greeting in time", self.doctor(code=1)["second path"]["detail"])
        with socket.create_server((RELAY, self.plugin.ftp_port)) as other:
            process = subprocess.Popen([sys.executable, "-c", "import socket, sys\n"
                                        "peer, _ = socket.socket(fileno=int(sys.argv[1])).accept()\n"
                                        "peer.sendall(b'SSH-2.0-other\\r\\n'); peer.recv(1)", str(other.fileno())],
                                       pass_fds=[other.fileno()])
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
            self.assertIn("no FTP server", self.doctor(code=1)["second path"]["detail"])

    def test_the_server_is_away(self):
        self.plugin.stop()
        self.addCleanup(self.plugin.start)
        findings = self.doctor(code=1)
        self.assert_failed(findings, "certificate", "first path")
        self.assertIn("plugin_unreachable", findings["first path"]["detail"])


class Certificates(DoctorCase):
    def present(self, begins, ends):
        """The server has another certificate from now on, which the device trusts."""
        made, key = certificate(self.device.folder / "tls", begins, ends)
        self.plugin.stop()
        self.plugin.set(https__certificate=made, https__key=key)
        self.plugin.start()
        self.device.configure(server_certificate=str(made))

    def test_one_that_has_expired(self):
        self.present("20200101000000Z", "20210101000000Z")
        findings = self.doctor(code=1)
        self.assert_failed(findings, "certificate", "first path")
        self.assertIn("2021-01-01T00:00:00Z; it has expired", findings["certificate"]["detail"])
        self.assertEqual(findings["clock"]["state"], "warning")

    def test_a_clock_before_the_certificate_begins(self):
        self.present("20600101000000Z", "20610101000000Z")
        findings = self.doctor(code=1)
        self.assert_failed(findings, "clock", "certificate", "first path")
        self.assertIn("before the server's certificate begins: 2060-01-01", findings["clock"]["detail"])
        self.assertIn("NTP", findings["clock"]["advice"])

    def test_one_that_the_device_does_not_trust(self):
        self.present("20200101000000Z", "20600101000000Z")
        self.device.configure(server_certificate="")
        findings = self.doctor(code=1)
        self.assert_failed(findings, "certificate", "first path")
        self.assertIn("server_certificate", findings["certificate"]["advice"])

    def new_device(self, **options):
        """Lets the device in while the server has its first certificate."""
        self.plugin.stop()
        for key in ("https.certificate", "https.key"):
            self.plugin._settings.pop(key, None)
        self.plugin.start()
        return super().new_device(**options)


if __name__ == "__main__":
    unittest.main()
