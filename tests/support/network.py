"""A private network of two sides, server and device, without root: a cable that can be listened to.

    with Network() as network:
        server = network.server.popen([...])                # listens on network.server.address
        device = MenderDevice(folder, url, side=network.device)
        with network.server.capture() as capture: ...
"""

import json
import pathlib
import socket
import subprocess
import threading

import processes
from capture import Capture

AGENT = pathlib.Path(__file__).resolve().with_name("network_agent.py")
NEW_USER = ["--user", "--map-root-user"]


class Side:
    """One end of the cable: a network namespace with the interface `cable`.

    address   its IPv4 address on the cable
    enter     what stands before a command so that it runs here, with the test's own files
    prefix    the same, and the command ends with the test
    """

    def __init__(self, address, enter, new_user):
        self.address = address
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._agent = subprocess.Popen([*enter, "/usr/bin/unshare", *new_user, "--net",
                                            "/usr/bin/python3", "-I", str(AGENT)], stdin=theirs)
        self._requests = ours
        self._asking = threading.Lock()
        pid = ours.recv(64)
        if not pid:
            raise RuntimeError("no private network here; see the message of unshare above")
        self.pid = int(pid)
        self.enter_user = ["/usr/bin/nsenter", f"--target={self.pid}", "--preserve-credentials", "--user", "--"]
        self.enter = [*self.enter_user[:-1], "--net", "--"]
        self.prefix = [*self.enter, *processes.TETHER]

    def popen(self, argv, **options):
        """Starts a program on this side; it ends with the test (`processes.stop` ends it before)."""
        return processes.popen(argv, self.enter, **options)

    def run(self, argv, **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run([*self.prefix, *map(str, argv)], **options)

    def socket(self, family=socket.AF_INET, kind=socket.SOCK_STREAM, protocol=0):
        """A socket of this side, used from the test's own process."""
        return socket.socket(fileno=self._ask([int(family), int(kind), protocol]))

    def tun(self, name):
        """A TUN interface of this side, as a file descriptor: each read and each write is one IP packet."""
        return self._ask(name)

    def _ask(self, request):
        with self._asking:
            self._requests.send(json.dumps(request).encode())
            answer, descriptors, _, _ = socket.recv_fds(self._requests, 4096, 1)
        if not descriptors:
            raise OSError(answer.decode())
        return descriptors[0]

    def connect(self, host, port, timeout=30, source=None):
        """A TCP connection from this side; give it to http.client as its `sock`. `source`: the address it is from."""
        connection = self.socket()
        connection.settimeout(timeout)
        try:
            if source:
                connection.bind((source, 0))
            connection.connect((host, port))
        except OSError:
            connection.close()
            raise
        return connection

    def listen(self, address, port):
        """A listening TCP socket on this side."""
        listener = self.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen()
        return listener

    def capture(self):
        """Records all that crosses the cable from now on."""
        return Capture(self.socket(socket.AF_PACKET, socket.SOCK_RAW), "cable")

    def close(self):
        self._requests.close()
        self._agent.wait()


class Network:
    def __init__(self):
        self.server = Side("10.77.0.1", [], NEW_USER)
        self.device = Side("10.77.0.2", self.server.enter_user, [])
        self.lay_cable()
        for side in (self.server, self.device):
            self._ip(side, f"address add {side.address}/24 dev cable")
            self._ip(side, "link set cable up")

    def lay_cable(self):
        self._ip(self.server, "link add cable type veth peer name cable netns " + str(self.device.pid))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends both sides; programs started on them are the caller's to end."""
        self.device.close()
        self.server.close()

    def add_address(self, side, address):
        self._ip(side, f"address add {address}/24 dev cable")

    @staticmethod
    def _ip(side, command):
        side.run(["ip", *command.split()], check=True)
