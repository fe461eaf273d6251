"""two-path-server with `plain_login` and the FTP clients that people have: each fetches the payload of a live session,
with the session's id as its user and the first certification information as its password."""

import ftplib
import hashlib
import json
import secrets
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import test_ftp_clients as clients  # noqa: E402
from module_calls import Device  # noqa: E402
from plugin import Plugin  # noqa: E402

SESSIONS = "/api/devices/v1/two-path/sessions"
PAYLOAD = hashlib.sha256(clients.CONTENT).hexdigest()  # its name on the second path


def setUpModule():
    global plugin, device
    folder = Path(tempfile.mkdtemp(prefix="two-path-"))
    unittest.addModuleCleanup(shutil.rmtree, folder)
    plugin = Plugin(folder / "plugin", settings={"ftp.plain_login": "true"})
    unittest.addModuleCleanup(plugin.stop)
    plugin.start()
    plugin.log_in()
    device = Device(folder / "device", plugin)
    device.authenticate()
    (folder / "payload").write_bytes(clients.CONTENT)
    plugin.command("publish", folder / "payload", "--name", "plain", "--version", "2.0", "--device-type",
                   device.device_type, "--installer", "tracer", "--version-file", "/VERSION")
    plugin.command("deploy", "plain", "--device", device.id)
    device.report(device.next_deployment(), "downloading")


class LiveSession:
    """Each test has its own: a new attempt takes the place of the session before."""

    name = PAYLOAD

    def serve(self):
        opened = self.ask("POST", SESSIONS, protocol=1, module_version="test", formats=[1],
                          attempt=secrets.token_urlsafe(16), release="plain", files=[PAYLOAD], issuer="plugin", mode="pull",
                          digests=["sha256"], version="1", device_type=device.device_type, boot_id="before")
        self.user, self.password = opened["session"], opened["certification"]
        self.ask("PUT", f"{SESSIONS}/{self.user}/certification", stored=True)
        return plugin.ftp_port

    def offer(self):
        """It is published."""

    def ask(self, method, path, /, **content):
        status, _, body = plugin.request(method, path, content, token=device.token)
        self.assertLess(status, 300, body)
        return json.loads(body) if body else None


def that_fetch(case):
    """The tests of a client in which it fetches, against a live session. The plugin stores nothing that comes by FTP."""
    stores = {name: None for name in dir(case) if name.startswith("test_") and ("store" in name or "append" in name)}
    return type(case.__name__, (LiveSession, case), stores)


Curl = that_fetch(clients.Curl)
Wget = that_fetch(clients.Wget)
Lftp = that_fetch(clients.Lftp)
Ncftp = that_fetch(clients.Ncftp)
Tnftp = that_fetch(clients.Tnftp)
Inetutils = that_fetch(clients.Inetutils)
Ftplib = that_fetch(clients.Ftplib)
Urllib = that_fetch(clients.Urllib)
Busybox = that_fetch(clients.Busybox)
Aria2 = that_fetch(clients.Aria2)


class Refusals(LiveSession, clients.ClientCase):
    def setUp(self):
        super().setUp()
        self.ftp = ftplib.FTP(timeout=clients.TIMEOUT)
        self.addCleanup(self.ftp.close)
        self.ftp.connect(clients.HOST, self.port)

    def test_another_password_opens_nothing(self):
        with self.assertRaisesRegex(ftplib.error_perm, "^530"):
            self.ftp.login(self.user, secrets.token_urlsafe(32))

    def test_the_certification_opens_nothing_after_the_transfer(self):
        self.ftp.login(self.user, self.password)
        self.ask("PUT", f"{SESSIONS}/{self.user}/transfer", bytes=len(clients.CONTENT), fetched_twice=0, resumed=0,
                 seconds=1, cpu_seconds=1, digest="sha256", path="second")
        self.ask("DELETE", f"{SESSIONS}/{self.user}/certification")
        with self.assertRaisesRegex((*ftplib.all_errors,), "^(421|530)"):
            self.ftp.size(PAYLOAD)
        self.ftp.close()
        self.ftp.connect(clients.HOST, self.port)
        with self.assertRaisesRegex(ftplib.error_perm, "^530"):
            self.ftp.login(self.user, self.password)

    def test_nothing_is_stored(self):
        self.ftp.login(self.user, self.password)
        with self.assertRaisesRegex(ftplib.error_perm, "^5"):
            self.ftp.sendcmd(f"STOR {PAYLOAD}")


if __name__ == "__main__":
    unittest.main()
