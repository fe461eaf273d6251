"""Somebody who has the place of an FTP server, and says what a test lets him say."""

import socket
import threading

PIECE = 64 * 1024


class Impostor:
    """Says `says[0]` to whoever connects, and one more of them after each line that it hears; then it only listens.

    heard   the lines, of all connections
    most    bytes that one connection took
    """

    def __init__(self, address, port, says):
        self.heard = []
        self.most = 0
        self._says = says
        self._connections = []
        self._listener = socket.create_server((address, port))
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in [self._listener, *self._connections]:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()

    def _accept(self):
        try:
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                threading.Thread(target=self._talk, args=[connection], daemon=True).start()
        except OSError:
            pass

    def _talk(self, connection):
        left = iter(self._says)
        try:
            self._say(connection, next(left, b""))
            for line in connection.makefile("rb"):
                self.heard.append(line)
                self._say(connection, next(left, b""))
        except OSError:
            pass

    def _say(self, connection, words):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, PIECE)  # so that `most` is not the kernel's
        said = 0
        while said < len(words):
            said += connection.send(words[said:said + PIECE])
            self.most = max(self.most, said)
