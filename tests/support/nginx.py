"""A real nginx, unpacked and not installed, as a gateway before the plugin: with the snippets of packaging/gateway."""

import os
import pathlib
import socket
import subprocess
import threading

import processes
import unpacked
from plugin import Plugin, reserve_port

SNIPPETS = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "gateway"
FRAME = """
daemon off; {user} worker_processes 1; pid {folder}/pid; error_log {folder}/error.log info;
events {{ worker_connections 256; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    {content}
}}
"""


def settings(address="127.0.0.1"):
    """What a plugin that listens on `address` needs behind an nginx there."""
    return {"https.trusted_proxies": address, "https.name": [address, "localhost", "two-path"],
            "ftp.advertise": address, "limits.https_connections_per_address": 2000}


def snippet(name, *changes):
    """A shipped file with what an operator changes in it: pairs of what is there and what stands there then."""
    text = (SNIPPETS / name).read_text()
    for shipped, changed in changes:
        if shipped not in text:
            raise AssertionError(f"{name} does not say `{shipped}`")
        text = text.replace(shipped, str(changed))
    return text


def before_embedded_host(nginx, plugin):
    """nginx.conf, for `nginx` before `plugin`."""
    return snippet("nginx.conf", ("listen 443 ssl", f"listen {nginx.address}:{nginx.port} ssl"),
                   ("    listen [::]:443 ssl;\n", ""), ("127.0.0.1:8443", f"{plugin.address}:{plugin.https_port}"),
                   ("/etc/nginx/updates.example.com.pem", nginx.certificate),
                   ("/etc/nginx/updates.example.com.key", nginx.key),
                   ("/etc/nginx/two-path.pem", nginx.trusted))


def before_mender(mender):
    """The same with nginx-mender.conf, in the gateway of a stand-in MenderServer, which gets all other requests."""
    def content(nginx, plugin):
        inside = snippet("nginx-mender.conf", ("https://two-path:8443", f"https://{plugin.address}:{plugin.https_port}"),
                         ("http://deviceauth:8080", mender.plain_url), ("http://useradm:8080", mender.plain_url),
                         ("/etc/nginx/two-path.pem", nginx.trusted))
        return f"""server {{
            listen {nginx.address}:{nginx.port} ssl;
            ssl_certificate {nginx.certificate}; ssl_certificate_key {nginx.key};
            client_max_body_size 0;
            location / {{ proxy_pass {mender.url}; proxy_http_version 1.1; }}
            {inside}
        }}"""
    return content


class Nginx:
    """nginx on the address and the network of a plugin. `content(nginx, plugin)` gives what stands in `http { }`.

    trusted    the certificate that the plugin must show to it; default: the plugin's own
    """

    def __init__(self, folder, plugin, content=before_embedded_host, trusted=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.address, self._side = plugin.address, plugin.side
        # In a network of its own it has every port to itself.
        self.port = 8443 if self._side else reserve_port(self.address)
        self.certificate, self.key = self.folder / "certificate.pem", self.folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=updates.example.com",
                        "-days", "2", "-addext", f"subjectAltName=IP:{self.address}", "-keyout", self.key, "-out",
                        self.certificate], check=True, capture_output=True)
        self.trusted = trusted or plugin.certificate
        self._configuration = self.folder / "nginx.conf"
        self._configuration.write_text(FRAME.format(
            folder=self.folder, user="user root;" if os.getuid() == 0 else "", content=content(self, plugin)))
        self._program = unpacked.unpacked("nginx") / "usr/sbin/nginx"
        self._process = None

    @property
    def url(self):
        return f"https://{self.address}:{self.port}"

    def log(self, name="access"):
        return (self.folder / f"{name}.log").read_text()

    def check(self):
        """What `nginx -t` says, and its exit code."""
        enter = self._side.enter if self._side else ()
        done = subprocess.run([*enter, self._program, "-t", "-c", self._configuration, "-p", self.folder], text=True,
                              capture_output=True, check=False)
        return done.returncode, done.stderr

    def start(self):
        self._process = processes.popen([self._program, "-c", self._configuration, "-p", self.folder],
                                        self._side.enter if self._side else ())
        connect = self._side.connect if self._side else lambda *place: socket.create_connection(place)
        for _ in range(500):
            try:
                connect(self.address, self.port).close()
                return
            except ConnectionRefusedError:
                threading.Event().wait(0.02)  # nginx tells nobody that it is ready
        self.stop()
        raise RuntimeError("nginx did not start:\n" + self.log("error"))

    def stop(self):
        processes.stop(self._process)


class ThroughNginx(Plugin):
    """The plugin as devices and operators see it through its gateway."""

    certificate = None

    def __init__(self, plugin, nginx):  # the same plugin, so there is nothing to make
        self.__dict__.update(plugin.__dict__)
        self.https_port, self.certificate = nginx.port, nginx.certificate
