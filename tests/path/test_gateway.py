"""A gateway before the plugin: the shipped snippets, run by a real nginx, carry whole updates."""

import base64
import http.client
import http.server
import pathlib
import ssl
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import nginx  # noqa: E402
from event_watcher import Watcher  # noqa: E402
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
        cls.plugin.command("login", "--server", cls.plugin.url, "--ca", cls.nginx.certificate, EMAIL,
                           text_input=PASSWORD + "\n")

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


class Asked(http.server.BaseHTTPRequestHandler):
    """Mender's deviceauth and useradm, of which a gateway asks whose token this is (`tokens/verify`, `auth/verify`)."""

    protocol_version = "HTTP/1.1"
    refused, calls = set(), []

    def do_GET(self):
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        uri = self.headers.get("X-Forwarded-Uri", "")
        self.calls.append((self.path, self.headers.get("X-Forwarded-Method"), uri))
        # useradm answers 500 without these two headers.
        if not uri or not self.headers.get("X-Forwarded-Method"):
            status = 500
        else:
            status = 401 if not token or token in self.refused else 200
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class BeforeMender(BehindNginx, PathCase):
    """nginx-mender.conf: two-path's paths alone, after Mender's own services were asked."""

    @classmethod
    def content(cls, server, plugin):
        stub = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Asked)
        threading.Thread(target=stub.serve_forever, daemon=True).start()
        cls.addClassCleanup(stub.server_close)
        cls.addClassCleanup(stub.shutdown)
        asked = f"http://127.0.0.1:{stub.server_address[1]}"
        inside = snippet("nginx-mender.conf", ("https://two-path:8443", f"https://127.0.0.1:{plugin.https_port}"),
                         ("http://deviceauth:8080", asked), ("http://useradm:8080", asked),
                         ("/etc/nginx/two-path.pem", server.trusted))
        # What else the gateway serves is Mender's; here the embedded host plays it. nginx would take a TLS session
        # from there that it has not verified.
        return f"""server {{
            listen 127.0.0.1:{server.port} ssl;
            ssl_certificate {server.certificate}; ssl_certificate_key {server.key};
            client_max_body_size 0;
            location / {{
                proxy_pass https://127.0.0.1:{plugin.https_port}; proxy_ssl_session_reuse off;
                proxy_set_header Host $http_host;
            }}
            {inside}
        }}"""

    def setUp(self):
        super().setUp()
        Asked.calls.clear()
        Asked.refused.clear()

    def test_a_device_is_updated_after_mender_was_asked(self):
        self.assert_updated()
        self.assertIn(("/api/internal/v1/devauth/tokens/verify", "POST", "/api/devices/v1/two-path/sessions"),
                      Asked.calls)
        self.assertIn("/api/internal/v1/useradm/auth/verify", {path for path, _, _ in Asked.calls})

    def test_whom_mender_refuses_the_plugin_never_sees(self):
        Asked.refused.add(self.device.token)
        for path in ("/api/devices/v1/two-path/sessions/x", "/api/management/v1/two-path/sessions"):
            for token in ("", self.device.token):
                before = self.plugin.log()
                self.assertEqual(self.plugin.request("GET", path, token=token)[0], 401)
                self.assertNotIn(path, self.plugin.log()[len(before):])


if __name__ == "__main__":
    unittest.main()
