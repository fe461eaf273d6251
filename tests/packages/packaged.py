"""The Debian packages that a demonstration or a test works with: built, or found, and the server's programs taken out of theirs."""

import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMES = ("two-path-server", "two-path-device")


def build(folder):
    subprocess.run([ROOT / "tools/build-packages", "--output", folder], check=True, stdin=subprocess.DEVNULL)
    return find(folder)


def find(folder):
    """{name: path of the .deb}"""
    packages = {}
    for name in NAMES:
        found = sorted(pathlib.Path(folder).resolve().glob(f"{name}_*.deb"))
        if len(found) != 1:
            raise SystemExit(f"{folder} has {len(found)} packages {name}, not one")
        packages[name] = found[0]
    return packages


def use_server(package, folder):
    """Lays the package's programs out as a build does, and has the tests' plugin.py (not loaded yet) find them there."""
    subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)
    (folder / "plugin/cli").mkdir(parents=True)
    (folder / "plugin/two-path-server").symlink_to(folder / "usr/sbin/two-path-server")
    (folder / "plugin/cli/two-path").symlink_to(folder / "usr/bin/two-path")
    os.environ["TWO_PATH_BUILD"] = str(folder)
