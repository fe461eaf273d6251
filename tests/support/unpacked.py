#!/usr/bin/python3
"""Debian packages that the tests run and that are never installed: each is unpacked into a cache.

Installing them would start a daemon on the machine that runs the tests, and the FTP servers exclude one another. So
they are only fetched and unpacked. Neither step needs root.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

# The versions that the tests are written for (Debian 12).
VERSIONS = {"mender-client": "3.4.", "nginx": "1.22.", "proftpd-core": "1.3.8", "prometheus": "2.42.",
            "pure-ftpd": "1.0.", "vsftpd": "3.0."}


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(base) / "two-path"


def version_of(package):
    return VERSIONS[package]


def present(package):
    """The folder that holds the unpacked package, or None."""
    found = sorted(cache_folder().glob(f"{package}_{version_of(package)}*"))
    return found[-1] if found else None


def unpacked(package):
    """The same; fetched first where it is missing."""
    return present(package) or fetch(package)


def fetch(package):
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        archive = download(package, pathlib.Path(folder))
        version = subprocess.run(["dpkg-deb", "--field", archive, "Version"], check=True,
                                 capture_output=True, text=True).stdout.strip()
        if not version.startswith(version_of(package)):
            raise RuntimeError(f"apt offers {package} {version}; the tests are written for {version_of(package)}")
        subprocess.run(["dpkg-deb", "--extract", archive, f"{folder}/root"], check=True)
        target = cache / f"{package}_{version}"
        shutil.rmtree(target, ignore_errors=True)
        os.rename(f"{folder}/root", target)
    return target


def download(package, folder):
    # As root, apt would hand the download to its own user, who cannot write here.
    done = subprocess.run(["apt-get", "download", "-o", "APT::Sandbox::User=root", package],
                          cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"apt-get download {package} failed:\n{done.stderr}")
    return next(folder.glob("*.deb"))


def main(arguments):
    """`--check`: only tell, by the exit code, whether all are there. Without: fetch what is missing."""
    if "--check" in arguments:
        return 0 if all(map(present, VERSIONS)) else 1
    try:
        for package in VERSIONS:
            print(unpacked(package))
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
