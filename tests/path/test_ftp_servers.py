"""Our FTP client and the servers that people have, unpacked from Debian's packages: it fetches and stores, from the
start and with REST, and says why where it may not.

Each server is started as inetd would start it, for one connection: no port is chosen twice, and nothing is left.
"""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import processes  # noqa: E402
import unpacked  # noqa: E402
from plugin import BUILD  # noqa: E402

CLIENT = BUILD / "tests" / "support" / "ftp_transfer"
HOST = "127.0.0.1"
PASSWORD = "Qm9yaW5nLWJ1dC1yaWdodC1zaXplZC10b2tlbi0xMjM"
CONTENT = os.urandom(3_000_000)
PART = 1_000_000
TIMEOUT = 60
AS_ROOT_OF_NOBODY = ["/usr/bin/unshare", "--user", "--map-root-user", "--"]


def hashed(password):
    """As crypt(3) has it; the servers' own tools would take seconds."""
    return subprocess.run(["openssl", "passwd", "-6", password], check=True, capture_output=True,
                          text=True).stdout.strip()


class ServerCase:
    """What each server is asked. `user`, and `command()`: it serves `there` on its standard input."""

    enter = AS_ROOT_OF_NOBODY
    user = "somebody"

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="two-path-ftp-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.there, self.here = self.folder / "there", self.folder / "here"
        self.there.mkdir()
        self.here.mkdir()
        self.program = unpacked.present(self.package)
        if not self.program:
            self.fail(f"{self.package} is missing: tools/install-deps unpacks it")

    def transfer(self, verb, name="file", password=PASSWORD):
        """(exit code, where it began or why it failed)"""
        with socket.create_server((HOST, 0)) as listener:
            listener.settimeout(TIMEOUT)
            client = processes.popen([CLIENT, verb, listener.getsockname()[1], self.user, password, name,
                                      self.here / "file"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.addCleanup(client.stdout.close)
            self.addCleanup(processes.stop, client)
            connection, _ = listener.accept()
        with connection, open(self.folder / "log", "wb") as log:
            server = processes.popen(self.command(), self.enter, stdin=connection, stdout=connection, stderr=log)
            self.addCleanup(processes.stop, server)
        said, _ = client.communicate(timeout=TIMEOUT)
        return client.returncode, said.strip() + (self.folder / "log").read_text(errors="replace")

    def assert_transferred(self, verb, begin):
        self.assertEqual(self.transfer(verb), (0, str(begin)))

    def test_a_file_is_fetched(self):
        (self.there / "file").write_bytes(CONTENT)
        self.assert_transferred("get", 0)
        self.assertTrue((self.here / "file").read_bytes() == CONTENT, "not what was wanted")

    def test_a_fetch_goes_on_where_it_was(self):
        (self.there / "file").write_bytes(CONTENT)
        (self.here / "file").write_bytes(CONTENT[:PART])
        self.assert_transferred("get", PART)
        self.assertTrue((self.here / "file").read_bytes() == CONTENT, "not what was wanted")

    def test_a_file_is_stored(self):
        (self.here / "file").write_bytes(CONTENT)
        self.assert_transferred("put", 0)
        self.assertTrue((self.there / "file").read_bytes() == CONTENT, "not what was sent")

    def test_a_store_goes_on_where_it_was(self):
        (self.here / "file").write_bytes(CONTENT)
        (self.there / "file").write_bytes(CONTENT[:PART])
        os.chmod(self.there / "file", 0o666)
        self.assert_transferred("put", PART)
        self.assertTrue((self.there / "file").read_bytes() == CONTENT, "not what was sent")

    def test_a_file_that_is_not_there_is_named_so(self):
        code, said = self.transfer("get", name="none")
        self.assertEqual(code, 1)
        self.assertRegex(said, r"refused \(550 ")


class Vsftpd(ServerCase, unittest.TestCase):
    package = "vsftpd"
    user = "anonymous"

    def command(self):
        (self.folder / "empty").mkdir()
        settings = {"listen": "NO", "run_as_launching_user": "YES", "ftp_username": "root", "anonymous_enable": "YES",
                    "anon_root": self.there, "secure_chroot_dir": self.folder / "empty", "write_enable": "YES",
                    "anon_upload_enable": "YES", "anon_other_write_enable": "YES", "anon_umask": "022",
                    "anon_world_readable_only": "NO", "connect_from_port_20": "NO", "seccomp_sandbox": "NO"}
        configuration = self.folder / "vsftpd.conf"
        configuration.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        return [self.program / "usr/sbin/vsftpd", configuration]


class Proftpd(ServerCase, unittest.TestCase):
    package = "proftpd-core"

    def command(self):
        files = {"passwd": f"{self.user}:{hashed(PASSWORD)}:0:0::{self.there}:/bin/sh\n", "group": "root:x:0:\n"}
        for name, text in files.items():
            (self.folder / name).write_text(text)
            os.chmod(self.folder / name, 0o600)
        settings = ["ServerType inetd", "ServerName test", "UseIPv6 off", "DefaultAddress 127.0.0.1", "User root", "Group root", "RootLogin on",
                    "WtmpLog off", "TransferLog none", "SystemLog none", "UseReverseDNS off", "UseFtpUsers off",
                    f"ScoreboardFile {self.folder}/scoreboard", f"PidFile {self.folder}/pid", "AllowOverwrite on",
                    "AllowStoreRestart on", "RequireValidShell off", f"AuthUserFile {self.folder}/passwd",
                    f"AuthGroupFile {self.folder}/group", "AuthOrder mod_auth_file.c"]
        configuration = self.folder / "proftpd.conf"
        configuration.write_text("\n".join(settings) + "\n")
        return [self.program / "usr/sbin/proftpd", "-c", configuration]

    def test_a_wrong_password_is_told(self):
        code, said = self.transfer("get", password="wrong")
        self.assertEqual(code, 1)
        self.assertRegex(said, r"refused \(530 ")


@unittest.skipIf(os.geteuid() != 0, "pure-ftpd serves nobody unless root itself starts it")
class PureFtpd(ServerCase, unittest.TestCase):
    package = "pure-ftpd"
    enter = ()

    def command(self):
        nobody = 65534  # it serves no files of root's
        os.chmod(self.folder, 0o755)
        for path in (self.there, *self.there.iterdir()):
            os.chown(path, nobody, nobody)
        accounts = self.folder / "accounts"
        accounts.write_text(f"{self.user}:{hashed(PASSWORD)}:{nobody}:{nobody}::{self.there}/./" + 12 * ":" + "\n")
        subprocess.run([self.program / "usr/bin/pure-pw", "mkdb", f"{accounts}.pdb", "-f", accounts], check=True)
        return [self.program / "usr/sbin/pure-ftpd", "-H", "-l", f"puredb:{accounts}.pdb"]


if __name__ == "__main__":
    unittest.main()
