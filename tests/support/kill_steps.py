"""Either end killed at one step of a transfer after the other, and what goes on from there.

A step is what another process, the disk or the peer could see: see trap.py. `Pull` and `Push` are complete test
cases.
"""

import contextlib
import json
import os
import select
import shutil
import sqlite3
import tempfile

import path_case
import push_case
from module_calls import Update
from path_case import MIB
from trap import NEVER, Trap

BLOCK = MIB  # as it is published by default
CHECKPOINT = 16 * MIB
LARGE = 40 * MIB  # two checkpoints, and one at the end
KILLED = -9


def checkpoints(steps):
    """Which of the steps are part of one, or the next after it."""
    part = {i for i, step in enumerate(steps) if step.startswith("fdatasync") or ".map" in step}
    return sorted(part | {i + 1 for i in part})


class KillSteps:
    """Mixed into a PathCase. `size`: of the payload."""

    size = 3 * MIB

    @classmethod
    def new_plugin(cls):
        plugin = super().new_plugin()
        cls.plugin_trap = Trap(cls.folder, "two-path-server")
        plugin.environment = cls.plugin_trap.environment
        return plugin

    def setUp(self):
        super().setUp()
        self.trap = Trap(self.device.folder, "two-path")
        self.device.more_environment = self.trap.environment
        self.artifact = self.publish(size=self.size)
        self.payload = (self.device.folder / "payload-2.0").read_bytes()
        self.steps(self.trap)  # the first Download of a device has more: it measures digests

    def steps(self, trap):
        """Those of the program that is in `trap`, of a whole Download."""
        deployment = self.deploy()
        with Update(self.device, self.artifact) as update:
            trap.set(NEVER, note=True)
            update.call("Download", check=0)
            steps = trap.release().steps
            self.give_up(update, deployment)
        shutil.rmtree(self.device.state / "store")
        return steps

    def kill_module(self, step, client_lives=True):
        """Kills the module there; the client cleans up, or has gone as well, as in a power cut. The next attempt goes
        on. Gives how far the record says that the killed one was; None when it ended before the step."""
        self.write_installed(self.device, "1.0")
        deployment = self.deploy()
        with Update(self.device, self.artifact) as update:
            self.trap.set(step, note=True)
            code, _ = update.call("Download")
            passed = self.trap.release().steps
            if code == 0:
                return self.finish(update, deployment)
            self.assertEqual(code, KILLED, update.log)
            recorded = self.recorded_stage()
            if client_lives:
                self.give_up(update, deployment)
            else:
                self.device.restart()
                self.device.report(deployment, "failure")
        deployment = self.deploy()
        with Update(self.device, self.artifact) as update:
            update.call("Download", check=0)
            self.finish(update, deployment)
        session = self.session()
        # At most what came since the last checkpoint that passed is fetched again.
        checkpoints = len([one for one in passed if one.startswith("rename ") and one.endswith(".map")])
        self.assertGreaterEqual(session["resumed"], min(checkpoints * CHECKPOINT, self.size), passed[-5:])
        self.assertEqual(session["fetched_twice"], 0)
        return recorded

    def kill_plugin(self, step):
        """Kills the plugin there, and starts it again: the same Download goes through. Gives the state that the
        session had meanwhile; None when Download ended before the step."""
        self.write_installed(self.device, "1.0")
        deployment = self.deploy()
        with Update(self.device, self.artifact) as update:
            self.plugin_trap.set(step)
            process = update.start("Download")
            killed = self.await_end_of_plugin(process)
            self.plugin_trap.release()
            recorded = None
            if killed:
                self.plugin.kill()
                recorded = self.committed_state(deployment)
                self.plugin.start()
            update.finish(process, "Download", check=0)
            self.finish(update, deployment)
        self.assertLess(self.session()["fetched_twice"], BLOCK)  # no more than was under way
        return recorded

    def recorded_stage(self):
        """By the device's record."""
        path = self.device.state / "record.json"
        if not path.exists():
            return "nothing"
        record = json.loads(path.read_text())
        return ([*record["done"][-1:], "opened" if record["session"] else "opening"])[0]

    def committed_state(self, deployment):
        """Of the deployment's session, by a copy of the database that the plugin left."""
        with tempfile.TemporaryDirectory(dir=self.folder) as copy:
            for path in (self.plugin.folder / "state").glob("two-path.db*"):
                shutil.copy(path, copy)
            with contextlib.closing(sqlite3.connect(f"{copy}/two-path.db")) as database:
                found = database.execute("SELECT state FROM sessions WHERE deployment = ?", [deployment]).fetchone()
        return found[0] if found else "nothing"

    def await_end_of_plugin(self, process):
        """False when the module ended before."""
        ends = [os.pidfd_open(pid) for pid in (self.plugin.pid, process.pid)]
        try:
            ended, _, _ = select.select(ends, [], [], 60)
            self.assertTrue(ended, "neither the plugin nor the module ended")
            return ends[0] in ended
        finally:
            for end in ends:
                os.close(end)

    def give_up(self, update, deployment):
        """What a client does after a Download that ended badly."""
        update.call("Cleanup", check=0)
        self.device.report(deployment, "failure")

    def finish(self, update, deployment):
        """After Download, to the end; what is installed is what was published, and no session is left open."""
        update.call("ArtifactInstall", check=0)
        self.device.restart()
        update.call("ArtifactVerifyReboot", check=0)
        update.call("ArtifactCommit", check=0)
        update.call("Cleanup", check=0)
        self.device.report(deployment, "success")
        self.assertTrue((self.device.installed / "payload").read_bytes() == self.payload)
        states = [session["state"] for session in self.plugin.sessions(device=self.device.id)]
        self.assertEqual(states[0], "committed")
        self.assertLessEqual(set(states[1:]), {"failed", "aborted", "committed"})


class Pull(KillSteps, path_case.PathCase):
    settings = {"session.redeploy": 0}


class Push(KillSteps, push_case.PushCase):
    settings = {**push_case.PushCase.settings, "session.redeploy": 0}
