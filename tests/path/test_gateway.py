"""A gateway before the plugin: the shipped snippets, run by a real nginx, carry whole updates."""

import base64
import http.client
import pathlib
import ssl
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import nginx  # noqa: E402
from event_watcher import Watcher  # noqa: E402
from mender_case import MenderCase  # noqa: E402
from nginx import Nginx, ThroughNginx, snippet  # noqa: E402
from path_case import MIB, PathCase  # noqa: E402
from plugin import EMAIL, PASSWORD  # noqa: E402
from push_case import PushCase  # noqa: E402


class BehindNginx:
    """All that a test does with `plugin` goes through `nginx`, whose configuration is `content`."""

    settings = nginx.settings()
    content = staticmethod(nginx.before_embedded_host)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.direct = cls.plugin
        cls.nginx = Nginx(cls.folder / "nginx", cls.direct, cls.content)
        cls.nginx.start()
        cls.addClassCleanup(cls.nginx.stop)
        cls.plugin = ThroughNginx(cls.direct, cls.nginx)

    @classmethod
    def log_in(cls):
        """The operator's command, at the gateway."""
        cls.plugin.command("login", "--server", cls.plugin.url, "--ca", cls.nginx.certificate, EMAIL,
                           text_input=PASSWORD + "\n")

    def assert_updated(self):
        self.assert_next_update_succeeds("2.0")
        session = self.session()
        self.assertEqual(session["path"], "ftp")
        self.assertRegex(self.nginx.log(), rf"PUT /api/devices/v1/two-path/sessions/{session['id']}\S* HTTP/1.1\" 20")

    def test_nginx_takes_the_snippet(self):
        code, said = self.nginx.check()
        self.assertEqual(code, 0, said)
        self.assertNotIn("[warn]", said)


class Alone(BehindNginx, PathCase):
    """nginx.conf: everybody comes through it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.log_in()

    def test_device_and_operator_work_through_it(self):
        self.assert_updated()

    def test_a_large_payload_is_passed_on_as_it_comes(self):
        self.publish(size=64 * MIB)
        self.assertEqual([], [path for path in self.nginx.folder.glob("t*/*") if path.is_file()])
        self.assertNotIn("buffered to a temporary file", self.nginx.log("error"))

    def test_nothing_else_is_passed(self):
        for path in ("/", "/ui/", "/api/internal/v1/x"):
            self.assertEqual(self.plugin.request("GET", path)[0], 404)
            self.assertNotIn(f"GET {path} ", self.plugin.log())

    def test_the_page_passes_and_its_events_as_they_come(self):
        status, headers, _ = self.plugin.request("GET", "/ui/two-path/", token="")
        self.assertEqual(status, 200)
        self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
        watcher = Watcher(self.plugin)
        self.addCleanup(watcher.close)
        events = iter(watcher)
        self.assertEqual(next(events)[0], "snapshot")
        update = self.update(self.publish())
        self.deploy()
        update.call("Download", check=0)
        self.assertTrue(any(data.get("state") == "invalidated" for _, data in events))

    def test_a_server_with_another_certificate_is_told_nothing(self):
        other = Nginx(self.folder / "other", self.direct, trusted=self.nginx.certificate)
        other.start()
        self.addCleanup(other.stop)
        before = self.plugin.log()
        path = "/api/management/v1/two-path/sessions"
        self.assertEqual(ThroughNginx(self.plugin, other).request("GET", path, token="")[0], 502)
        self.assertIn("certificate verify error", other.log("error"))
        self.assertNotIn(path, self.plugin.log()[len(before):])

    def test_what_nginx_says_of_the_client_counts_and_what_the_client_says_does_not(self):
        tries = [self.try_password("127.0.0.2") for _ in range(10)]
        self.assertEqual(set(tries), {401})
        # Ten at once, then one every 6 s: a slow machine gets some more.
        self.assertIn(429, (self.try_password("127.0.0.2") for _ in range(30)))
        self.assertEqual(self.try_password("127.0.0.2", {"X-Forwarded-For": "127.0.0.9"}), 429)
        self.assertEqual(self.try_password("127.0.0.3"), 401)
        self.assertIn("too many login attempts from 127.0.0.2", self.plugin.log())

    def try_password(self, source, headers=None):
        """One login with a wrong password, from this address."""
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.nginx.port, source_address=(source, 0), timeout=30,
            context=ssl.create_default_context(cafile=self.nginx.certificate))
        secret = base64.b64encode(f"{EMAIL}:wrong password".encode()).decode()
        connection.request("POST", "/api/management/v1/useradm/auth/login", None,
                           {"Authorization": f"Basic {secret}", "Content-Length": "0", **(headers or {})})
        status = connection.getresponse().status
        connection.close()
        return status


class Push(BehindNginx, PushCase):
    """No network is open to push: where the device's own HTTPS comes from is all that the plugin goes by."""

    settings = {**nginx.settings("10.77.0.1"), "ftp.push": "true"}

    def test_the_plugin_goes_to_the_device_and_not_to_its_gateway(self):
        self.assert_updated()
        self.assertIn(f"{self.network.device.address} - - ", self.nginx.log())


class BeforeMender(BehindNginx, MenderCase):
    """nginx-mender.conf: nginx is a Mender server's gateway; two-path's paths go to the plugin, after Mender's own
    services were asked, and everything else to Mender."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mender.plugin = None  # the stand-in's own gateway leads nowhere
        cls.log_in()

    @classmethod
    def content(cls, server, plugin):
        return nginx.before_mender(cls.mender)(server, plugin)

    def setUp(self):
        super().setUp()
        self.mender.requests.clear()

    def test_a_device_is_updated_after_mender_was_asked(self):
        self.assert_updated()
        asked = {target for _, target in self.mender.requests}
        self.assertIn("/api/internal/v1/devauth/tokens/verify", asked)
        self.assertIn("/api/internal/v1/useradm/auth/verify", asked)

    def test_whom_mender_refuses_the_plugin_never_sees(self):
        self.mender.reject(self.device.id)
        for path in ("/api/devices/v1/two-path/sessions/x", "/api/management/v1/two-path/sessions"):
            for token in ("", self.device.token):
                before = self.plugin.log()
                self.assertEqual(self.plugin.request("GET", path, token=token)[0], 401)
                self.assertNotIn(path, self.plugin.log()[len(before):])


if __name__ == "__main__":
    unittest.main()
