"""Devices as the plugin sees them on the first path: a token, and one request after the other."""

import base64
import hashlib
import http.client
import json
import os
import socket
import ssl

AUTHENTICATION = "/api/devices/v1/authentication/auth_requests"
NEXT = "/api/devices/v1/deployments/device/deployments/next"
SESSIONS = "/api/devices/v1/two-path/sessions"
DEVICE_TYPE = "bench"

# ECDSA on P-256 with the private key 1 and the nonce 1, which keep no secret and cost a client nothing: public key and
# `r` are the curve's base point, `s` is the digest plus `r`. The plugin's work is that of any other signature.
_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
_X = 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296
_Y = 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5
_P256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")


def _public_key():
    text = base64.encodebytes(_P256 + _X.to_bytes(32, "big") + _Y.to_bytes(32, "big")).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{text}-----END PUBLIC KEY-----\n"


def _der(kind, content):
    return bytes([kind, len(content)]) + content


def _sign(body):
    s = (int.from_bytes(hashlib.sha256(body).digest(), "big") + _X) % _ORDER
    numbers = b"".join(_der(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big")) for number in (_X, s))
    return base64.b64encode(_der(0x30, numbers)).decode()


def nonce():
    return base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")


class Line:
    """One TLS connection to the plugin that is kept alive. `source`: the loopback address that it comes from."""

    def __init__(self, plugin, source="127.0.0.1"):
        context = ssl.create_default_context(cafile=plugin.certificate)
        plain = socket.create_connection((plugin.address, plugin.https_port), timeout=30, source_address=(source, 0))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = context.wrap_socket(plain, server_hostname=plugin.address)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def ask(self, method, path, body=b"", token=None, **headers):
        """The answer's bytes; anything but success is an error."""
        fields = {"Host": "bench", "Content-Length": len(body), "Content-Type": "application/json", **headers}
        if token:
            fields["Authorization"] = f"Bearer {token}"
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
        self._socket.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        reply = http.client.HTTPResponse(self._socket, method=method)
        reply.begin()
        answer = reply.read()
        if reply.status >= 300 or reply.will_close:
            raise RuntimeError(f"{method} {path}: {reply.status} {answer!r}")
        return answer


class HttpsDevice:
    """One device that the embedded host lets in, and its session. What it does goes over a line that it is given."""

    def __init__(self, line, number):
        self.session = None
        self.certification = None  # the first certification information
        body = json.dumps({"id_data": json.dumps({"bench": number}), "pubkey": _public_key()}).encode()
        self._token = line.ask("POST", AUTHENTICATION, body, X_MEN_Signature=_sign(body)).decode()

    def ask(self, line, method, path, /, **content):
        body = json.dumps(content).encode() if content else b""
        answer = line.ask(method, path, body, self._token)
        return json.loads(answer) if answer else None

    def step(self, line, method, part, /, **content):
        return self.ask(line, method, f"{SESSIONS}/{self.session}/{part}", **content)

    def poll(self, line):
        """As the Mender client does, which makes the deployment this device's active one."""
        if self.ask(line, "POST", NEXT, artifact_name="none", device_type=DEVICE_TYPE) is None:
            raise RuntimeError("the plugin has no deployment for a device of the bench")

    def open(self, line, release, file):
        opened = self.ask(line, "POST", SESSIONS, protocol=1, module_version="bench", formats=[1], attempt=nonce(),
                          release=release, files=[file], issuer="plugin", mode="pull", digests=["sha256"],
                          version="1", device_type=DEVICE_TYPE, boot_id="before")
        self.session = opened["session"]
        self.certification = base64.urlsafe_b64decode(opened["certification"] + "=")

    def store(self, line):
        self.step(line, "PUT", "certification", stored=True)
