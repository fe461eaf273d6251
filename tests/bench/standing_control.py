"""What the first path of one update costs the plugin: from the session's opening to its commit."""

import pathlib
import subprocess

import cpu
from https_device import Line
from standing_plugin import RELEASE, StandingPlugin


def file_system(folder):
    """Its type, for the report: what a commit costs depends on it."""
    return subprocess.run(["stat", "--file-system", "--format=%T", folder], check=True, capture_output=True,
                          text=True).stdout.strip()


def update(line, device, plugin):
    """All that one device says and asks."""
    device.open(line, RELEASE, plugin.payload.sha256)
    device.store(line)
    device.step(line, "PUT", "transfer", bytes=plugin.size, digest="sha256", path="ftp")
    device.step(line, "DELETE", "certification")
    device.step(line, "PUT", "progress", state="installed")
    asked = device.step(line, "POST", "start", boot_id="after")
    verdict = device.step(line, "PUT", "version", version="2", nonce=asked["nonce"], boot_id="after")
    if verdict["verdict"] != "confirmed":
        raise RuntimeError(f"the plugin answered {verdict}")
    device.step(line, "PUT", "progress", state="committed")


def updates(folder, samples, count):
    """CPU of the whole plugin, over one TLS connection that is kept alive; `folder` is on a disk."""
    if file_system(folder) == "tmpfs":
        raise RuntimeError(f"{folder} is in memory; commits are measured on a disk")
    with StandingPlugin(pathlib.Path(folder) / "plugin", 1) as plugin:
        devices = plugin.devices(count)
        with Line(plugin) as line:
            values = []
            for _ in range(samples):
                began = cpu.of_running(plugin.pid)
                for device in devices:
                    update(line, device, plugin)
                values.append((cpu.of_running(plugin.pid) - began) * 1000 / count)
    return {"control_cpu_ms_per_update": values}
