"""Someone on the second path: passes FTP on between client and server, and does to the data what a test asks.

It listens under another address with the server's control port; data ports are opened as the server names them, so
the client notices nothing but the changed bytes.
"""

import re
import socket
import threading


class Relay:
    """`change(connection, offset, part)`: the bytes to pass on instead of `part`, or None to cut the connection there.

    connection   counts data connections from 0
    offset       of `part` within that connection's bytes
    `change_line(direction, line)` does the same to a line of the control connection; "up" is the client's.
    `control`    every line that came, as (direction, bytes)
    `data`       which way files go: "down" to the client (RETR), or "up" (STOR)
    `side`       of a network.Network to stand on
    """

    def __init__(self, server_address, port, address="127.0.0.77", change=lambda connection, offset, part: part,
                 change_line=lambda direction, line: line, data="down", side=None):
        self.control = []
        self.data_connections = 0
        self.data_ended = threading.Event()  # of the first data connection
        self.passed = 0  # bytes of data that were passed on
        self._server = server_address
        self._address = address
        self._change = change
        self._change_line = change_line
        self._data = data
        self._side = side
        self._sockets = []
        self._lock = threading.Lock()
        self._listener = self._keep(self._listen(port))
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with self._lock:
            sockets, self._sockets = self._sockets, None
        for one in sockets or ():
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()

    def lines(self, direction):
        return [line for way, line in self.control if way == direction]

    def _listen(self, port):
        if self._side:
            return self._side.listen(self._address, port)
        return socket.create_server((self._address, port))

    def _connect(self, port):
        if self._side:
            return self._side.connect(self._server, port, source=self._address)
        return socket.create_connection((self._server, port))

    def _keep(self, one):
        with self._lock:
            if self._sockets is None:
                one.close()
                raise ConnectionAbortedError("the relay has ended")
            self._sockets.append(one)
        return one

    def _accept(self):
        port = self._listener.getsockname()[1]
        try:
            while True:
                client = self._keep(self._listener.accept()[0])
                try:
                    server = self._keep(self._connect(port))
                except ConnectionRefusedError:  # the server is away
                    client.close()
                    continue
                threading.Thread(target=self._pass_lines, args=[client, server, "up"], daemon=True).start()
                threading.Thread(target=self._pass_lines, args=[server, client, "down"], daemon=True).start()
        except OSError:
            pass

    def _pass_lines(self, source, target, direction):
        try:
            for line in source.makefile("rb"):
                self.control.append((direction, line))
                if direction == "down" and (port := re.match(rb"229 .*\(\|\|\|(\d+)\|\)", line)):
                    self._open_data(int(port[1]))
                changed = self._change_line(direction, line)
                if changed is None:
                    break
                target.sendall(changed)
        except OSError:
            pass
        finally:
            for one in (source, target):
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def _open_data(self, port):
        listener = self._keep(self._listen(port))
        number = self.data_connections
        self.data_connections += 1
        threading.Thread(target=self._pass_data, args=[listener, number, port], daemon=True).start()

    def _pass_data(self, listener, number, port):
        ends = []
        try:
            ends.append(self._keep(listener.accept()[0]))
            listener.close()
            ends.append(self._keep(self._connect(port)))
            client, server = ends
            source, target = (server, client) if self._data == "down" else (client, server)
            offset = 0
            while part := source.recv(64 * 1024):
                changed = self._change(number, offset, part)
                if changed is None:
                    break
                target.sendall(changed)
                offset += len(part)
                with self._lock:
                    self.passed += len(changed)
        except OSError:
            pass
        finally:
            for one in ends:
                one.close()
            self.data_ended.set()
