"""HTTPS today: nginx to a program that fetches with libcurl, checks SHA-256 and writes the file."""

import subprocess

import cpu
from contestants.nginx import Nginx
from plugin import reserve_port


def make_certificate(folder):
    """(certificate, key) for this machine."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    return certificate, key


class Https:
    def __init__(self, folder, programs, payload, cipher):
        folder.mkdir()
        self._target = folder / "out"
        self._programs, self._payload = programs, payload
        self._certificate, key = make_certificate(folder)
        self._nginx = Nginx(folder / "nginx", payload.path.parent, reserve_port("127.0.0.1"), self._certificate, key,
                            cipher)

    def run(self):
        """(sender's, receiver's CPU seconds)"""
        before = cpu.of_running(self._nginx.worker)
        received = self._programs.run("download", f"{self._nginx.url}/{self._payload.path.name}", self._target,
                                      self._payload.sha256, self._certificate)
        self._target.unlink()
        return cpu.of_running(self._nginx.worker) - before, cpu.printed(received)

    def stop(self):
        self._nginx.stop()
