"""Each port held open by strangers while an honest device is updated."""

import concurrent.futures
import re
import socket
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from push_case import PORTS, STRANGER, PushCase  # noqa: E402
from relay_case import RelayCase, Talker, prover  # noqa: E402

ADDRESS, GUESSER = "127.0.0.9", "127.0.0.10"
MANY = 300  # more than any port takes of one address


class Strangers:
    """Connections that are held open."""

    def __init__(self, connect):
        self._connect = connect
        self._held = []

    def come(self, count=MANY, say=b""):
        for _ in range(count):
            try:
                connection = self._connect()
                self._held.append(connection)
                connection.sendall(say)
            except (ConnectionError, BrokenPipeError):
                pass  # one too many
        return self

    @property
    def came(self):
        """How many were let connect."""
        return len(self._held)

    def still_there(self):
        """How many have not been put out."""
        return sum(map(self._is_open, self._held))

    def all_put_out(self):
        """Waits for it; False when one is talked to, or not put out in time."""
        return not any(map(self._brings_anything, self._held))

    @staticmethod
    def _brings_anything(connection):
        connection.settimeout(10)
        try:
            return connection.recv(1) != b""
        except TimeoutError:
            return True
        except OSError:
            return False

    @staticmethod
    def _is_open(connection):
        connection.setblocking(False)
        try:
            while connection.recv(4096):
                pass
            return False
        except BlockingIOError:
            return True
        except OSError:
            return False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in self._held:
            one.close()


class Plugin(RelayCase):
    def strangers(self, port):
        """Of one address, with all the connections that it is let have."""
        strangers = Strangers(lambda: socket.create_connection((self.plugin.address, port), 30,
                                                               source_address=(ADDRESS, 0)))
        self.addCleanup(strangers.__exit__)
        return strangers

    def test_resource_exhaustion_of_the_https_port(self):
        update = self.ready()
        self.relay()
        silent = self.strangers(self.plugin.https_port).come(MANY // 2)
        half = self.strangers(self.plugin.https_port).come(MANY // 2, b"\x16\x03\x01\x02\x00\x01")  # half a greeting
        update.call("Download", check=0)
        held = silent.still_there() + half.still_there()
        self.assertTrue(0 < held <= 200, held)

    def test_resource_exhaustion_of_the_ftp_control_port(self):
        update = self.ready()
        self.relay()
        strangers = self.strangers(self.plugin.ftp_port).come(MANY, b"USER " + b"x" * 100)  # without an end
        update.call("Download", check=0)
        held = strangers.still_there()
        self.assertTrue(0 < held <= 64, held)

    def test_resource_exhaustion_of_the_data_ports(self):
        held = []

        def crowd(direction, line):
            """Before the device hears of the port."""
            if direction == "down" and (port := re.match(rb"229 .*\(\|\|\|(\d+)\|\)", line)):
                held.append(self.strangers(int(port[1])).come(50, b"x"))
            return line

        update = self.ready()
        self.device.configure(stall_timeout=30)  # to come there, strangers have to wait for each other
        self.relay(change_line=crowd)
        update.call("Download", check=0)
        strangers, = held
        self.assertGreater(strangers.came, 0)
        self.assertEqual(strangers.still_there(), 0)

    def test_guessing_is_barred_and_disturbs_no_device(self):
        self.publish()
        self.deploy()
        session, secret = self.open_session()
        user = f"{session}.{'A' * 22}"

        def guess(_):
            with Talker(self.plugin, GUESSER) as talker:
                return [talker.log_in(user, lambda _challenge: "B" * 43)[:3] for _ in range(3)]

        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            guesses = [code for codes in pool.map(guess, range(12)) for code in codes]
        self.assertEqual(guesses.count("230"), 0)
        with Talker(self.plugin, GUESSER) as barred:
            self.assertEqual(barred.greeting[:3], "421")
        self.assertEqual(self.log_in(user, prover(user, secret))[:3], "230")


class Device(PushCase):
    def test_resource_exhaustion_of_the_push_listener(self):
        server, device = self.network.server, self.network.device
        strangers = Strangers(lambda: server.connect(device.address, PORTS[0], source=STRANGER))
        self.addCleanup(strangers.__exit__)

        put_out = []

        def crowd(connection, offset, part):
            if (connection, offset) == (0, 0):
                put_out.append(strangers.come(50, b"USER x").all_put_out())
            return part

        update = self.update(self.publish())
        self.deploy()
        self.relay(change=crowd)
        update.call("Download", check=0)
        self.assertEqual(put_out, [True])
        self.assertGreater(strangers.came, 0)


if __name__ == "__main__":
    unittest.main()
