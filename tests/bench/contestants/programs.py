"""The bench's own programs: the floor, and the download with libcurl."""

import pathlib
import subprocess

SOURCES = pathlib.Path(__file__).resolve().parents[1]
COMPILE = ["g++", "-O2", "-std=c++20"]
LIBRARIES = {"floor": ["-lcrypto"], "download": ["-lcurl", "-lcrypto"]}


class Programs:
    """Compiled into `folder`."""

    def __init__(self, folder):
        folder.mkdir()
        self._folder = folder
        for name, libraries in LIBRARIES.items():
            subprocess.run([*COMPILE, SOURCES / f"{name}.cpp", "-o", folder / name, *libraries], check=True)

    def command(self, name, *arguments):
        return [str(self._folder / name), *map(str, arguments)]

    def run(self, name, *arguments):
        """Gives what it prints."""
        done = subprocess.run(self.command(name, *arguments), stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{name} {arguments} ended with {done.returncode}")
        return done.stdout

    @property
    def libcurl(self):
        """Its version, and that of its TLS."""
        return " ".join(self.run("download", "--version").split()[:2])
