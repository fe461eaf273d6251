"""The device's half for ARM, as tools/cross-build makes it, tested here under qemu's emulation of single programs.

Unit tests, and what replays the corpora, are built for ARM. In path tests the module alone is: the plugin that it talks to and the installers that it
starts are this machine's. Path tests that are about the plugin are left out, and each case that asks for what the
emulator does not have is skipped where it stands, with the reason.
"""

import json
import pathlib
import subprocess

from test_programs import BoostProgram, OtherProgram, PythonFile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATH = ["claims", "device_doctor", "device_troubles", "fallback", "installers", "inventory", "kills", "neighbours",
        "push", "redeploy", "refusals", "restarts", "start_notification", "streaming", "time_limit"]
# Programs of this machine that the module meets.
COUNTERPARTS = ["plugin/two-path-server", "plugin/cli/two-path", "tests/unit/update-module/transport/fake_mender_auth"]
UNIT_TIMEOUT = 1200  # seconds of a program that the emulator slows down
# A few minutes on two cores, the build included.
SAMPLE_UNIT, SAMPLE_PATH = ["unit-protocol"], ["claims"]


class Emulated:
    """One architecture. `build`: the folder with the build for this machine; that for the other goes beside it.

    sample   build and run a few tests instead of all
    """

    def __init__(self, architecture, build, sample):
        self._architecture = architecture
        self._build = build.with_name(f"{build.name}-{architecture}")
        self._sample = sample

    @property
    def module(self):
        """What starts the module."""
        return self._starting("two-path")

    def build(self):
        subprocess.run([ROOT / "tools/cross-build", self._architecture, "--build-dir", self._build], check=True,
                       stdin=subprocess.DEVNULL)
        sample = [pathlib.Path(test["cmd"][0]).relative_to(self._build) for test in self._tests()]
        subprocess.run(["ninja", "-C", self._build, *(sample if self._sample else [])], check=True,
                       stdin=subprocess.DEVNULL)

    def programs(self):
        path = SAMPLE_PATH if self._sample else PATH
        return [*map(self._program, self._tests()), *(PythonFile(ROOT / f"tests/path/test_{name}.py") for name in path)]

    def _starting(self, program):
        return self._build / "tests/emulated" / program

    def _program(self, test):
        kind = BoostProgram if test["name"].startswith("unit-") else OtherProgram
        return kind(test["name"], [str(self._starting(test["name"])), *test["cmd"][1:]], UNIT_TIMEOUT)

    def _tests(self):
        listed = subprocess.run(["meson", "introspect", "--tests", self._build], check=True, capture_output=True,
                                text=True).stdout
        return [test for test in json.loads(listed) if not self._sample or test["name"] in SAMPLE_UNIT]
