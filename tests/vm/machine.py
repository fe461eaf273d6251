"""A board: QEMU with a disk, a serial console that is followed, and one cable."""

import pathlib
import re
import subprocess
import threading

import processes
from mender_device import Log

MEMORY = 512  # MiB
# A /dev/kvm may be there without a processor that it could use: a board would hang in its first instructions.
HARDWARE = re.search(r"^flags.*\b(vmx|svm)\b", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)
ACCELERATION = ["-accel", "kvm", "-accel", "tcg"] if HARDWARE else ["-accel", "tcg"]
# All that there is, but for a register that QEMU 7.2 cannot set where KVM itself is in a virtual machine.
PROCESSOR = "max,-arch-capabilities"
# Emulated, on a machine that others use too: a start, and an update with up to three of them.
BOOT_SECONDS = 900
UPDATE_SECONDS = 2400


class Board:
    """What is written to the disk survives cut(), as far as the board had it written: its own cache is lost.

    disk      a QCOW2 image
    tap       the network interface on this side

    When the board restarts itself, it is the emulator that ends and is started anew: it would translate the code of the
    next start into the memory of the one before, and check each write there, which takes minutes.
    """

    def __init__(self, disk, tap, console):
        self.console = Log(console)
        self._disk = disk
        self._tap = tap
        self._on = False
        self._switch = threading.Lock()
        self._life = self._process = None

    def start(self):
        """Switches it on."""
        self.started_at = self.console.mark()
        self._on = True
        self._life = threading.Thread(target=self._live, daemon=True)
        self._life.start()

    def _live(self):
        """From one start to the next, until the power goes. The emulator ends with this thread, or before it."""
        while process := self._emulator():
            with process.stdout:
                self.console.follow(process.stdout)
            if process.wait() != 0 and self._on:
                return self.console.fail(f"QEMU ended with {process.returncode}: {self.console.text()[-500:]}")
        return None

    def _emulator(self):
        with self._switch:
            if not self._on:
                return None
            self._process = processes.popen(
                ["qemu-system-x86_64", *ACCELERATION, "-cpu", PROCESSOR, "-smp", 2, "-m", MEMORY,
                 "-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio", "-device", "virtio-rng-pci",
                 "-drive", f"file={self._disk},if=virtio,format=qcow2",
                 "-netdev", f"tap,id=cable,ifname={self._tap},script=no,downscript=no",
                 "-device", "virtio-net-pci,netdev=cable,romfile=,mac=02:00:00:00:00:01"],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
            return self._process

    def cut(self):
        """Takes the power away, at once."""
        with self._switch:
            self._on = False
            if self._process:
                self._process.kill()
        if self._life:
            self._life.join()

    def wait(self, pattern, after=None):
        """The first match in a line of the console, since the last start or since `after`."""
        return self.console.wait(pattern, self.started_at if after is None else after, BOOT_SECONDS)

    def wait_beyond(self, pattern, after):
        return self.console.wait_beyond(pattern, after, UPDATE_SECONDS)

    def runs(self):
        """(version, root) as the last boot that came so far said."""
        return self.console.lines("board: runs version")[-1].split("board: runs version ")[1].split(" from ")


def make_overlay(disk, base):
    """A disk that is as `base` is, until it is written to."""
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", base, disk], check=True)
