"""The HTTP end of the stand-in Mender server: a listener, failures on demand, and the way to the plugin behind it."""

import http.client
import http.server
import json
import re
import ssl
import threading
import urllib.parse

TWO_PATH = re.compile(r"/api/(devices|management)/v1/two-path(/|$)")


class Refusal(Exception):
    """An answer other than 2xx, as Mender words it."""

    def __init__(self, status, error, **more):
        super().__init__(error)
        self.status, self.body = status, {"error": error, "request_id": "stand-in", **more}


class Fault:
    """What befalls requests whose path and query match: `delay` seconds and `act()` first; then `status` with Mender's
    error or `body`, or the connection's end, or else the ordinary answer. `served`: what was asked for is done all the
    same."""

    def __init__(self, pattern, status=None, headers=None, body=None, delay=0, close=False, served=False,
                 act=lambda: None):
        self.pattern, self.status, self.headers = re.compile(pattern), status, headers or {}
        self.body = body or {"error": "as the test says", "request_id": "stand-in"}
        self.delay, self.close, self.served, self.act = delay, close, served, act
        self.hits = 0
        self.over = threading.Event()


class Listener(http.server.ThreadingHTTPServer):
    """`answer(request)` gives (status, body[, headers]) or raises Refusal; `befalls(path)` a Fault or None; `plugin()`
    where two-path's paths go, (address, port, certificate) or None."""

    daemon_threads = True

    def __init__(self, answer, befalls, plugin, context=None):
        super().__init__(("127.0.0.1", 0), _Request)
        self.answer, self.befalls, self.plugin, self._context = answer, befalls, plugin, context
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def get_request(self):
        connection, address = super().get_request()
        if self._context:  # the handshake comes with the first read, on the connection's own thread
            connection = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, *_):
        pass  # clients that leave

    def end(self):
        self.shutdown()
        self.server_close()


class _Request(http.server.BaseHTTPRequestHandler):
    """Also what the routes see: `method`, `path` without the query, `query`, `headers`, `body`, `bearer`."""

    protocol_version = "HTTP/1.1"

    def serve(self):
        self.method, target = self.command, self.path
        split = urllib.parse.urlsplit(target)
        self.path, self.query = split.path, urllib.parse.parse_qs(split.query)
        self.body = self._read_body()
        if TWO_PATH.match(self.path) and self.server.plugin():
            return self._pass_on(target)
        fault = self.server.befalls(self.method, target)
        if fault:
            fault.hits += 1
            fault.over.wait(fault.delay)
            fault.act()
            if fault.served:
                self.server.answer(self)
            if fault.close:
                self.close_connection = True
                return None
            if fault.status:
                return self._send(fault.status, fault.body, fault.headers)
        try:
            return self._send(*self.server.answer(self))
        except Refusal as refusal:
            return self._send(refusal.status, refusal.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve

    @property
    def bearer(self):
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        return token if scheme == "Bearer" else ""

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Refusal(400, "malformed JSON") from error

    def _read_body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = bytearray()
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return bytes(body)

    def _pass_on(self, target):
        address, port, certificate = self.server.plugin()
        connection = http.client.HTTPSConnection(address, port, timeout=60,
                                                 context=ssl.create_default_context(cafile=certificate))
        try:
            headers = {name: value for name, value in self.headers.items()
                       if name.lower() in ("authorization", "content-type", "range")}
            connection.request(self.method, target, self.body, headers)
            reply = connection.getresponse()
            kept = {name: value for name, value in reply.getheaders()
                    if name.lower() not in ("content-length", "connection", "date", "server")}
            return self._send(reply.status, reply.read(), kept)
        except OSError:
            return self._send(502, {"error": "Bad Gateway"})
        finally:
            connection.close()

    def _send(self, status, body, headers=None):
        """`body`: bytes as they are, a text as a token, anything else as JSON."""
        headers = dict(headers or {})
        if isinstance(body, str):
            body, headers["Content-Type"] = body.encode(), "application/jwt"
        elif body is not None and not isinstance(body, bytes):
            body, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_):
        pass
