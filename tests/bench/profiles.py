"""The processors that are emulated: abilities of this one are masked, and OpenSSL's own measurement proves it."""

import contextlib
import os
import subprocess

# OPENSSL_ia32cap(3), for both ends of every transfer.
OPENSSL = {
    "full": None,
    "nocrypto": "~0x1200080200000000:~0x602fc230020",  # no AES, CLMUL, SHA, AVX: a core with plain SIMD
    "scalar": "0:0",  # an old integer core
}
# Go's own digests do not ask OpenSSL.
GO = "cpu.all=off"
PROFILES = tuple(OPENSSL)
PROVED_BY = ("aes-256-gcm", "chacha20-poly1305", "sha256", "blake2b512")


def environment(profile):
    """What programs must have in their environment to run as on that processor."""
    mask = OPENSSL[profile]
    return {"OPENSSL_ia32cap": mask, "GODEBUG": GO} if mask else {}


@contextlib.contextmanager
def applied(profile):
    """All programs that are started inside the block run so."""
    before = dict(os.environ)
    os.environ.update(environment(profile))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def openssl_speed():
    """Millions of bytes per second of what the transfers use."""
    rates = {}
    for name in PROVED_BY:
        done = subprocess.run(["openssl", "speed", "-mr", "-seconds", "1", "-bytes", "16384", "-evp", name],
                              check=True, capture_output=True, text=True).stdout
        line = [line for line in done.splitlines() if line.startswith("+F:")][-1]
        rates[name] = float(line.split(":")[-1]) / 1e6
    return rates
