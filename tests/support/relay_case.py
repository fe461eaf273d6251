"""A whole update with somebody on the second path between plugin and device."""

import base64
import concurrent.futures
import hmac
import json
import secrets
import socket
import sqlite3
from contextlib import closing

from path_case import RELAY, PathCase
from relay import Relay

SESSIONS = "/api/devices/v1/two-path/sessions"


class Talker:
    """A control connection of the second path, as somebody with a keyboard has it. `source`: where it comes from."""

    def __init__(self, plugin, source=None):
        self._connection = socket.create_connection((plugin.address, plugin.ftp_port), 30,
                                                    source_address=(source, 0) if source else None)
        self._lines = self._connection.makefile("rw", newline="\r\n")  # translates what is written
        self.greeting = self._lines.readline()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._lines.close()
        self._connection.close()

    def say(self, line):
        """Gives the reply; empty when the connection has ended."""
        self._lines.write(f"{line}\n")
        self._lines.flush()
        return self._lines.readline()

    def log_in(self, user, answer):
        """`answer` makes the password of the challenge; gives the reply to it."""
        challenge = self.say(f"USER {user}")
        if not challenge.startswith("331"):
            return challenge
        return self.say(f"PASS {answer(challenge.split(' ', 1)[1].strip())}")


def prover(user, secret):
    """Answers a challenge as the device with this certification information does (docs/protocol.md)."""
    def answer(challenge):
        session, client_nonce = user.split(".")
        _, server_nonce, _ = challenge.split()
        proved = "\n".join(["two-path/1", "pull", "device", session, client_nonce, server_nonce])
        proof = hmac.digest(base64.urlsafe_b64decode(secret + "="), proved.encode(), "sha256")
        return base64.urlsafe_b64encode(proof).decode().rstrip("=")

    return answer


class RelayCase(PathCase):
    settings = {"ftp.advertise": RELAY}

    def relay(self, kind=Relay, **hooks):
        relay = kind(self.plugin.address, self.plugin.ftp_port, RELAY, **hooks)
        self.addCleanup(relay.__exit__)
        return relay

    def ready(self, **publish):
        artifact = self.publish(**publish)
        self.deployment = self.deploy()
        return self.update(artifact)

    def during_a_transfer(self, act):
        """An update that ends well, whose first bytes wait in a relay while `act(relay)` happens; gives what that gave."""
        acted = concurrent.futures.Future()

        def hold(connection, offset, part):
            if (connection, offset) == (0, 0):
                try:
                    acted.set_result(act(relay))
                except BaseException as error:
                    acted.set_exception(error)
            return part

        update = self.ready()
        relay = self.relay(change=hold)
        update.call("Download", check=0)
        return acted.result(timeout=0)

    # What lives on the plugin's side

    def live_secrets(self):
        """The first certification informations."""
        database = self.plugin.folder / "state" / "two-path.db"
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            return [row[0] for row in connection.execute("SELECT secret FROM certifications")]

    def log_in(self, user, answer, source=None):
        """Gives the reply to PASS."""
        with Talker(self.plugin, source) as talker:
            return talker.log_in(user, answer)

    # A device without its module

    def as_device(self, method, path, body=None, device=None):
        """(status, answer) of a request with the device's own token."""
        status, _, answer = self.plugin.request(method, path, body, token=(device or self.device).token)
        return status, json.loads(answer) if answer else None

    def opening(self, device=None, **more):
        """What the device asks to open a session with, for the release last published."""
        release = self.plugin.get(f"/api/management/v1/two-path/releases/{self.release}")
        return {"protocol": 1, "module_version": "test", "formats": [1], "attempt": secrets.token_urlsafe(16),
                "release": self.release, "files": [file["id"] for file in release["files"]], "issuer": "plugin",
                "mode": "pull", "digests": ["sha256"], "version": "1.0",
                "device_type": (device or self.device).device_type, "boot_id": "before", **more}

    def open_session(self, device=None):
        """A session of a device, up to its certification; gives its id and the certification."""
        status, opened = self.as_device("POST", SESSIONS, self.opening(device), device)
        self.assertEqual(status, 201, opened)
        stored = self.as_device("PUT", f"{SESSIONS}/{opened['session']}/certification", {"stored": True}, device)
        self.assertEqual(stored[0], 204, stored)
        return opened["session"], opened["certification"]

    # What came of it

    def assert_download_refused(self, update, reason, process=None, **kinds):
        code, _ = update.finish(process or update.start("Download"), "Download")
        self.assertEqual(code, 1, update.log)
        update.call("Cleanup", check=0)
        self.assert_refused(update, reason, **kinds)
        self.assertEqual(self.calls(), [])  # of the installer

    def recovers(self, relay):
        """The next good deployment goes through, with nobody on the path."""
        relay.__exit__()
        self.device.report(self.deployment, "failure")
        with Relay(self.plugin.address, self.plugin.ftp_port, RELAY):
            self.assert_next_update_succeeds()
