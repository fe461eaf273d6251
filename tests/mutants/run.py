#!/usr/bin/python3
"""Breaks the code in one place after the other and shows that a test notices; the last line is N passed, N failed.

Called by tools/mutants in a mount namespace of its own, on a copy of the tree and of its build. A mutant passes when one of its tests fails; first all of
these tests must pass on the code as it is.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/support"), str(ROOT / "tests/mutants")]
sys.dont_write_bytecode = True

from mutants import MUTANTS  # noqa: E402
from test_programs import BoostProgram, PythonFile  # noqa: E402

PROGRAMS = {"plugin/two-path-server", "plugin/cli/two-path", "update-module/two-path"}  # of the tests that are files
TIMEOUT = 600


class Copy:
    """The tree, and a build of it, where they may be broken: a copy that lies over the tree, for this process and those it starts."""

    def __init__(self, folder, build):
        self.root, self.build = ROOT, build
        listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], check=True, capture_output=True).stdout
        for name in map(os.fsdecode, listed.split(b"\0")[:-1]):
            target = pathlib.Path(folder, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target, follow_symlinks=False)
        shutil.copytree(build, pathlib.Path(folder, build.relative_to(ROOT)), symlinks=True)
        # A build names its sources by their absolute paths, which so are those of the copy.
        subprocess.run(["mount", "--bind", folder, ROOT], check=True)
        self._environment = {**os.environ, "TWO_PATH_BUILD": str(self.build), "PYTHONDONTWRITEBYTECODE": "1"}

    def make(self, tests):
        """Builds what these need; False when the code cannot be built."""
        units = {f"tests/unit/{program.removeprefix('unit-')}/{program}" for program, _ in tests
                 if not program.endswith(".py")}
        targets = units | PROGRAMS if len(units) < len({program for program, _ in tests}) else units
        done = subprocess.run(["ninja", "-C", self.build, *targets], stdin=subprocess.DEVNULL, capture_output=True)
        return done.returncode == 0

    def failure(self, program, pattern):
        """The first case that fails, or None."""
        cases = self._program(program).run(pattern, self._environment)
        if not cases:
            raise SystemExit(f"mutants: {program} has no case with {pattern!r} in its name")
        return next((case.name for case in cases if case.outcome == "failed"), None)

    def _program(self, name):
        if name.endswith(".py"):
            return PythonFile(self.root / name)
        [found] = self.build.glob(f"tests/unit/*/{name}")
        return BoostProgram(name, [str(found)], TIMEOUT)

    def change(self, mutant):
        """Gives what was there before."""
        file = self.root / mutant.file
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
        return text


def try_out(copy, mutant):
    """(whether a case noticed, which one)"""
    text = copy.change(mutant)
    try:
        if not copy.make(mutant.tests):
            return False, "it cannot be built"
        noticed = next(filter(None, (copy.failure(*test) for test in mutant.tests)), None)
        return noticed is not None, noticed or "no test noticed"
    finally:
        (copy.root / mutant.file).write_text(text, encoding="utf-8")


def check_sound(copy, mutants):
    for test in sorted({test for mutant in mutants for test in mutant.tests}):
        if failed := copy.failure(*test):
            raise SystemExit(f"mutants: {failed} fails without any change\n0 passed, 1 failed")


def main():
    parser = argparse.ArgumentParser(prog="tools/mutants", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build-dir", type=pathlib.Path, default=ROOT / "build", help="in the tree, made by g++, up to date")
    parser.add_argument("--only", metavar="PATTERN", default="", help="only mutants with this in their name")
    options = parser.parse_args()
    chosen = [mutant for mutant in MUTANTS if options.only in mutant.name]
    passed = 0
    with tempfile.TemporaryDirectory(prefix="two-path-mutants-") as folder:
        copy = Copy(folder, options.build_dir.resolve())
        check_sound(copy, chosen)
        for mutant in chosen:
            start = time.monotonic()
            noticed, what = try_out(copy, mutant)
            passed += noticed
            print(f"{'passed' if noticed else 'FAILED'} {mutant.name}: {what}, {time.monotonic() - start:.0f} s",
                  flush=True)
    print(f"{passed} passed, {len(chosen) - passed} failed")
    return 0 if chosen and passed == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
