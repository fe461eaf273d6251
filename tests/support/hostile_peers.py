"""Those who stand where the other end should: a stranger with TLS on the first path, an impostor on the second."""

import socket
import ssl
import subprocess
import threading


class Peer:
    """Serves each connection that comes to `listener` in a thread of its own, until it is closed."""

    def __init__(self, listener):
        self._open = [listener]
        self._listener = listener
        self.visits = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in self._open:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has ended before
            one.close()

    def _accept(self):
        try:
            while True:
                connection, _ = self._listener.accept()
                connection.settimeout(30)
                self._open.append(connection)
                self.visits += 1
                threading.Thread(target=self._visited, args=[connection], daemon=True).start()
        except OSError:
            pass  # closed

    def _visited(self, connection):
        with connection:
            try:
                self.serve(connection)
            except OSError:
                pass  # the visitor has left


class Stranger(Peer):
    """Has a certificate for the server's name that nobody trusts. `heard`: what it was told inside of TLS."""

    def __init__(self, listener, name, folder):
        key, certificate = folder / "stranger.key", folder / "stranger.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", "/CN=stranger", "-addext", f"subjectAltName=IP:{name}", "-keyout", key,
                        "-out", certificate], check=True, capture_output=True)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self.heard = b""
        super().__init__(listener)

    def serve(self, connection):
        with self._context.wrap_socket(connection, server_side=True) as secure:
            while part := secure.recv(65536):
                self.heard += part


class Impostor(Peer):
    """Speaks FTP as the end of a session in `mode` does, without its certification, and says yes to everything.

    heard   every line that it was sent
    """

    NONCE, PROOF = b"A" * 22, b"A" * 43

    def __init__(self, listener, mode):
        challenge = [self.NONCE, self.PROOF] if mode == "pull" else [self.NONCE]
        self._replies = {b"USER": b"331 certify " + b" ".join(challenge), b"PASS": b"230 " + self.PROOF}
        self.heard = []
        super().__init__(listener)

    def serve(self, connection):
        connection.sendall(b"220 Here.\r\n")
        for line in connection.makefile("rb"):
            self.heard.append(line)
            connection.sendall(self._replies.get(line[:4], b"200 Yes.") + b"\r\n")
