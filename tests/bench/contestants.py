"""Those who move the payload: each gives, for one transfer, the processor seconds of its sender and its receiver."""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import threading
import time

import processes
from module_calls import Device, Update
from plugin import Plugin

CXX = ["g++", "-O2", "-std=c++20"]
# An installer that takes the payload as it streams, and keeps nothing.
DRAIN = """#!/bin/sh
case $1 in
    Download) while next=$(cat stream-next) && [ -n "$next" ]; do cat "$next" > /dev/null; done ;;
esac
"""


def cpu_seconds(pid):
    """Of all threads of a process that runs, to the nanosecond (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)


def printed_cpu(output):
    return float(re.search(r"cpu_seconds ([\d.]+)", output)[1])


def build(folder):
    """Compiles the bench's own programs into `folder`."""
    here = pathlib.Path(__file__).resolve().parent
    for name, library in ("floor", "-lcrypto"), ("download", "-lcurl"):
        subprocess.run([*CXX, here / f"{name}.cpp", "-o", folder / name, library, "-lcrypto"], check=True)


class Payload:
    """Random bytes on the disk, and in its cache."""

    def __init__(self, path, size):
        self.path = path
        self.size = size
        digest = hashlib.sha256()
        with open(path, "wb") as file:
            for _ in range(size // (1 << 20)):
                part = os.urandom(1 << 20)
                digest.update(part)
                file.write(part)
        self.sha256 = digest.hexdigest()


class Floor:
    """`sendfile` into a socket; `recv`, digest, `write`."""

    def __init__(self, folder, programs, payload):
        self._folder, self._programs, self._payload = folder, programs, payload

    def run(self, digest):
        port_file = self._folder / "floor.port"
        port_file.unlink(missing_ok=True)
        os.mkfifo(port_file)
        sender = subprocess.Popen([self._programs / "floor", "send", self._payload.path, port_file],
                                  stdout=subprocess.PIPE, text=True)
        port = port_file.read_text().strip()
        target = self._folder / "floor.out"
        received = subprocess.run([self._programs / "floor", "receive", port, target, digest], check=True,
                                  capture_output=True, text=True).stdout
        sent, _ = sender.communicate(timeout=60)
        target.unlink()
        return printed_cpu(sent), printed_cpu(received)


class Https:
    """nginx with TLS 1.3 to a program that fetches with libcurl, checks SHA-256 and writes the file."""

    CONFIGURATION = """
daemon off; {user}worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 64; }}
http {{
    access_log off; sendfile on; tcp_nopush on;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    server {{
        listen 127.0.0.1:{port} ssl; root {root};
        ssl_certificate {certificate}; ssl_certificate_key {key};
        ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites {suite};
    }}
}}
"""
    SUITES = {"aes256gcm": "TLS_AES_256_GCM_SHA384", "chacha20": "TLS_CHACHA20_POLY1305_SHA256"}

    def __init__(self, folder, programs, payload, nginx, cipher, port):
        self._folder, self._programs, self._payload, self._port = folder, programs, payload, port
        folder.mkdir()
        self._certificate, key = folder / "certificate.pem", folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days",
                        "2", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", self._certificate],
                       check=True, capture_output=True)
        configuration = folder / "nginx.conf"
        configuration.write_text(self.CONFIGURATION.format(
            user="user root; " if os.getuid() == 0 else "", folder=folder, port=port, root=payload.path.parent, certificate=self._certificate, key=key,
            suite=self.SUITES[cipher]))
        self._master = processes.popen([nginx, "-c", configuration, "-p", folder])
        self._worker = self._wait_for_worker()

    def _wait_for_worker(self):
        children = pathlib.Path(f"/proc/{self._master.pid}/task/{self._master.pid}/children")
        for _ in range(500):
            found = children.read_text().split() if (self._folder / "nginx.pid").exists() else []
            if found:
                return int(found[0])
            threading.Event().wait(0.01)  # nginx tells nobody that it is ready
        raise RuntimeError("nginx did not start:\n" + (self._folder / "nginx.log").read_text())

    def run(self):
        before = cpu_seconds(self._worker)
        target = self._folder / "out"
        url = f"https://127.0.0.1:{self._port}/{self._payload.path.name}"
        received = subprocess.run([self._programs / "download", url, self._certificate, target, self._payload.sha256],
                                  check=True, capture_output=True, text=True).stdout
        target.unlink()
        return cpu_seconds(self._worker) - before, printed_cpu(received)

    def stop(self):
        processes.stop(self._master)


class TwoPath:
    """The plugin and the update module, a whole Download over both paths. The sender's seconds are all that the plugin
    uses for it; the receiver's are what the module itself tells of its transfer (all of its processes)."""

    def __init__(self, folder, payload, mode="pull"):
        folder.mkdir()
        self._payload = payload
        settings = {"ftp.push": "true", "ftp.push_networks": "10.77.0.0/24"} if mode == "push" else {}
        side, device_side, self._network = None, None, None
        if mode == "push":
            from network import Network  # needs user namespaces; pull does not
            self._network = Network()
            side, device_side = self._network.server, self._network.device
        address = side.address if side else "127.0.0.1"
        self.plugin = Plugin(folder / "plugin", address=address, settings=settings, side=side)
        self.plugin.start()
        self.plugin.log_in()
        push = {"mode": "push", "push_address": "cable"} if mode == "push" else {}
        self._device = Device(folder / "device", self.plugin, configuration=push, side=device_side)
        self._device.add_module("drain", DRAIN)
        self._device.authenticate()
        self._artifact = folder / "release.mender"
        self.plugin.command("publish", payload.path, "--name", "release", "--version", "1", "--device-type",
                            self._device.device_type, "--installer", "drain", "--no-version-check",
                            "--output", self._artifact)
        self.plugin.command("publish", "--upload", self._artifact)

    def run(self):
        plugin, device = self.plugin, self._device
        plugin.command("deploy", "release", "--device", device.id)
        deployment = device.next_deployment()
        device.report(deployment, "downloading")
        before = cpu_seconds(plugin.pid)
        with Update(device, self._artifact) as update:
            update.call("Download", check=0)
            sent = cpu_seconds(plugin.pid) - before
            update.call("Cleanup", check=0)
        device.report(deployment, "failure")
        shutil.rmtree(device.state / "store")  # or nothing would be left to fetch
        session = plugin.sessions(device=device.id)[0]
        self.digest = session["digest"]
        return sent, session["cpu_seconds"]

    def stop(self):
        self.plugin.stop()
        if self._network:
            self._network.close()
