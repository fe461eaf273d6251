#!/usr/bin/python3
"""Measures what moving one payload costs on both paths, and on what people use today, in one run on one machine."""

import argparse
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

# Masks of the processor's abilities, for OpenSSL (OPENSSL_ia32cap(3)) on both ends.
PROFILES = {
    "full": None,
    "nocrypto": "~0x1200080200000000:~0x602fc230020",  # no AES, CLMUL, SHA, AVX: a core with plain SIMD
    "scalar": "0:0",  # an old integer core
}
GIB = 1 << 30


def read_options():
    parser = argparse.ArgumentParser(prog="tools/bench", description=__doc__)
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write all figures there, as one object")
    parser.add_argument("--report", type=pathlib.Path, metavar="FOLDER",
                        help="write performance.md's measured part and its plots there")
    parser.add_argument("--size", type=int, default=1024, metavar="MIB", help="of the payload (default 1024)")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="of each transfer (default 5)")
    parser.add_argument("--profile", choices=PROFILES, action="append", help="only these (default: all)")
    parser.add_argument("--folder", default="/dev/shm", metavar="FOLDER",
                        help="for all files, five times the payload (default /dev/shm: paths are measured, not disks)")
    parser.add_argument("--build-dir", type=pathlib.Path, default=ROOT / "build")
    return parser.parse_args()


def build_project(build):
    if not (build / "build.ninja").exists():
        subprocess.run(["meson", "setup", str(build), str(ROOT)], check=True, env={**os.environ, "CXX": "ccache g++"})
    subprocess.run(["ninja", "-C", str(build)], check=True, stdout=subprocess.DEVNULL)


def openssl_speed():
    """Proves a profile: bytes per second of what the transfers use, as OpenSSL measures itself."""
    rates = {}
    for name in ("aes-256-gcm", "chacha20-poly1305", "sha256", "blake2b512"):
        done = subprocess.run(["openssl", "speed", "-mr", "-seconds", "1", "-bytes", "16384", "-evp", name],
                              check=True, capture_output=True, text=True).stdout
        line = [line for line in done.splitlines() if line.startswith("+F:")][-1]
        rates[name] = float(line.split(":")[-1])
    return rates


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def measure(folder, payload, runs):
    """{contestant: [(sender's, receiver's CPU seconds), ...]}: the contestants take turns, so that what else the
    machine does hits all of them."""
    import contestants
    import unpacked
    nginx = unpacked.unpacked("nginx") / "usr/sbin/nginx"
    programs = folder.parent
    https = {cipher: contestants.Https(folder / f"https-{cipher}", programs, payload, nginx, cipher, free_port())
             for cipher in contestants.Https.SUITES}
    two_path = {mode: contestants.TwoPath(folder / f"two-path-{mode}", payload, mode) for mode in ("pull", "push")}
    floor = contestants.Floor(folder, programs, payload)
    all_runs = {}
    try:
        for number in range(-1, runs):  # the first warms up, and is not counted
            taken = {f"https.{cipher}": one.run() for cipher, one in https.items()}
            taken |= {f"two_path.{mode}": one.run() for mode, one in two_path.items()}
            taken["floor"] = floor.run(two_path["pull"].digest)
            if number >= 0:
                for name, seconds in taken.items():
                    all_runs.setdefault(name, []).append(seconds)
            print(".", end="", file=sys.stderr, flush=True)
        return all_runs, two_path["pull"].digest
    finally:
        for one in (*https.values(), *two_path.values()):
            one.stop()


def main():
    options = read_options()
    os.environ["TWO_PATH_BUILD"] = str(options.build_dir.resolve())
    build_project(options.build_dir)
    import contestants
    import report
    with tempfile.TemporaryDirectory(prefix="two-path-bench-", dir=options.folder) as name:
        folder = pathlib.Path(name)
        contestants.build(folder)
        payload = contestants.Payload(folder / "payload.img", options.size << 20)
        measured = {}
        for profile in options.profile or PROFILES:
            print(f"{profile} ", end="", file=sys.stderr, flush=True)
            os.environ.pop("OPENSSL_ia32cap", None)
            if PROFILES[profile]:
                os.environ["OPENSSL_ia32cap"] = PROFILES[profile]
            place = folder / profile
            place.mkdir()
            runs, digest = measure(place, payload, options.runs)
            measured[profile] = {"runs": {key: [(a * GIB / payload.size, b * GIB / payload.size) for a, b in value]
                                          for key, value in runs.items()},
                                 "digest": digest, "speed": openssl_speed()}
            shutil.rmtree(place)
            print(file=sys.stderr)
    figures = report.figures(measured)
    figures["environment"] = report.environment(options)
    print(report.table(figures, measured))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    if options.report:
        report.write(options.report, figures, measured)


if __name__ == "__main__":
    main()
