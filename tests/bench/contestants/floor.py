"""The least that it can cost: `sendfile` into a socket; `recv`, digest, `write`."""

import os
import subprocess

import cpu
import processes


class Floor:
    def __init__(self, folder, programs, payload):
        folder.mkdir()
        self._folder, self._programs, self._payload = folder, programs, payload

    def run(self, digest):
        """(sender's, receiver's CPU seconds); the receiver takes `digest`."""
        port_file = self._folder / "port"
        os.mkfifo(port_file)
        sender = processes.popen(self._programs.command("floor", "send", self._payload.path, port_file),
                                 stdout=subprocess.PIPE, text=True)
        target = self._folder / "out"
        received = self._programs.run("floor", "receive", port_file.read_text().strip(), target, digest)
        sent, _ = sender.communicate(timeout=60)
        target.unlink()
        port_file.unlink()
        return cpu.printed(sent), cpu.printed(received)
