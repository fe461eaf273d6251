"""A disk of its own for a server, that a test fills and empties, without root.

    disk = SmallDisk(plugin.folder / "state", 128 * MIB)
    plugin = Plugin(folder, disk=disk)
"""

import errno
import pathlib
import subprocess

import processes


class SmallDisk:
    """A tmpfs over `folder`, which only what runs behind `enter` sees.

    folder    as it is called there
    outside   the same for the test itself
    """

    def __init__(self, folder, size):
        self.folder = pathlib.Path(folder).resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        mounted = 'mount -t tmpfs -o size=$0,mode=700 tmpfs "$1" && echo mounted && exec cat'
        self._holder = processes.popen(["unshare", "-rm", "sh", "-c", mounted, size, self.folder],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self._holder.stdout.readline() != b"mounted\n":
            self.close()
            raise RuntimeError("no mount of one's own here; see the message of unshare above")
        pid = self._holder.pid
        self.enter = ["/usr/bin/nsenter", f"--target={pid}", "--preserve-credentials", "--user", "--mount", "--"]
        self.outside = pathlib.Path(f"/proc/{pid}/root") / self.folder.relative_to("/")

    @property
    def _ballast(self):
        return self.outside / "ballast"

    def fill(self):
        """Leaves not a byte."""
        with open(self._ballast, "wb", buffering=0) as ballast:
            for piece in (bytes(1 << 20), bytes(1 << 10), b"\0"):
                try:
                    while ballast.write(piece) == len(piece):
                        pass
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def empty(self):
        """Takes away what fill() wrote."""
        self._ballast.unlink(missing_ok=True)

    def close(self):
        """The server's end comes before."""
        self._holder.stdin.close()
        self._holder.stdout.close()
        self._holder.wait()
