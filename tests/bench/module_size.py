#!/usr/bin/python3
"""Measures what the update module takes on a device: the stripped program, cross-built by tools/cross-build."""

import argparse
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True

PROGRAM = "device/usr/share/mender/modules/v3/two-path"
# key: arguments of tools/cross-build
VARIANTS = {"module_armhf_kib": ["armhf"], "module_armhf_static_kib": ["armhf", "--static"],
            "module_arm64_kib": ["arm64"]}


def figures(build):
    """{key: [KiB]}. Each variant is built in a folder beside `build`, by its name: build-armhf, build-armhf-static, ..."""
    return {key: [_size(build, arguments)] for key, arguments in VARIANTS.items()}


def _size(build, arguments):
    folder = build.with_name("-".join([build.name, *(argument.lstrip("-") for argument in arguments)]))
    command = [ROOT / "tools/cross-build", *arguments, "--build-dir", folder]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} failed:\n{done.stdout[-4000:]}")
    return (folder / PROGRAM).stat().st_size / 1024


def main():
    parser = argparse.ArgumentParser(prog="module_size.py", description=__doc__)
    parser.add_argument("--build-dir", type=pathlib.Path, default=ROOT / "build",
                        help="beside which the variants are built (default: build)")
    for key, (kib,) in figures(parser.parse_args().build_dir.resolve()).items():
        print(f"{key} {kib:.1f}")


if __name__ == "__main__":
    main()
