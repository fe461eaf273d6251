"""The figures as tables in Markdown."""

import bars
import summary
from profiles import PROFILES, PROVED_BY

CONTESTANTS = {"https.aes256gcm": "nginx, HTTPS with AES-256-GCM",
               "https.chacha20": "nginx, HTTPS with ChaCha20-Poly1305", "vsftpd": "vsftpd, clear FTP",
               "pure_ftpd": "pure-ftpd, clear FTP", "two_path.pull": "two-path, pull",
               "two_path.push": "two-path, push", "floor": "floor"}
RELEASES = {"mender.none": "ordinary artifact", "mender.gzip": "ordinary artifact, gzip",
            "two_path.none": "two-path", "two_path.gzip": "two-path, gzip", "two_path.zstd": "two-path, zstd"}
PAYLOADS = {"random": "random bytes", "compressible": "packs to half"}


def cost(found, profile, contestant):
    """[sender's, receiver's CPU seconds per GiB], or None."""
    key = f"cpu_seconds_per_gib.{profile}.{contestant}"
    return [found[f"{key}.sender"], found[f"{key}.receiver"]] if f"{key}.sender" in found else None


def update_cost(found, profile, payload, release):
    return found.get(f"update_cpu_seconds_per_gib.{profile}.{payload}.{release}")


def against_the_bars(found):
    def row(key, what):
        if key not in found:
            return what, f"`{key}`", "not measured", "", bars.demand(key), ""
        value = found[key]
        return (what, f"`{key}`", f"{value:g}", f"{found[f'{key}.spread']:.0%}", bars.demand(key),
                "met" if bars.met(key, value) else "**missed**")
    return table(["what", "key", "measured", "spread", "bar", ""],
                 [row(key, what) for key, (what, _, _) in bars.BARS.items()])


def transfers(found):
    profiles = [profile for profile in PROFILES if cost(found, profile, "floor")]
    rows = [[title, *(" + ".join(f"{part:.2f}" for part in cost(found, profile, name)) for profile in profiles)]
            for name, title in CONTESTANTS.items() if all(cost(found, profile, name) for profile in profiles)]
    heads = [f"{profile} ({found['environment'][f'digest, {profile}']})" for profile in profiles]
    return table(["sender + receiver", *heads], rows) if profiles else ""


def updates(found):
    profiles = [profile for profile in PROFILES if update_cost(found, profile, "random", "two_path.none")]
    rows = []
    for payload, of in PAYLOADS.items():
        for release, title in RELEASES.items():
            costs = [update_cost(found, profile, payload, release) for profile in profiles]
            if any(costs):
                rows.append([title, of, *(f"{one:.2f}" if one else "" for one in costs)])
    return table(["device", "payload", *profiles], rows) if rows else ""


def speeds(found):
    profiles = [profile for profile in PROFILES if f"openssl_mb_per_s.{profile}.sha256" in found]
    rows = [[name, *(f"{found[f'openssl_mb_per_s.{profile}.{name}']:.0f}" for profile in profiles)]
            for name in PROVED_BY]
    return table(["MB/s", *profiles], rows) if profiles else ""


def the_rest(found):
    """What has no bar and is in no other table."""
    shown = ("cpu_seconds_per_gib.", "update_cpu_seconds_per_gib.", "openssl_mb_per_s.")
    rows = [(f"`{key}`", f"{found[key]:g}", f"{found[f'{key}.spread']:.0%}") for key in summary.keys(found)
            if key not in bars.BARS and not key.startswith(shown)]
    return table(["key", "measured", "spread"], rows) if rows else ""


def table(heads, rows):
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
