"""Every route of both APIs, called by those who may not: each call is refused, and changes nothing.

What the server refuses below its APIs (slow, oversized, malformed requests) is in the unit suite `https_server`.
"""

import ftplib
import http.client
import json
import re
import secrets
import ssl
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))

import bearer_tokens  # noqa: E402
from relay_case import SESSIONS, RelayCase  # noqa: E402

DEVICE_API = "/api/devices/"
# Of the embedded host: one route of each kind.
HOST_ROUTES = [("GET", "/api/management/v2/devauth/devices"), ("DELETE", "/api/management/v2/devauth/devices/{device}"),
               ("POST", "/api/management/v1/deployments/deployments"), ("POST", "/api/management/v1/deployments/artifacts"),
               ("POST", "/api/management/v1/useradm/users"), ("POST", "/api/management/v1/useradm/settings/tokens"),
               ("POST", "/api/management/v2/inventory/filters/search"),
               ("PUT", "/api/devices/v1/inventory/device/attributes"),
               ("POST", "/api/devices/v1/deployments/device/deployments/next")]


def documented_routes():
    """[(method, path)] of docs/openapi.yaml, which the server's real routes are held to, without those open to all."""
    routes, path = [], None
    for line in (ROOT / "docs/openapi.yaml").read_text().splitlines():
        if found := re.fullmatch(r"  (/\S+):", line):
            path = found[1]
        elif path and (found := re.fullmatch(r"    (get|put|post|delete|patch):", line)):
            routes.append((found[1].upper(), path))
        elif line == "      security: []":
            routes.pop()
    return routes


class Refused(RelayCase):
    settings = {"ftp.plain_login": "true"}

    def setUp(self):
        super().setUp()
        self.key = self.plugin.folder / "state" / "keys" / "tokens.pem"

    def new_session(self):
        """Gives its id and the certification."""
        self.publish()
        self.deploy()
        return self.open_session()

    def refused(self, method, path, token, statuses):
        status, _, answer = self.plugin.request(method, path, {} if method in ("POST", "PUT") else None, token=token)
        self.assertIn(status, statuses, f"{method} {path}: {answer!r}")
        told = json.loads(answer)
        self.assertTrue(told["error"])
        if token:
            self.assertNotIn(token, answer.decode())
        return told

    def everything(self):
        """All that a call could have changed."""
        return [self.plugin.get(path) for path in (
            "/api/management/v2/devauth/devices", "/api/management/v1/deployments/deployments",
            "/api/management/v1/useradm/users", "/api/management/v1/two-path/sessions",
            "/api/management/v1/two-path/releases", "/api/management/v1/two-path/payloads")]


class Strangers(Refused):
    def assert_all_refused(self, tokens, routes):
        before = self.everything()
        for method, pattern in routes:
            path = re.sub(r"\{\w+\}", self.session_id, pattern)
            for name, token in tokens.items():
                with self.subTest(f"{method} {pattern}, {name}"):
                    self.refused(method, path, token, {401})
        self.assertEqual(self.everything(), before)
        log = self.plugin.log()
        for token in filter(None, tokens.values()):
            self.assertNotIn(token, log)

    def setUp(self):
        super().setUp()
        self.session_id, _ = self.new_session()
        routes = documented_routes() + HOST_ROUTES
        self.assertGreater(len(routes), 25)
        self.of_devices = [route for route in routes if route[1].startswith(DEVICE_API)]
        self.of_users = [route for route in routes if not route[1].startswith(DEVICE_API)]

    def signed_here(self, token, path, **claims):
        """A token that only its claims can be refused for: with its own claims, its signature opens `path`."""
        own = bearer_tokens.signed(self.key, token)
        self.assertEqual(self.plugin.request("GET", path, token=own)[0], 200)
        return bearer_tokens.signed(self.key, token, **claims)

    def user_token(self):
        return self.plugin.request("POST", "/api/management/v1/useradm/settings/tokens",
                                   {"name": secrets.token_urlsafe(8)})[2].decode()

    def test_the_device_api_is_for_devices_that_are_let_in(self):
        token, user = self.device.token, self.user_token()
        own = f"{SESSIONS}/{self.session_id}"
        rejected = self.new_device()
        self.set_status(rejected, "rejected")
        self.assert_all_refused({
            "no token": "", "junk": "junk", "a user's": user,
            "expired": self.signed_here(token, own, exp=1),
            "of a device that was rejected": rejected.token,
            "with another device's name": bearer_tokens.altered(rejected.token, sub=self.device.id),
            "not signed": bearer_tokens.unsigned(token),
            "revoked": self.signed_here(token, own, jti="00000000-0000-4000-8000-000000000000"),
            "a user's that claims to be a device's": bearer_tokens.altered(user, **{"mender.device": True}),
        }, self.of_devices)
        self.assertEqual(self.device.ask_session(self.session_id)["state"], "certified")

    def test_the_management_api_is_for_users_who_are_logged_in(self):
        token, logged_out = self.user_token(), self.user_token()
        status, _, _ = self.plugin.request("POST", "/api/management/v1/useradm/auth/logout", token=logged_out)
        self.assertEqual(status, 202)
        self.assert_all_refused({
            "no token": "", "junk": "junk", "a device's": self.device.token,
            "expired": self.signed_here(token, "/api/management/v1/useradm/users/me", exp=1),
            "logged out": logged_out,
            "not signed": bearer_tokens.unsigned(token),
            "a device's that claims to be a user's": bearer_tokens.altered(self.device.token, **{"mender.user": True}),
        }, self.of_users)

    def set_status(self, device, status):
        shown = self.plugin.get(f"/api/management/v2/devauth/devices/{device.id}")
        path = f"/api/management/v2/devauth/devices/{device.id}/auth/{shown['auth_sets'][0]['id']}/status"
        self.assertEqual(self.plugin.request("PUT", path, {"status": status})[0], 204)

    def test_another_device_s_session_is_not_there(self):
        other = self.new_device()
        before = self.everything()
        for method, pattern in self.of_devices:
            if "{session}" in pattern:
                path = pattern.replace("{session}", self.session_id).replace("{file}", "0" * 64)
                with self.subTest(f"{method} {pattern}"):
                    self.refused(method, path, other.token, {400, 403, 404})
        self.assertEqual(self.everything(), before)
        self.assertEqual(self.device.ask_session(self.session_id)["state"], "certified")


class Traversal(Refused):
    NAMES = ["../../../../etc/passwd", "/etc/passwd", "..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
             "....//....//etc/passwd", "..\\..\\etc\\passwd", "keys%2ftokens.pem", "two-path.db"]

    def get(self, target, token):
        """As it is written, which HTTP clients would tidy up; gives status and body."""
        context = ssl.create_default_context(cafile=self.plugin.certificate)
        connection = http.client.HTTPSConnection(self.plugin.address, self.plugin.https_port, context=context, timeout=30)
        try:
            connection.putrequest("GET", target, skip_accept_encoding=True)
            connection.putheader("Authorization", f"Bearer {token}")
            connection.endheaders()
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def test_no_name_leads_out_of_the_catalog_over_https(self):
        session, _ = self.new_session()
        user = self.plugin.request("POST", "/api/management/v1/useradm/settings/tokens", {"name": "traversal"})[2].decode()
        places = [("/", user), ("/api/management/v1/two-path/payloads/", user),
                  ("/api/management/v1/two-path/releases/", user),
                  ("/api/management/v1/deployments/artifacts/", user), ("/api/devices/v1/deployments/download/", user),
                  (f"{SESSIONS}/{session}/files/", self.device.token), (f"{SESSIONS}/", self.device.token)]
        for place, token in places:
            for name in self.NAMES:
                with self.subTest(place + name):
                    status, body = self.get(place + name, token)
                    self.assertIn(status, (400, 403, 404, 405), body)
                    self.assertNotIn(b"root:", body)
                    self.assertNotIn(b"PRIVATE KEY", body)

    def test_no_name_leads_out_of_the_catalog_over_ftp(self):
        session, certification = self.new_session()
        with ftplib.FTP(timeout=30) as ftp:
            ftp.connect(self.plugin.address, self.plugin.ftp_port)
            ftp.login(session, certification)
            for name in self.NAMES:
                for command in ("SIZE", "RETR", "CWD", "MDTM", "STOR", "DELE", "RNFR"):
                    with self.subTest(f"{command} {name}"):
                        with self.assertRaises(ftplib.error_perm):
                            answer = ftp.sendcmd(f"{command} {name}")
                            self.fail(answer)


if __name__ == "__main__":
    unittest.main()
