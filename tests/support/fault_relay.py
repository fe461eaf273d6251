"""A relay that lets a fault play each data connection, and knows which bytes of the file it carries."""

import itertools
import socket
import threading

from relay import Relay

AT_MOST = 60  # seconds, of every wait
PART = 64 * 1024
STRANGERS = itertools.cycle(f"{a}.{b}" for a in range(256) for b in range(1, 255))


class Link:
    """One data connection, seen from the middle: `source` sends the file, `target` takes it.

    number   counts data connections from 0
    start    the byte of the file that it was asked to begin with
    at       the byte of the file that `source` gives next
    """

    def __init__(self, number, start, source, target, count):
        self.number = number
        self.start = self.at = start
        self.source = source
        self.target = target
        self._count = count

    def take(self, most):
        part = self.source.recv(min(most, PART))
        self.at += len(part)
        return part

    def give(self, content):
        for begin in range(0, len(content), PART):
            part = content[begin:begin + PART]
            self.target.sendall(part)
            self._count(len(part))

    def pass_until(self, end):
        """Passes on up to the byte `end` of the file, exactly; what it passed."""
        passed = b""
        while self.at < end and (part := self.take(end - self.at)):
            self.give(part)
            passed += part
        return passed

    def pass_rest(self):
        while part := self.take(PART):
            self.give(part)

    def take_rest(self):
        return b"".join(iter(lambda: self.take(PART), b""))

    def await_given_up(self):
        """Until whoever takes the file has closed the connection."""
        self.target.settimeout(AT_MOST)
        try:
            while self.target.recv(PART):
                pass
        except ConnectionError:
            pass


class FaultRelay(Relay):
    """`fault`: an object of faults.py. `links`: the data connections that carried anything, in their order."""

    def __init__(self, *arguments, fault, **options):
        self.links = []
        self._fault = fault
        fault.relay = self
        super().__init__(*arguments, **options)

    def __exit__(self, *unused):
        self._fault.end()
        super().__exit__(*unused)

    def log_in_again(self):
        """Plays a login that was heard to the same server, on a connection of its own; the codes that answer."""
        login = [line for line in self.lines("up") if line.startswith((b"USER", b"PASS"))]
        with self._connect_again() as connection:
            connection.settimeout(AT_MOST)
            answers = connection.makefile("rb")
            codes = [answers.readline()[:3]]
            for line in login[:2]:
                connection.sendall(line)
                codes.append(answers.readline()[:3])
        return [int(code) for code in codes]

    def _connect_again(self):
        """From an address of its own where there are any: who fails to log in again and again is barred."""
        port = self._listener.getsockname()[1]
        if self._side:
            return self._connect(port)
        return socket.create_connection((self._server, port), source_address=(f"127.1.{next(STRANGERS)}", 0))

    def _asked_start(self):
        """Of the transfer that was asked for last: what REST said, if it went right before."""
        lines = [line.split() for line in self.lines("up")]
        asked = max(i for i, words in enumerate(lines) if words[0] in (b"RETR", b"STOR"))
        return int(lines[asked - 1][1]) if lines[asked - 1][0] == b"REST" else 0

    def _count(self, size):
        with self._lock:
            self.passed += size

    def _pass_data(self, listener, number, port):
        ends = []
        try:
            ends.append(self._keep(listener.accept()[0]))
            listener.close()
            ends.append(self._keep(self._connect(port)))
            source, target = reversed(ends) if self._data == "down" else ends
            if source.recv(1, socket.MSG_PEEK):
                link = Link(len(self.links), self._asked_start(), source, target, self._count)
                self.links.append(link)
                self._fault.play(link)
        except OSError:
            pass
        finally:
            for one in ends:
                one.close()
            self.data_ended.set()
