#!/usr/bin/python3
"""Debian's mender-client, unpacked into a cache and never installed.

Installing the package would start a daemon on the machine that runs the tests, so the package is only
fetched and unpacked. Neither step needs root.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

PACKAGE = "mender-client"


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(base) / "two-path"


def present():
    """The folder that holds the unpacked package, or None."""
    found = sorted(cache_folder().glob(PACKAGE + "_3.4.*"))
    return found[-1] if found else None


def unpacked():
    """The same; fetched first where it is missing."""
    return present() or fetch()


def fetch():
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        package = download(pathlib.Path(folder))
        version = subprocess.run(["dpkg-deb", "--field", package, "Version"], check=True,
                                 capture_output=True, text=True).stdout.strip()
        if not version.startswith("3.4."):
            raise RuntimeError(f"apt offers {PACKAGE} {version}; the tests are written for 3.4 (Debian 12)")
        subprocess.run(["dpkg-deb", "--extract", package, f"{folder}/root"], check=True)
        target = cache / f"{PACKAGE}_{version}"
        shutil.rmtree(target, ignore_errors=True)
        os.rename(f"{folder}/root", target)
    return target


def download(folder):
    # As root, apt would hand the download to its own user, who cannot write here.
    done = subprocess.run(["apt-get", "download", "-o", "APT::Sandbox::User=root", PACKAGE],
                          cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"apt-get download {PACKAGE} failed:\n{done.stderr}")
    return next(folder.glob("*.deb"))


def main(arguments):
    """`--check`: only tell, by the exit code, whether it is there. Without: fetch it where it is missing."""
    if arguments == ["--check"]:
        return 0 if present() else 1
    try:
        print(unpacked())
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
