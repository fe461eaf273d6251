"""One release, brought again and again over a second path with a fault on it: whole and verified, or not at all.

Two mixins in one case each: `Pull` and `Push` are complete test cases.
"""

import itertools
import random
import shutil

import path_case
import push_case
from fault_relay import FaultRelay
from module_calls import Update

BLOCK = 64 * 1024
SIZE = 16 * BLOCK + 12345


def boundaries():
    """Each block's edge and the file's, and the byte before and behind it."""
    edges = [*range(0, SIZE, BLOCK), SIZE]
    around = {edge + step for edge, step in itertools.product(edges, (-1, 0, 1))}
    return sorted(at for at in around if 0 <= at <= SIZE)


def sample(chance: random.Random, count):
    """`count` offsets at edges and as many anywhere."""
    return chance.sample(boundaries(), count) + [chance.randrange(SIZE + 1) for _ in range(count)]


class Campaign:
    """Mixed into a PathCase that has `fault_relay(fault)`."""

    def setUp(self):
        super().setUp()
        self.artifact = self.publish(size=SIZE, options=[
            "--block-size", "64KiB", "--version-file", f"{self.device.installed}/VERSION:APP_VERSION"])
        self.payload = (self.device.folder / "payload-2.0").read_bytes()

    def strike(self, kind, at):
        """One run with a fault of this kind; gives (whether it ended whole, bytes fetched twice, bytes that crossed
        without need)."""
        fault = kind(at, SIZE, BLOCK)
        self.write_installed(self.device, "1.0")
        (self.device.installed / "calls").unlink(missing_ok=True)
        self.device.configure(stall_timeout=10 if fault.patient else 1)
        deployment = self.deploy()
        with Update(self.device, self.artifact) as update:
            with self.fault_relay(fault) as relay:
                code, _ = update.call("Download")
            try:
                whole = self.check_outcome(fault, relay, update, code)
            finally:
                update.call("Cleanup")
                self.device.report(deployment, "failure")  # the next run is an order of its own
                shutil.rmtree(self.device.state / "store", ignore_errors=True)
        return whole, self.session().get("fetched_twice", 0), max(0, relay.passed - SIZE)

    def check_outcome(self, fault, relay, update, code):
        what = f"{fault.name} at {fault.at}: exit code {code}, {len(relay.links)} data connections\n{update.log}"
        # Only what happens to each connection may end the update; a single fault is always overcome.
        self.assertEqual(code, 1 if fault.always and not fault.at_end or fault.name == "corrupt-always" else 0, what)
        # What was verified is not asked for again.
        self.assertFalse([link.start for link in relay.links[1:] if link.start < fault.block_start], what)
        if code != 0:
            self.assertEqual(self.calls(), [], what)
            self.assertEqual((self.device.installed / "payload").read_bytes(), b"APP_VERSION=1.0\n", what)
            return False
        update.call("ArtifactInstall", check=0)
        self.assertTrue((self.device.installed / "payload").read_bytes() == self.payload, what)
        self.assertLessEqual(len(relay.links), fault.links, what)
        compare = self.assertEqual if fault.exact else self.assertLessEqual
        compare(self.session()["fetched_twice"], fault.twice, what)
        # A connection that is dropped takes with it what was under way, of the file's rest.
        under_way = fault.dropped * (SIZE - fault.block_start)
        self.assertLessEqual(relay.passed - SIZE, fault.twice + under_way, what)
        fault.check(self)
        return True


class Pull(Campaign, path_case.PathCase):
    settings = {"ftp.advertise": path_case.RELAY, "session.redeploy": 0}

    def fault_relay(self, fault):
        return FaultRelay(self.plugin.address, self.plugin.ftp_port, path_case.RELAY, fault=fault)


class Push(Campaign, push_case.PushCase):
    settings = {**push_case.PushCase.settings, "session.redeploy": 0}

    def fault_relay(self, fault):
        return self.relay(FaultRelay, fault=fault)
