"""The plugin as an operator runs it: a real two-path-server with its own state, and the command two-path beside it."""

import base64
import http.client
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import urllib.parse

import processes

BUILD = pathlib.Path(os.environ.get("TWO_PATH_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build")).resolve()
SERVER = BUILD / "plugin" / "two-path-server"
COMMAND = BUILD / "plugin" / "cli" / "two-path"
# For another machine it is what starts it under an emulator (`emulated`).
MODULE = pathlib.Path(os.environ.get("TWO_PATH_MODULE", BUILD / "update-module" / "two-path"))
EMULATED = "TWO_PATH_MODULE" in os.environ

EMAIL = "operator@example.com"
PASSWORD = "correct horse battery staple"


def reserve_port(address):
    """A TCP port that no other program is given while this process lives: bound, but not listened on, it leaves
    the place to the server alone, also between a server's end and its next start."""
    with socket.socket() as place:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        place.bind((address, 0))
        port = place.getsockname()[1]
        place.detach()
    return port


class Plugin:
    """One server. `settings`: {"section.key": value} beside the defaults of the tests.

    address     what it listens on, and what its certificate names
    side        of a network.Network to run on, or None for the host's own network
    disk        a small_disk.SmallDisk over `folder`/state, or None
    """

    def __init__(self, folder, address="127.0.0.1", settings=None, side=None, disk=None):
        self.folder = pathlib.Path(folder)
        self.address = address
        self.log_path = self.folder / "plugin.log"
        self.environment = {}  # more of it for the server
        self.side = side
        self.disk = disk
        self._process = None
        self._token = None
        # In a network of its own it has every port to itself.
        self.https_port, self.ftp_port = (0, 0) if side else (reserve_port(address), reserve_port(address))
        self._settings = {
            "https.listen": f"{address}:{self.https_port}", "https.name": address,
            "ftp.listen": f"{address}:{self.ftp_port}", "host.accept": "auto",
            "session.abort_poll_seconds": 1, **(settings or {}),
        }
        self.folder.mkdir(parents=True, exist_ok=True)

    # Its life

    def start(self):
        """Starts the server and waits until it says that it is ready."""
        self._write_configuration()
        ports = self.folder / "ports"
        notify = self.folder / "notify"
        notify.unlink(missing_ok=True)
        self._notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notices.bind(str(notify))
        with open(self.log_path, "ab") as log:
            self._process = processes.popen(
                [SERVER, "--config", self.folder / "server.conf", "--ports-file", ports],
                self._enter(), stdout=log, stderr=log,
                env={**os.environ, "NOTIFY_SOCKET": str(notify), **self.environment})
            self._wait_for_word("READY=1")
        if self.disk:  # which others do not see
            shutil.copy(self.disk.outside / "tls" / "certificate.pem", self.certificate)
        found = dict(re.findall(r"(\w+)=(\d+)", ports.read_text()))
        self.https_port, self.ftp_port = int(found["https_port"]), int(found["ftp_port"])
        # What was chosen now is kept over a restart, as devices know it.
        self._settings["https.listen"] = f"{self.address}:{self.https_port}"
        self._settings["ftp.listen"] = f"{self.address}:{self.ftp_port}"

    def _enter(self):
        return (self.side or self.disk).enter if self.side or self.disk else []

    def change(self, **settings):
        """Changes settings of the running server, `section__key=value`, and waits until they hold."""
        self.set(**settings)
        self._write_configuration()
        self._process.send_signal(signal.SIGHUP)
        self._wait_for_word("READY=1")

    def _wait_for_word(self, word):
        """Waits for a word that a service manager gets, or for the server's end."""
        ended = os.pidfd_open(self._process.pid)
        try:
            while True:
                readable, _, _ = select.select([self._notices, ended], [], [], 30)
                if self._notices in readable and word.encode() in self._notices.recv(4096):
                    return
                if self._notices not in readable:
                    self.stop(signal.SIGKILL)
                    raise RuntimeError(f"the plugin did not say {word}:\n" + self.log())
        finally:
            os.close(ended)

    def stop(self, how=signal.SIGTERM, timeout=20, meanwhile=None):
        """Ends the server and gives its exit code; calls `meanwhile` once the server has said that it ends."""
        if self._process is None:
            return None
        self._process.send_signal(how)
        if meanwhile:
            self._wait_for_word("STOPPING=1")
            meanwhile()
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        finally:
            self._process = None
            self._notices.close()

    def kill(self):
        return self.stop(signal.SIGKILL)

    def memory(self):
        """What the running server could write: its heap, stacks and data."""
        process = pathlib.Path("/proc") / str(self._process.pid)
        parts = []
        with open(process / "mem", "rb", 0) as memory:
            for first, last in re.findall(r"^(\w+)-(\w+) rw", (process / "maps").read_text(), re.MULTILINE):
                memory.seek(int(first, 16))
                parts.append(memory.read(int(last, 16) - int(first, 16)))
        return b"".join(parts)

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def set(self, **settings):
        """Changes settings for the next start; `section__key=value`."""
        self._settings.update({key.replace("__", "."): value for key, value in settings.items()})

    def _write_configuration(self):
        sections = {}
        for name, value in {"state_dir": self.folder / "state", **self._settings}.items():
            section, _, key = name.rpartition(".")
            values = value if isinstance(value, list) else [value]
            sections.setdefault(section, []).extend(f"{key} = {one}" for one in values)
        lines = sections.pop("", [])
        for section, entries in sections.items():
            lines += [f"[{section}]", *entries]
        (self.folder / "server.conf").write_text("\n".join(lines) + "\n")

    @property
    def url(self):
        return f"https://{self.address}:{self.https_port}"

    @property
    def pid(self):
        return self._process.pid

    @property
    def certificate(self):
        return self.folder / ("certificate.pem" if self.disk else "state/tls/certificate.pem")

    # Its operator

    def create_user(self):
        enter = self.disk.enter if self.disk else []
        subprocess.run([*enter, SERVER, "--config", self.folder / "server.conf", "create-user", EMAIL],
                       input=PASSWORD + "\n", text=True, check=True, capture_output=True,
                       env={**os.environ, **self.environment})

    def command(self, *arguments, check=True, text_input=None):
        """Runs `two-path`, with a home of its own; gives the CompletedProcess."""
        environment = {**os.environ, "XDG_CONFIG_HOME": str(self.folder / "operator"), "TZ": "UTC"}
        enter = self.side.prefix if self.side else []
        done = subprocess.run([*enter, COMMAND, *map(str, arguments)], env=environment, text=True,
                              input=text_input, capture_output=True, timeout=300)
        if check and done.returncode != 0:
            raise AssertionError(f"two-path {arguments} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
                                 f"\nthe plugin's log:\n{self.log()[-4000:]}")
        return done

    def json(self, *arguments):
        return json.loads(self.command(*arguments, "--json").stdout)

    def log_in(self):
        """Makes the user and logs the command in."""
        self.create_user()
        self.command("login", "--server", self.url, "--ca", self.certificate, EMAIL, text_input=PASSWORD + "\n")

    def sessions(self, **query):
        return self.get("/api/management/v1/two-path/sessions?" + urllib.parse.urlencode(query))

    def events(self, session):
        return self.get(f"/api/management/v1/two-path/sessions/{session}/events")

    def get(self, path):
        status, _, body = self.request("GET", path)
        if status != 200:
            raise AssertionError(f"GET {path}: {status} {body!r}")
        return json.loads(body)

    def request(self, method, path, body=None, headers=None, token=None):
        """One HTTPS request as an operator, or with another token (`""`: none): (status, headers, bytes)."""
        if token is None:
            token = self.operator_token()
        sent = dict(headers or {})
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            sent.setdefault("Content-Type", "application/json")
        return self._exchange(method, path, body, sent)

    def operator_token(self):
        """Of a login that the tests share."""
        if self._token is None:
            secret = base64.b64encode(f"{EMAIL}:{PASSWORD}".encode()).decode()
            status, _, body = self._exchange("POST", "/api/management/v1/useradm/auth/login", None,
                                             {"Authorization": f"Basic {secret}", "Content-Length": "0"})
            if status != 200:
                raise AssertionError(f"login: {status} {body!r}")
            self._token = body.decode()
        return self._token

    def _exchange(self, method, path, body, headers):
        context = ssl.create_default_context(cafile=self.certificate)
        connection = http.client.HTTPSConnection(self.address, self.https_port, context=context, timeout=30)
        if self.side:
            plain = self.side.connect(self.address, self.https_port)
            connection.sock = context.wrap_socket(plain, server_hostname=self.address)
        try:
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            return reply.status, dict(reply.getheaders()), reply.read()
        finally:
            connection.close()
