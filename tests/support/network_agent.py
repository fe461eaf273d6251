#!/usr/bin/python3
"""The process that keeps one side of a private network alive, and makes sockets there for the test.

Standard input is a socket. Each packet on it is a JSON list `[family, type, protocol]`; the answer carries
a new socket of this network namespace as a file descriptor, which stays in this namespace wherever it is
used. So a test connects, listens and captures here without entering the namespace itself. The end of the
socket ends the agent.
"""

import json
import os
import socket
import subprocess


def main():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with socket.socket(fileno=0) as requests:
        requests.send(str(os.getpid()).encode())
        while request := requests.recv(4096):
            with socket.socket(*json.loads(request)) as made:
                socket.send_fds(requests, [b"socket"], [made.fileno()])


if __name__ == "__main__":
    main()
