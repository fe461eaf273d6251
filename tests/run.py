#!/usr/bin/python3
"""Builds two-path, runs every test, and closes with one line: N passed, N failed[, N skipped].

Called by tools/test, which installs what is missing first. Tests are the programs that Meson registers, the
unittest files tests/*/test_*.py (they find the build in TWO_PATH_BUILD), and the checks tools/check-*.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/support"))
sys.dont_write_bytecode = True

import emulated  # noqa: E402
from test_programs import BoostProgram, OtherProgram, PythonFile  # noqa: E402

# Not a part of every run: it needs root and boots machines.
OWN_TIME = {"check-packages"}
# Few large translation units: most of a cold build is headers, each of which is then read once for eight files.
UNITY = ["-Dunity=on", "-Dunity_size=8"]
SUPPRESSED = ROOT / "tests/support/tsan.supp"
SANITIZERS = {"memory": "address,undefined", "threads": "thread"}
SANITIZER_OPTIONS = {"ASAN_OPTIONS": "detect_stack_use_after_return=1",
                     "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
                     "TSAN_OPTIONS": f"halt_on_error=1:second_deadlock_stack=1:suppressions={SUPPRESSED}"}


def read_options():
    parser = argparse.ArgumentParser(prog="tools/test", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build-dir", type=pathlib.Path, help="default: build, build-clang, build-sanitize, ...")
    parser.add_argument("--compiler", choices=["g++", "clang"], default="g++")
    parser.add_argument("--sanitize", nargs="?", choices=SANITIZERS, const="memory",
                        help="a debug build with ASan and UBSan (default), or with TSan")
    parser.add_argument("--only", metavar="PATTERN", default="",
                        help="only cases, files and programs with this in their name")
    parser.add_argument("--no-system", action="store_true",
                        help="without tests/system, which drive a real Mender client")
    parser.add_argument("--cross", choices=["armhf", "arm64"],
                        help="instead: what runs on a device as tools/cross-build makes it, under qemu's emulation")
    parser.add_argument("--sample", action="store_true", help="with --cross: a few minutes of it")
    options = parser.parse_args()
    if options.build_dir is None:
        parts = ["build", "clang" if options.compiler == "clang" else None,
                 {"memory": "sanitize", "threads": "sanitize-threads"}.get(options.sanitize)]
        options.build_dir = ROOT / "-".join(filter(None, parts))
    options.build_dir = options.build_dir.resolve()
    options.emulated = emulated.Emulated(options.cross, options.build_dir, options.sample) if options.cross else None
    return options


def build(options):
    if not (options.build_dir / "build.ninja").exists():
        compiler = "clang++" if options.compiler == "clang" else "g++"
        # Only the default build is optimised, with no more to debug than lines; the others are there for what they say.
        arguments = ["-Dcpp_args=-g1"]
        if options.sanitize:
            arguments = ["-Dbuildtype=debug", f"-Db_sanitize={SANITIZERS[options.sanitize]}"]
        elif options.compiler == "clang":
            arguments = ["-Dbuildtype=debug"]
        if options.sanitize and options.compiler == "clang":
            arguments = [*arguments, "-Db_lundef=false", "-Dcpp_args=-fno-sanitize=function -g1"]
        subprocess.run(["meson", "setup", str(options.build_dir), str(ROOT), *UNITY, *arguments], check=True,
                       stdin=subprocess.DEVNULL, env={**os.environ, "CXX": f"ccache {compiler}"})
    targets = emulated.COUNTERPARTS if options.emulated else []
    subprocess.run(["ninja", "-C", str(options.build_dir), *targets], check=True, stdin=subprocess.DEVNULL)
    if options.emulated:
        options.emulated.build()


def programs(options):
    """Everything there is to run, the longest first: a late long one would leave a core idle."""
    if options.emulated:
        return options.emulated.programs()
    left_out = {"system"} if options.no_system else set()
    if options.sanitize:
        left_out.add("tools")  # they look at files more than at what was built
    python = [path for path in sorted(ROOT.glob("tests/*/test_*.py")) if path.parent.name not in left_out]
    found = list(map(PythonFile, sorted(python, key=lambda path: path.parent.name != "system")))
    listed = subprocess.run(["meson", "introspect", "--tests", str(options.build_dir)], check=True,
                            capture_output=True, text=True).stdout
    for test in json.loads(listed):
        is_boost = test["name"].startswith(("unit-", "path-"))
        found.append((BoostProgram if is_boost else OtherProgram)(test["name"], test["cmd"], test["timeout"]))
    checks = [path for path in sorted(ROOT.glob("tools/check-*")) if path.name not in OWN_TIME]
    found += [OtherProgram(path.name, [str(path)]) for path in checks if "tools" not in left_out]
    return found


def environment(options):
    settings = {**os.environ, "TWO_PATH_BUILD": str(options.build_dir), "PYTHONDONTWRITEBYTECODE": "1"}
    if options.emulated:
        settings["TWO_PATH_MODULE"] = str(options.emulated.module)
    return {**settings, **SANITIZER_OPTIONS} if options.sanitize else settings


def run(program, options):
    start = time.monotonic()
    cases = program.run(options.only, environment(options))
    return program.name, cases, time.monotonic() - start


def count(cases, outcome):
    return sum(case.outcome == outcome for case in cases)


def summary(cases):
    skipped = count(cases, "skipped")
    line = f"{count(cases, 'passed')} passed, {count(cases, 'failed')} failed"
    return f"{line}, {skipped} skipped" if skipped else line


def show(name, cases, seconds):
    if cases:
        print(f"{name}: {summary(cases)} in {seconds:.1f} s", flush=True)
    for case in cases:
        if case.outcome == "failed":
            print(f"FAILED {case.name}\n{case.detail.rstrip()}\n", flush=True)
        elif case.outcome == "skipped":
            print(f"skipped {case.name}: {case.detail.strip()}", flush=True)


def main():
    options = read_options()
    try:
        build(options)
    except subprocess.CalledProcessError:
        print("the build failed\n0 passed, 1 failed")
        return 1
    cases = []
    # Most of their time they wait, for programs that start and for time-outs; under the sanitizers they work more.
    workers = os.cpu_count() + 1 if options.sanitize else 2 * os.cpu_count()
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        runs = [pool.submit(run, program, options) for program in programs(options)]
        for done in concurrent.futures.as_completed(runs):
            name, its_cases, seconds = done.result()
            show(name, its_cases, seconds)
            cases += its_cases
    print(summary(cases))
    return 0 if count(cases, "passed") and not count(cases, "failed") else 1


if __name__ == "__main__":
    sys.exit(main())
