#!/usr/bin/python3
"""Measures what updates cost over both paths, and over what people use today, in one run on one machine.

A full run takes up to 25 minutes on two cores, and needs a machine that does nothing else.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/bench"), str(ROOT / "tests/support")]
sys.dont_write_bytecode = True

import profiles  # noqa: E402

PARTS = {"transfers": "CPU of transfers and whole updates, on both ends",
         "standing": "connections, logins, sessions, the module's memory", "size": "of the module's programs"}
QUICK = {"size": 64, "runs": 2}
FULL = {"size": 512, "runs": 5}


def read_options():
    parser = argparse.ArgumentParser(prog="tools/bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write all figures there, as one object")
    parser.add_argument("--report", type=pathlib.Path, metavar="FOLDER",
                        help="write performance.md's measured part and its plots there")
    parser.add_argument("--only", choices=PARTS, action="append", dest="parts", metavar="PART",
                        help="only this part: " + "; ".join(f"{part} ({what})" for part, what in PARTS.items()))
    parser.add_argument("--profile", choices=profiles.PROFILES, action="append", dest="profiles",
                        help="transfers on this emulated processor only")
    parser.add_argument("--size", type=int, metavar="MIB", help=f"of the payload (default {FULL['size']})")
    parser.add_argument("--runs", type=int, metavar="N", help=f"of each transfer (default {FULL['runs']})")
    parser.add_argument("--quick", action="store_true",
                        help=f"show that all of it works: {QUICK['size']} MiB, {QUICK['runs']} runs; no measurement")
    parser.add_argument("--folder", default="/dev/shm", metavar="FOLDER",
                        help="for all files, ten times the payload (default /dev/shm: paths are measured, not disks)")
    parser.add_argument("--build-dir", type=pathlib.Path,
                        help="measure this build as it is (default: build, brought up to date first)")
    options = parser.parse_args()
    if options.quick and options.report:
        parser.error("--quick measures nothing that a report may claim")
    for name, value in (QUICK if options.quick else FULL).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    options.parts = options.parts or list(PARTS)
    options.profiles = options.profiles or list(profiles.PROFILES)
    return options


def build_project():
    build = ROOT / "build"
    if not (build / "build.ninja").exists():
        subprocess.run(["meson", "setup", build, ROOT, "-Dcpp_args=-g1"], check=True,
                       env={**os.environ, "CXX": "ccache g++"})
    subprocess.run(["ninja", "-C", build], check=True, stdout=subprocess.DEVNULL)
    return build


def measure(folder, build, options):
    """({key: [values]}, {what: text} to be told with them)"""
    def place(name):
        (folder / name).mkdir()
        return folder / name

    values, told = {}, {}
    if "transfers" in options.parts:
        import transfers
        import updates
        values, told = transfers.figures(place("transfers"), options.size, options.runs, options.profiles)
        values |= updates.figures(place("updates"), options.size, options.runs, options.profiles)
    if "standing" in options.parts:
        import standing
        values |= standing.figures(place("standing"), build, options.quick)
        told |= standing.conditions()
    if "size" in options.parts:
        import module_size
        values |= module_size.figures(build)
    return values, told


def main():
    options = read_options()
    build = options.build_dir.resolve() if options.build_dir else build_project()
    os.environ["TWO_PATH_BUILD"] = str(build)
    import environment
    import page
    import summary
    with tempfile.TemporaryDirectory(prefix="two-path-bench-", dir=options.folder) as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)  # an opponent serves files as another user
        values, told = measure(folder, build, options)
    found = summary.summarize(values)
    found["environment"] = {**environment.describe(), **told, "files in": options.folder,
                            "payload": f"{options.size} MiB", "runs": options.runs}
    print(page.text(found))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    if options.report:
        page.write(options.report, found)


if __name__ == "__main__":
    main()
