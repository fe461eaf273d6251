"""two-path-server as a program: what it refuses to start with, what it says, and how it ends."""

import base64
import concurrent.futures
import contextlib
import os
import pathlib
import pty
import re
import signal
import socket
import sqlite3
import ssl
import stat
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import processes  # noqa: E402
from plugin import EMAIL, PASSWORD, SERVER, Plugin  # noqa: E402

USAGE, CONFIGURATION, NOT_FOUND, CONFLICT, BUSY = 2, 3, 5, 6, 7


class Folder(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="two-path-test-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.state = self.folder / "state"

    def configure(self, text=""):
        path = self.folder / "server.conf"
        path.write_text(f"state_dir = {self.state}\n[https]\nlisten = 127.0.0.1:0\n[ftp]\nlisten = 127.0.0.1:0\n" + text)
        return path

    def run_server(self, *arguments, text_input=""):
        return subprocess.run([SERVER, *map(str, arguments)], input=text_input, text=True, capture_output=True,
                              timeout=60)

    def start(self):
        plugin = Plugin(self.folder)
        self.addCleanup(plugin.stop)
        plugin.start()
        return plugin


class Refusals(Folder):
    def refused(self, code, message, *arguments):
        """One line, a documented exit code, and nothing made."""
        done = self.run_server(*arguments)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (code, "", f"two-path-server: {message}\n"))
        self.assertFalse(self.state.exists())

    def test_an_unknown_option(self):
        self.refused(USAGE, "--lisen: unknown option; see --help", "--config", self.configure(), "--lisen")

    def test_an_unknown_key(self):
        path = self.configure("lisen = 3\n")
        self.refused(CONFIGURATION, f"{path}:6: unknown key ftp.lisen; known there: listen, advertise, passive_ports, "
                                    "push, push_from, push_networks, push_ports, plain_login, same_data_peer", "--config", path)

    def test_a_value_of_the_wrong_type(self):
        path = self.configure("plain_login = maybe\n")
        self.refused(CONFIGURATION, f"{path}:6: ftp.plain_login is `maybe`; write true or false", "--config", path)

    def test_a_missing_file(self):
        self.refused(CONFIGURATION, f"{self.folder}/none: cannot open: No such file or directory; name a readable file "
                                    "with --config", "--config", self.folder / "none")

    def test_a_port_in_use_by_either_path(self):
        path = self.configure()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            for key in "https.listen", "ftp.listen":
                with self.subTest(key):
                    # It may be free again in a moment: the unit tries anew.
                    self.refused(CONFLICT, f"--{key}: cannot listen on {address}: Address already in use; choose "
                                           "another address or port, or end what uses it",
                                 "--config", path, f"--{key}", address)

    def test_a_state_folder_that_cannot_be_one(self):
        path = self.configure()
        self.refused(CONFIGURATION, f"--state_dir: {path} cannot be used: it is not a folder; give the service's user a "
                                    "folder that it may write to", "--config", path, "--state_dir", path)

    def test_a_state_that_another_server_uses(self):
        self.start()
        done = self.run_server("--config", self.configure())
        self.assertEqual(done.returncode, CONFLICT)
        self.assertIn("is in use by another two-path-server", done.stderr)

    def test_a_database_that_another_process_writes_is_no_wrong_setting(self):
        self.start().stop()
        for name in ("two-path.db", "host.db"):
            with self.subTest(name), contextlib.closing(sqlite3.connect(self.state / name, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                done = self.run_server("--config", self.configure())
                self.assertEqual(done.returncode, BUSY, done.stderr)
                self.assertIn(f"{self.state / name} cannot be", done.stderr)

    def test_check_config_makes_nothing(self):
        done = self.run_server("--config", self.configure(), "--check-config")
        self.assertEqual((done.returncode, done.stdout), (0, "the configuration is good\n"))
        self.assertFalse(self.state.exists())


class ShippedFile(Folder):
    text = (pathlib.Path(__file__).resolve().parents[2] / "packaging" / "two-path-server.conf").read_text()

    def test_its_examples_are_accepted(self):
        path = self.folder / "shipped.conf"
        examples = re.sub(r"^#(?=\w+ = )", "", self.text, flags=re.MULTILINE)
        self.assertNotEqual(examples, self.text)
        secret = self.folder / "secret"
        secret.write_text("4a656665" * 4)
        secret.chmod(0o600)
        examples = re.sub(r"^secret_file = .*$", f"secret_file = {secret}", examples, flags=re.MULTILINE)
        # No such certificate is there.
        path.write_text(re.sub(r"^(certificate|key) = .*$", "", examples, flags=re.MULTILINE))
        done = self.run_server("--config", path, "--check-config")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_the_unit_lets_push_ask_for_the_machines_addresses(self):
        unit = (pathlib.Path(__file__).resolve().parents[2] / "packaging" / "two-path-server.service").read_text()
        self.assertRegex(unit, r"RestrictAddressFamilies=.*\bAF_NETLINK\b")

    def test_it_shows_every_setting_and_its_default(self):
        shown, section = {}, ""
        for line in self.text.splitlines():
            if found := re.match(r"\[(\w+)\]", line):
                section = found[1] + "."
            elif found := re.match(r"#(\w+) = (.*)", line):
                shown[section + found[1]] = found[2]
        helped = self.run_server("--help").stdout
        settings = helped[helped.index("Settings"):]
        keys = set(re.findall(r"^  --([a-z_.]+)", settings, re.MULTILINE))
        self.assertEqual(keys, set(shown))
        for key, default in re.findall(r"^  --([a-z_.]+) .* \[(\S+)\]$", settings, re.MULTILINE):
            if default != "any":
                self.assertEqual(shown[key], default, key)


class Life(Folder):
    def test_the_first_start_makes_a_certificate_and_says_so(self):
        plugin = self.start()
        fingerprint = subprocess.run(["openssl", "x509", "-in", plugin.certificate, "-noout", "-fingerprint", "-sha256"],
                                     capture_output=True, text=True, check=True).stdout
        self.assertIn(fingerprint.partition("=")[2].strip().replace(":", "").lower(), plugin.log())
        self.assertIn(str(plugin.certificate), plugin.log())
        self.assertIn("ServerCertificate", plugin.log())
        self.assertEqual(stat.S_IMODE((self.state / "tls" / "key.pem").stat().st_mode), 0o600)
        before = plugin.certificate.read_bytes()
        plugin.stop()
        plugin.start()
        self.assertEqual(plugin.certificate.read_bytes(), before)

    def test_it_says_in_one_line_what_it_serves(self):
        plugin = self.start()
        self.assertRegex(plugin.log(), fr"notice: two-path-server \S+ serves: host embedded, "
                                       fr"HTTPS on 127\.0\.0\.1:{plugin.https_port}, "
                                       fr"FTP on 127\.0\.0\.1:{plugin.ftp_port}, state in {self.state}, "
                                       fr"configured by {self.folder}/server\.conf\n")

    @unittest.skipIf(pathlib.Path("/etc/two-path/two-path-server.conf").exists(), "this machine has a configuration")
    def test_it_says_that_nothing_configured_it(self):
        process = processes.popen([SERVER, "--state_dir", self.state, "--https.listen", "127.0.0.1:0", "--ftp.listen",
                                   "127.0.0.1:0"], stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait, 30)
        self.addCleanup(process.kill)
        said = next((line for line in process.stderr if " serves: " in line), "")
        self.assertTrue(said.endswith(f"state in {self.state}, no configuration file\n"), said)

    def test_it_ends_with_zero_on_either_signal_and_starts_again(self):
        plugin = self.start()
        for how in signal.SIGTERM, signal.SIGINT:
            self.assertEqual(plugin.stop(how), 0)
            self.assertTrue(plugin.log().endswith("notice: ended\n"))
            plugin.start()

    def token(self, plugin):
        secret = base64.b64encode(f"{EMAIL}:{PASSWORD}".encode()).decode()
        status, _, body = plugin.request("POST", "/api/management/v1/useradm/auth/login", token="",
                                         headers={"Authorization": f"Basic {secret}", "Content-Length": "0"})
        self.assertEqual(status, 200)
        return body

    def refuses_connections(self, plugin):
        try:
            socket.create_connection(("127.0.0.1", plugin.https_port), timeout=30).close()
        except ConnectionRefusedError:
            return True
        except ConnectionResetError:
            pass  # the port closed in the middle of the handshake
        return False

    def test_a_request_under_way_is_answered_before_the_end(self):
        plugin = self.start()
        plugin.create_user()
        context = ssl.create_default_context(cafile=plugin.certificate)
        with socket.create_connection(("127.0.0.1", plugin.https_port), timeout=30) as plain, \
                context.wrap_socket(plain, server_hostname="127.0.0.1") as client:
            client.sendall(b"POST /api/management/v1/two-path/payloads HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n"
                           b"Expect: 100-continue\r\nAuthorization: Bearer " + self.token(plugin) + b"\r\n\r\n")
            self.assertIn(b"100 Continue", client.recv(4096))  # the endpoint waits for its body
            with concurrent.futures.ThreadPoolExecutor() as pool:
                code = pool.submit(plugin.stop)
                while not self.refuses_connections(plugin):  # from then on nothing new begins
                    pass
                client.sendall(b"payload")
                answer = b"".join(iter(lambda: client.recv(4096), b""))
                self.assertEqual(code.result(30), 0)
        self.assertIn(b"HTTP/1.1 201", answer)
        self.assertIn(b"Connection: close", answer)

    def test_clients_that_leave_at_any_moment_do_no_harm(self):
        plugin = self.start()
        for sent in b"", b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n", os.urandom(3000):
            with socket.create_connection(("127.0.0.1", plugin.https_port), timeout=30) as client:
                client.sendall(sent)
        self.assertEqual(plugin.request("GET", "/nothing", token="")[0], 404)


class Users(Folder):
    def create(self, email, text_input):
        return self.run_server("--config", self.configure(), "create-user", email, text_input=text_input)

    def test_a_user_made_from_standard_input_can_log_in_while_the_server_runs(self):
        plugin = self.start()
        plugin.create_user()
        self.assertIsInstance(plugin.sessions(), (dict, list))

    def test_what_is_no_user_is_refused(self):
        self.assertEqual(self.create("no address", PASSWORD + "\n").returncode, USAGE)
        self.assertEqual(self.create(EMAIL, "").returncode, USAGE)
        self.assertEqual(self.create(EMAIL, "short\n").returncode, USAGE)
        self.assertEqual(self.create(EMAIL, PASSWORD + "\n").returncode, 0)
        again = self.create(EMAIL, PASSWORD + "\n")
        self.assertEqual((again.returncode, again.stdout), (CONFLICT, ""))
        self.assertEqual(again.stderr, f"two-path-server: the user {EMAIL} exists already\n")

    def test_a_password_may_have_8_to_1024_bytes(self):
        for number, (size, code) in enumerate(((7, USAGE), (8, 0), (1024, 0), (1025, USAGE))):
            with self.subTest(size):
                self.assertEqual(self.create(f"user{number}@example.com", "x" * size + "\n").returncode, code)

    def test_another_password_ends_the_logins_while_the_server_runs(self):
        plugin = self.start()
        plugin.log_in()
        plugin.command("releases")
        done = self.run_server("--config", plugin.folder / "server.conf", "set-password", EMAIL,
                               text_input="another good password\n")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        refused = plugin.command("releases", check=False)
        self.assertEqual(refused.returncode, 4)
        self.assertIn("`two-path login`", refused.stderr)
        plugin.command("login", text_input="another good password\n")
        plugin.command("releases")

    def test_a_password_of_nobody_is_not_set(self):
        done = self.run_server("--config", self.configure(), "set-password", EMAIL, text_input=PASSWORD + "\n")
        self.assertEqual((done.returncode, done.stdout), (NOT_FOUND, ""))
        self.assertIn(EMAIL, done.stderr)

    def at_a_terminal(self, *answers):
        """create-user with a terminal: (exit code, everything that the terminal showed)."""
        ours, theirs = pty.openpty()
        process = processes.popen([SERVER, "--config", self.configure(), "create-user", EMAIL], stdin=theirs,
                                  stdout=theirs, stderr=theirs)
        os.close(theirs)
        shown = b""
        try:
            for prompt, answer in zip((b"Password for", b"again"), answers):
                while prompt not in shown:
                    shown += os.read(ours, 4096)
                os.write(ours, answer.encode() + b"\n")
            while part := os.read(ours, 4096):
                shown += part
        except OSError:  # how a terminal says that it has ended
            pass
        finally:
            os.close(ours)
        return process.wait(30), shown.decode()

    def test_a_terminal_asks_twice_and_shows_nothing(self):
        code, shown = self.at_a_terminal(PASSWORD, PASSWORD)
        self.assertEqual(code, 0, shown)
        self.assertNotIn(PASSWORD, shown)

    @unittest.skipUnless(os.geteuid() == 0, "only root can act as somebody else")
    def test_root_makes_a_user_in_the_folder_of_another_without_taking_it_over(self):
        self.folder.chmod(0o755)
        self.state.mkdir(0o700)
        os.chown(self.state, 1234, 1234)
        self.assertEqual(self.create(EMAIL, PASSWORD + "\n").returncode, 0)
        self.assertEqual({path.stat().st_uid for path in self.state.rglob("*")}, {1234})

    def test_two_different_answers_make_no_user(self):
        code, shown = self.at_a_terminal(PASSWORD, PASSWORD + "x")
        self.assertEqual(code, USAGE, shown)
        self.assertIn("the two passwords differ", shown)
        self.assertEqual(self.create(EMAIL, PASSWORD + "\n").returncode, 0)


if __name__ == "__main__":
    unittest.main()
