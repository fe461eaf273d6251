"""The second path's client, bare enough to be there ten thousand times in one process."""

import base64
import hashlib
import hmac
import socket

from https_device import nonce


def proof(certification, who, session, client_nonce, server_nonce):
    """docs/protocol.md, "Second path"."""
    text = "\n".join(("two-path/1", "pull", who, session, client_nonce, server_nonce))
    mac = hmac.digest(certification, text.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")


class FtpDevice:
    """One control connection. `source`: the loopback address that it comes from."""

    def __init__(self, plugin, source):
        self._plugin = plugin
        self._source = source
        self._socket = self._connect(plugin.ftp_port)
        self.expect(220)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._socket.close()

    def log_in(self, device):
        """Both ends prove that they know the session's certification."""
        ours = nonce()
        theirs, proved = self.ask(331, f"USER {device.session}.{ours}").split()[-2:]
        if proved != proof(device.certification, "plugin", device.session, ours, theirs):
            raise RuntimeError("the plugin's proof does not hold")
        self.ask(230, "PASS " + proof(device.certification, "device", device.session, ours, theirs))

    def fetch(self, file):
        """The data connection on which the file comes."""
        self.ask(200, "TYPE I")
        port = int(self.ask(229, "EPSV").split("|")[3])
        data = self._connect(port)
        self.ask(150, f"RETR {file}")
        return data

    def ask(self, code, command):
        self._socket.sendall(command.encode() + b"\r\n")
        return self.expect(code)

    def _connect(self, port):
        return socket.create_connection((self._plugin.address, port), timeout=30, source_address=(self._source, 0))

    def expect(self, code):
        reply = b""
        while not reply.endswith(b"\n"):
            part = self._socket.recv(1024)
            if not part:
                raise RuntimeError(f"the plugin closed a connection that was to get {code}")
            reply += part
        if not reply.startswith(str(code).encode()):
            raise RuntimeError(f"the plugin said {reply!r} instead of {code}")
        return reply.decode().strip()
