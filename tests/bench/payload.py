"""What is moved: a file of random bytes, or one that packs to half its size."""

import hashlib
import os

PART = 1 << 20
REPEATED = 1 << 10


def incompressible():
    return os.urandom(PART)


def half_compressible():
    """Each KiB of random bytes comes twice."""
    random = os.urandom(PART // 2)
    return b"".join(2 * random[at:at + REPEATED] for at in range(0, len(random), REPEATED))


class Payload:
    """A file of `mib` MiB in a folder of its own, which servers may take as their root."""

    def __init__(self, folder, mib, make=incompressible):
        folder.mkdir()
        self.path = folder / "payload.img"
        self.gib = mib / 1024
        digest = hashlib.sha256()
        with open(self.path, "wb") as file:
            for _ in range(mib):
                part = make()
                digest.update(part)
                file.write(part)
        self.sha256 = digest.hexdigest()
