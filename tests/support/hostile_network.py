"""One update after another over a cable that one condition after another makes hostile: whole, or not at all."""

import contextlib
import dataclasses
import os
import re
import shutil
import time
import unittest

from conditions import Scene
from push_case import PushCase
from tun_relay import TunNetwork

BLOCK = 64 * 1024
SIZE = 16 * BLOCK + 12345
OLD = b"APP_VERSION=1.0\n"


@dataclasses.dataclass
class Outcome:
    """
    ended     `committed` or the reason
    resumed   bytes that the last attempt had from those before it
    sent      bytes of payload that the plugin sent in the last attempt
    crossed   bytes of IP packets that were sent on both paths, either way
    """

    mode: str
    ended: str = ""
    attempts: int = 0
    resumed: int = 0
    sent: int = 0
    crossed: int = 0
    seconds: float = 0


class HostileNetwork(PushCase):
    network_kind = TunNetwork
    stall_timeout = 3

    @classmethod
    def setUpClass(cls):
        if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
            raise unittest.SkipTest("there is no /dev/net/tun, or it may not be opened")
        super().setUpClass()

    def setUp(self):
        super().setUp()
        self.network.relay.first_path_port = self.plugin.https_port
        self.device.configure(stall_timeout=self.stall_timeout, confirm_timeout=5)
        self.device.configure_mender(ModuleTimeoutSeconds=50)  # of which the module takes half for an attempt
        self.artifact = self.publish(size=SIZE, options=[
            "--block-size", "64KiB", "--version-file", f"{self.device.installed}/VERSION:APP_VERSION"])
        self.payload = (self.device.folder / "payload-2.0").read_bytes()

    def undergo(self, condition, mode, paths, seed):
        """One update under the condition on these paths, tried again as often as the plugin orders it again."""
        self.write_installed(self.device, "1.0")
        (self.device.installed / "calls").unlink(missing_ok=True)
        shutil.rmtree(self.device.state / "store", ignore_errors=True)
        self.device.configure(mode=mode)
        crossed = self.network.relay.crossed
        before, begun = sum(crossed.values()), time.monotonic()
        with contextlib.ExitStack() as stack:
            stack.callback(self.end_what_is_open)
            scene = Scene(self, stack, mode, frozenset(paths), seed)
            stack.enter_context(self.network.relay.imposed(*condition.troubles(scene)))
            outcome = self.update_until_it_ends(scene)
        for check in scene.checks:
            check()
        self.assertTrue(condition.allows(outcome.ended, paths), outcome)
        outcome.crossed = sum(crossed.values()) - before
        outcome.seconds = time.monotonic() - begun
        return outcome

    def update_until_it_ends(self, scene):
        outcome, kept = Outcome(scene.mode), 0
        self.plugin.command("deploy", self.release, "--device", self.device.id)
        while True:
            update, code, deployment = self.poll(self.artifact)
            for call in scene.after_attempt:
                call()
            self.device.run_command("report")  # as the client's state scripts do
            self.device.report(deployment, "failure" if code else "success")
            session = self.session_of(deployment)
            outcome.ended = self.check_attempt(update, code, session)
            outcome.attempts += 1
            outcome.resumed, outcome.sent = (session.get(key, 0) for key in ("resumed", "sent"))
            self.assertGreaterEqual(outcome.resumed, kept, update.log)
            if "redeployment" not in session or "of 3" not in self.redeployment(session["id"]):
                return outcome
            kept = session["redeployment"]["kept"]

    def end_what_is_open(self):
        """Of a run that a check has ended: the next one is an order of its own."""
        while deployment := self.device.next_deployment():
            self.device.report(deployment, "failure")

    def session_of(self, deployment):
        """Empty when the device could open none."""
        sessions = self.plugin.sessions(device=self.device.id)
        return next((one for one in sessions if one["deployment"] == deployment), {})

    def check_attempt(self, update, code, session):
        """All of the new software with the operator knowing it, or all of the old one with the reason; gives it."""
        installed = (self.device.installed / "payload").read_bytes()
        if code == 0:
            self.assertTrue(installed == self.payload, update.log)
            self.assertEqual(session["state"], "committed", update.log)
            return "committed"
        self.assertEqual(installed, OLD, update.log)
        self.assertEqual(self.calls(), [], update.log)
        told = re.search(r"two-path: Download: (\w+): ", update.log)
        self.assertTrue(told, update.log)
        if session:
            self.assertEqual((session["state"], session["reason"]), ("failed", told[1]), update.log)
        return told[1]
