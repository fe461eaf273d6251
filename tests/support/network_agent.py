#!/usr/bin/python3
"""The process that keeps one side of a private network alive, and makes sockets there for the test.

Standard input is a socket. Each packet on it is JSON: a list `[family, type, protocol]` asks for a socket, a text
for a TUN interface of that name. The answer carries the file descriptor, which stays in this network namespace
wherever it is used, or says why there is none. So a test connects, listens and captures here without entering the
namespace itself. The end of the socket ends the agent.
"""

import fcntl
import json
import os
import socket
import struct
import subprocess

# linux/if_tun.h
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000


def tun(name):
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    except OSError:
        os.close(device)
        raise
    return device


def make(request):
    return tun(request) if isinstance(request, str) else socket.socket(*request).detach()


def main():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with socket.socket(fileno=0) as requests:
        requests.send(str(os.getpid()).encode())
        while request := requests.recv(4096):
            try:
                made = make(json.loads(request))
            except OSError as error:
                requests.send(str(error).encode())
                continue
            socket.send_fds(requests, [b"made"], [made])
            os.close(made)


if __name__ == "__main__":
    main()
