"""Shows one update from the operator's order to the device's confirmed version, and one that is refused.

The server and the device are two network namespaces on this machine, joined by a cable whose bytes are counted. The
device runs Debian's mender-client 3.4.0, unpacked and not installed. Nothing is left behind but the build folder.
"""

import argparse
import collections
import json
import os
import pathlib
import socket
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "support"))

from capture import Capture, parse_tcp  # noqa: E402
from fleet import Fleet  # noqa: E402
from network import Network  # noqa: E402

MIB = 1024 * 1024
LOOK = 0.25  # seconds between two looks at the session
FINAL = ("committed", "rolled_back", "failed", "expired", "aborted")


class Meter(Capture):
    """Counts what crosses the cable by the server's port, and keeps none of it."""

    def __init__(self, packets, interface, address):
        self.bytes = collections.Counter()
        self._address = address
        super().__init__(packets, interface)

    def take(self, frame):
        if segment := parse_tcp(frame):
            flow, _, _, data = segment
            self.bytes[flow.source_port if flow.source == self._address else flow.target_port] += len(data)


def read_options():
    parser = argparse.ArgumentParser(prog="tools/demo", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write what is shown to FILE as well")
    parser.add_argument("--size", type=int, default=256, metavar="MIB", help="of the payload (default: 256)")
    return parser.parse_args()


def words(event):
    return ": ".join(filter(None, (event["cause"], event["detail"])))


def show_progress(session):
    total = session["total"]
    if session["state"] == "transferring" and total and sys.stdout.isatty():
        print(f"\r    transferring {session['sent'] / total:4.0%} of {total / MIB:.0f} MiB", end="", flush=True)


def follow(fleet, release):
    """Prints the events of the release's session as they come, to its end; gives them and the session."""
    shown, events = 0, []
    while True:
        session = next(iter(fleet.plugin.sessions(device=fleet.device_id, release=release)), None)
        if session:
            events = fleet.plugin.events(session["id"])
            show_progress(session)
        for event in events[shown:]:
            print(f"\r    {event['time'][11:].rstrip('Z'):<12}  {event['state']:<13} {words(event)}".rstrip())
        shown = len(events)
        if session and session["state"] in FINAL:
            return events, session
        time.sleep(LOOK)


def order(fleet, network, release, announced, contained, size):
    """One deployment; prints it and gives what is to be said of it."""
    print(f"\n{release}: announced as version {announced}, its content says {contained}; "
          f"the device runs {fleet.device.read('/opt/app/VERSION').strip()}")
    files = {"VERSION": f"{contained}\n".encode(), "data": os.urandom(size)}
    fleet.publish_directory(release, announced, files, ["--reboot", "always"])
    with Meter(network.server.socket(socket.AF_PACKET, socket.SOCK_RAW), "cable", network.server.address) as meter:
        deployment = fleet.order(release)
        events, session = follow(fleet, release)
        outcome = fleet.outcome(deployment)
    first = meter.bytes.pop(fleet.plugin.https_port, 0)
    second = sum(meter.bytes.values())
    runs = fleet.device.read("/opt/app/VERSION").strip()
    print(f"    the device reported version {session['reported_version']}, announced was {announced}")
    if session.get("reason"):
        print(f"    {session['reason']}: {session['detail']}")
    print(f"    first path, HTTPS: {first / 1024:,.0f} KiB    second path, FTP: {second / 1024:,.0f} KiB")
    print(f"    Mender's API says: {outcome}; the device now runs {runs} after {len(fleet.device.boot_ids)} boots")
    return {"release": release, "announced": announced, "contained": contained, "events": events, "session": session,
            "first_path_bytes": first, "second_path_bytes": second, "outcome": outcome, "runs": runs,
            "boots": len(fleet.device.boot_ids)}


def main():
    options = read_options()
    with tempfile.TemporaryDirectory(prefix="two-path-demo-") as folder, Network() as network:
        fleet = Fleet(pathlib.Path(folder), network)
        try:
            fleet.device.write("/opt/app/VERSION", "1.0\n")
            fleet.start()
            print(f"server  {fleet.plugin.url} (two-path-server, embedded host), FTP on port {fleet.plugin.ftp_port}")
            print(f"device  mender-client 3.4.0 on {network.device.address}, installer `directory`, id {fleet.device_id}")
            good = order(fleet, network, "app-2.0", "2.0", "2.0", options.size * MIB)
            bad = order(fleet, network, "app-3.0", "3.0", "2.9", MIB)
        finally:
            fleet.stop()
    if options.json:
        options.json.write_text(json.dumps({"updates": [good, bad]}, indent=2) + "\n")
    as_promised = (good["outcome"], good["runs"], bad["outcome"], bad["runs"]) == ("success", "2.0", "failure", "2.0")
    print("\nas promised" if as_promised else "\nNOT as promised")
    return 0 if as_promised else 1


if __name__ == "__main__":
    sys.exit(main())
