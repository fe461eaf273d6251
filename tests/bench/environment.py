"""Where it was measured, and which versions: asked of the machine, of the programs, and of the unpacked packages."""

import os
import pathlib
import platform
import subprocess

import unpacked
from plugin import SERVER

OPPONENTS = ("nginx", "vsftpd", "pure-ftpd", "mender-client")


def describe():
    """{what: text}"""
    return {**_processor(), "kernel": platform.release(), "two-path": _said(SERVER, "--version"),
            "openssl": _said("openssl", "version"), "mender-artifact": _said("mender-artifact", "--version"),
            **{package: _version(package) for package in OPPONENTS if unpacked.present(package)}}


def _processor():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {"cpu": models[0] if models else platform.machine(), "cores": os.cpu_count()}


def _said(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[0]


def _version(package):
    """Of Debian, as the package tells of itself."""
    return unpacked.present(package).name.partition("_")[2]
