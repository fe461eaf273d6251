"""An external unit: an HTTPS server that takes notices, or does not, as a test tells it."""

import hashlib
import hmac
import http.server
import json
import ssl
import subprocess
import threading

SECRET = "4a656665" * 4
SILENT = "silent"  # takes the request, says nothing
DRIPPING = "dripping"  # answers byte by byte, without end


def make_certificate(folder):
    """A self-signed certificate for 127.0.0.1: (certificate, key)."""
    certificate, key = folder / "receiver.pem", folder / "receiver.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


class Receiver:
    """`answer`: a status, SILENT or DRIPPING; what it is at the moment of a request. What came is in `notices`, as
    (body as parsed, headers), the signature checked."""

    def __init__(self, certificate, key, port):
        self.answer = 200
        self.notices = []
        self.wrong = []  # what a good sender never sends
        self._came = threading.Condition()
        self._ends = threading.Event()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), self._handler(), bind_and_activate=False)
        self._server.daemon_threads = True
        self._server.allow_reuse_address = True
        self._server.server_bind()
        self._server.server_activate()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def stop(self):
        self._ends.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait(self, count, within=60):
        """Until so many notices came; gives them all."""
        with self._came:
            if not self._came.wait_for(lambda: len(self.notices) >= count, within):
                raise AssertionError(f"{len(self.notices)} of {count} notices came within {within} s")
            return list(self.notices)

    def _take(self, headers, body):
        signed = hmac.new(bytes.fromhex(SECRET), body, hashlib.sha256).hexdigest()
        if headers.get("X-Men-Signature") != signed or headers.get("X-Men-Algorithm") != "MEN-HMAC-SHA256-Payload":
            self.wrong.append(dict(headers))
        with self._came:
            self.notices.append((json.loads(body), dict(headers)))
            self._came.notify_all()

    def _handler(self):
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                answer = receiver.answer
                receiver._take(self.headers, self.rfile.read(int(self.headers["Content-Length"])))
                if answer == SILENT:
                    receiver._ends.wait(60)
                elif answer == DRIPPING:
                    self._drip()
                else:
                    self.send_response(answer)
                    self.send_header("Content-Length", "0")
                    self.send_header("Location", "/elsewhere")
                    self.end_headers()

            def _drip(self):
                try:
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                    while not receiver._ends.wait(0.2):
                        self.wfile.write(b".")
                except OSError:
                    pass

            def log_message(self, *_):
                pass

            def handle(self):
                try:
                    super().handle()
                except (OSError, ssl.SSLError):
                    pass  # the sender went away

        return Handler

