"""What whole updates cost a device: an ordinary Mender artifact over HTTPS, and two-path, in turns."""

import sys

import profiles
from contestants.update import Updates, write_ordinary
from payload import Payload, half_compressible

ORDINARY = ("none", "gzip")
# The payload that packs to half its size is measured on one processor: packing has little to do with masks.
PACKED_PROFILE = "nocrypto"
ENCODINGS = {"random": ("none",), "compressible": ("none", "gzip", "zstd")}


def figures(folder, mib, runs, chosen):
    """{key: [values]}"""
    payloads = {"random": Payload(folder / "random", mib)}
    if PACKED_PROFILE in chosen:
        payloads["compressible"] = Payload(folder / "compressible", mib, half_compressible)
    ordinary = {name: _write_ordinary(folder / f"{name}-artifacts", payload) for name, payload in payloads.items()}
    found = {}
    for profile in chosen:
        for name, payload in payloads.items():
            if name == "compressible" and profile != PACKED_PROFILE:
                continue
            print(f"updates, {profile}, {name} ", end="", file=sys.stderr, flush=True)
            with profiles.applied(profile):
                taken = _take_turns(folder / f"{profile}-{name}", profile, payload, ordinary[name], ENCODINGS[name],
                                    runs)
            found |= {f"update_cpu_seconds_per_gib.{profile}.{name}.{release}": [one / payload.gib for one in seconds]
                      for release, seconds in taken.items()}
            found |= _ratios(profile, name, taken)
            print(file=sys.stderr)
    return found


def _write_ordinary(folder, payload):
    folder.mkdir()
    artifacts = {f"mender.{compression}": folder / f"{compression}.mender" for compression in ORDINARY}
    for (release, artifact), compression in zip(artifacts.items(), ORDINARY):
        write_ordinary(artifact, payload, release, compression)
    return artifacts


def _take_turns(folder, profile, payload, ordinary, encodings, runs):
    """{release: [the device's seconds]}"""
    updates = Updates(folder, profiles.environment(profile))
    try:
        for release, artifact in ordinary.items():
            updates.add_ordinary(release, artifact)
        for encoding in encodings:
            updates.add_two_path(f"two_path.{encoding}", payload, encoding)
        releases = [*ordinary, *(f"two_path.{encoding}" for encoding in encodings)]
        _turn(updates, releases)  # warms up, and is not counted
        turns = [_turn(updates, releases) for _ in range(runs)]
        return {release: [turn[release] for turn in turns] for release in releases}
    finally:
        updates.stop()


def _turn(updates, releases):
    taken = {release: updates.run(release) for release in releases}
    print(".", end="", file=sys.stderr, flush=True)
    return taken


def _ratios(profile, name, taken):
    """Each within its turn."""
    def ratio(over, under):
        return [a / b for a, b in zip(taken[over], taken[under])]

    if name == "random":
        return {f"update_cpu_ratio.{profile}": ratio("mender.none", "two_path.none"),
                f"update_cpu_ratio.{profile}.mender_gzip": ratio("mender.gzip", "two_path.none")}
    return {f"update_cpu_ratio.{profile}.compressible.{encoding}": ratio("mender.gzip", f"two_path.{encoding}")
            for encoding in ENCODINGS[name]}
