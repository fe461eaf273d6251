"""FTP servers that people have, to the same program that fetches with libcurl, checks SHA-256 and writes the file.

Each is started as inetd would start it, for one connection: its seconds are those of all its processes.
"""

import os
import socket
import subprocess

import cpu
import processes
import unpacked

HOST = "127.0.0.1"
TIMEOUT = 60
NOBODY = 65534


class FtpServer:
    """What is common: `command()` serves the payload's folder on its standard input, to `user` with `password`."""

    enter = ()
    password = "password"

    def __init__(self, folder, programs, payload):
        folder.mkdir()
        self.folder, self._programs, self.payload = folder, programs, payload
        self.program = unpacked.unpacked(self.package)
        self._command = self.command()

    def run(self):
        """(sender's, receiver's CPU seconds)"""
        target = self.folder / "out"
        with socket.create_server((HOST, 0)) as listener:
            listener.settimeout(TIMEOUT)
            url = f"ftp://{self.user}:{self.password}@{HOST}:{listener.getsockname()[1]}/{self.payload.path.name}"
            client = processes.popen(self._programs.command("download", url, target, self.payload.sha256),
                                     stdout=subprocess.PIPE, text=True)
            connection, _ = listener.accept()
        with connection, open(self.folder / "log", "wb") as log:
            server = processes.popen(self._command, self.enter, stdin=connection, stdout=connection, stderr=log)
        received, _ = client.communicate(timeout=600)
        sent = cpu.of_ended(server)
        if client.returncode != 0:
            raise RuntimeError(f"no file from {self.package}:\n" + (self.folder / "log").read_text(errors="replace"))
        target.unlink()
        return sent, cpu.printed(received)


class Vsftpd(FtpServer):
    package = "vsftpd"
    enter = ["/usr/bin/unshare", "--user", "--map-root-user", "--"]
    user = "anonymous"

    def command(self):
        (self.folder / "empty").mkdir()
        settings = {"listen": "NO", "run_as_launching_user": "YES", "ftp_username": "root", "anonymous_enable": "YES",
                    "anon_root": self.payload.path.parent, "secure_chroot_dir": self.folder / "empty",
                    "anon_world_readable_only": "NO", "connect_from_port_20": "NO", "seccomp_sandbox": "NO"}
        configuration = self.folder / "vsftpd.conf"
        configuration.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        return [self.program / "usr/sbin/vsftpd", configuration]


class PureFtpd(FtpServer):
    """Serves nobody unless root itself starts it, and no files of root's."""

    package = "pure-ftpd"
    user = "somebody"

    def command(self):
        for path in (self.payload.path.parent, self.payload.path):
            os.chown(path, NOBODY, NOBODY)
        hashed = subprocess.run(["openssl", "passwd", "-6", self.password], check=True, capture_output=True,
                                text=True).stdout.strip()
        accounts = self.folder / "accounts"
        home = f"{self.payload.path.parent}/./"
        accounts.write_text(f"{self.user}:{hashed}:{NOBODY}:{NOBODY}::{home}" + 12 * ":" + "\n")
        subprocess.run([self.program / "usr/bin/pure-pw", "mkdb", f"{accounts}.pdb", "-f", accounts], check=True)
        return [self.program / "usr/sbin/pure-ftpd", "-H", "-l", f"puredb:{accounts}.pdb"]


def servers():
    """{name: class} of those that can be started here."""
    return {"vsftpd": Vsftpd} | ({"pure_ftpd": PureFtpd} if os.geteuid() == 0 else {})
