"""A whole update in which one call of the module or of the plugin fails, or is its end, and the next update.

Called as either generation of Mender's client calls it, from Download to Cleanup. Whatever was struck: the device runs the
new software and all say so, or the old one; the next update succeeds, and nothing is left over. `Pull` and `Push` are
complete test cases.
"""

import dataclasses
import errno
import http.client
import os
import shutil
import signal
import threading
import time

import path_case
import push_case
from client_generations import GENERATIONS, Trouble
from installer_board import Board, installer
from module_calls import Update
from service_manager import ServiceManager
from trap import CALLS, FOREVER, KINDS, NEVER, STEPS, Trap

KIB = 1024
DEPLOYMENTS = "/api/management/v1/deployments/deployments"
KILLED = -signal.SIGKILL
MODULE, PLUGIN = "two-path", "two-path-server"
ENDS = {"committed", "rolled_back", "failed", "expired", "aborted"}
KEPT = {"committed.json", "committed.copy.json", "last.json", "digests.json", "lock", "owed", "store"}
GOING_BACK = {"ArtifactRollback", "ArtifactVerifyRollbackReboot", "ArtifactFailure", "Cleanup"}
ERRORS = {
    "open": (errno.EIO, errno.ENOSPC, errno.EMFILE, errno.ENOMEM),
    "write": (errno.EIO, errno.ENOSPC),
    "sync": (errno.EIO, errno.ENOSPC),
    "rename": (errno.EIO, errno.ENOSPC),
    "unlink": (errno.EIO, errno.EROFS),
    "connect": (errno.ECONNREFUSED, errno.ENETUNREACH, errno.ETIMEDOUT),
    "send": (errno.ECONNRESET, errno.EPIPE, errno.ENOBUFS),
    "recv": (errno.ECONNRESET, errno.ETIMEDOUT),
    "malloc": (errno.ENOMEM,),
}
DISK = ("write", "sync", "rename")  # a full one stays full


@dataclasses.dataclass(frozen=True)
class Scenario:
    """What is done: by which client, with which installer, which may fail in one state."""

    generation: str = "5.1"
    data: str = "files"
    fails: str = ""

    def __str__(self):
        return f"client {self.generation}, {self.data}" + (f", {self.fails} fails" if self.fails else "")


@dataclasses.dataclass(frozen=True)
class Fault:
    """`at`: so many calls of these kinds pass before. `error`: 0 for SIGKILL. `power`: the client is gone as well."""

    program: str
    at: int
    kinds: tuple = STEPS
    error: int = 0
    times: int = 1
    power: bool = False

    def __str__(self):
        what = errno.errorcode[self.error] if self.error else "power cut" if self.power else "SIGKILL"
        often = "" if self.times == 1 else " from then on" if self.times == FOREVER else f" {self.times} times"
        kinds = "step" if self.kinds == STEPS else self.kinds[0]
        return f"{self.program}: {what}{often} at {kinds} {self.at}"


@dataclasses.dataclass(frozen=True)
class Outcome:
    struck: bool  # else the update ended before
    success: bool  # as the client saw it
    inconsistent: bool  # as it did as well: what was struck was going back
    state: str  # of the session, once the next update is over; "" when there was none


def count_steps(calls):
    return sum(calls[kind] for kind in STEPS)


def random_fault(chance, program, calls):
    """`calls`: how many of each kind an update has."""
    kind = chance.choice([kind for kind in CALLS if calls[kind]])
    at = chance.randrange(calls[kind])
    if chance.random() < 0.25:
        return Fault(program, at, (kind,), power=program == MODULE and chance.random() < 0.5)
    times = FOREVER if kind in DISK and chance.random() < 0.5 else chance.choice((1, 1, 3))
    return Fault(program, at, (kind,), chance.choice(ERRORS[kind]), times)


class StruckBoard(Board):
    """What a killed module had started goes with it: by the power cut, or when the client's time limit is over. Where the
    power is cut in a state of going back, the client does that state again."""

    def __init__(self, update, power):
        super().__init__(update)
        self._power = power
        self._installed = False
        self.cannot_go_back = False  # the client calls it inconsistent

    def call(self, state, trouble):
        code, answer = super().call(state, trouble)
        if code == KILLED and self._power:
            self.restart()
            if state in GOING_BACK:
                code, answer = super().call(state, trouble)
        self._installed = self._installed or state == "ArtifactInstall"
        if self._installed and state in ("SupportsRollback", "ArtifactRollback") and code != 0:
            self.cannot_go_back = True
        return code, answer

    def run(self, state):
        process = self.update.start(state)
        watching = threading.Thread(target=end_with, args=[process.pid], daemon=True)
        watching.start()
        ended = self.update.finish(process, state)
        watching.join()
        return ended


def end_with(leader):
    """When the leader of a process group is killed, so is the rest of it."""
    try:
        ended = os.waitid(os.P_PID, leader, os.WEXITED | os.WNOWAIT)
        if ended.si_code == os.CLD_KILLED:
            os.killpg(leader, signal.SIGKILL)
    except (ChildProcessError, ProcessLookupError):
        pass  # it has gone already, and all of it


class StruckUpdate:
    """Mixed into a PathCase."""

    settings = {"session.redeploy": 0}

    @classmethod
    def new_plugin(cls):
        plugin = super().new_plugin()
        cls.plugin_trap = Trap(cls.folder, PLUGIN)
        plugin.environment = cls.plugin_trap.environment
        return plugin

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = ServiceManager(cls.plugin, ended=cls.plugin_trap.release)
        cls.addClassCleanup(cls.manager.close)

    def setUp(self):
        super().setUp()
        self.traps = {MODULE: Trap(self.device.folder, MODULE), PLUGIN: self.plugin_trap}
        self.device.more_environment = self.traps[MODULE].environment
        # Of one sequence: the device goes back and forth between them.
        options = ["--sequence", 1, "--version-file", f"{self.device.installed}/VERSION:APP_VERSION"]
        self.artifacts = {version: self.publish(version, size=96 * KIB, options=options) for version in ("2.0", "3.0")}
        self.go_through("3.0", Scenario())  # the first Download of a device has more steps: it measures digests

    def measure(self, scenario):
        """{program: how many calls of each kind there are in an update that nothing strikes}"""
        for trap in self.traps.values():
            trap.set(NEVER, KINDS)
        self.go_through("2.0", scenario, expected=not scenario.fails)
        return {program: trap.release().calls for program, trap in self.traps.items()}

    def strike(self, scenario, fault):
        """Gives an Outcome, or fails."""
        starts = self.manager.starts
        trap = self.traps[fault.program]
        run, deployment, board = self.update_once("2.0", scenario, fault)
        log = board.update.log
        struck = trap.release().struck
        if struck and fault.program == PLUGIN and not fault.error:
            self.manager.wait_for(starts + 1)
        self.tell_end(deployment, run)
        inconsistent = not run.success and board.cannot_go_back
        if not inconsistent:
            self.judge(run, log)
        # A failed release is tried again: what the device has of it already is used, and goes.
        self.go_through("3.0" if run.success else "2.0", Scenario(scenario.generation, scenario.data))
        state = self.state_of(deployment)
        self.assertIn(state, ENDS | {""}, log)
        self.assertEqual(state == "committed", run.success, log)
        if fault.kinds == ("unlink",) and fault.error:  # blocks that could not be removed are tried again later
            shutil.rmtree(self.device.state / "store", ignore_errors=True)
        self.assert_nothing_left()
        return Outcome(struck, run.success, inconsistent, state)

    # Inner workings

    def update_once(self, version, scenario, fault=None):
        self.release = f"{self.name}-{version}"
        self.write_installed(self.device, "1.0")
        self.device.add_module("tracer", installer(self.device.installed, scenario.data, "No", "Automatic", "Yes"))
        deployment = self.ask(self.order)
        with Update(self.device, self.artifacts[version]) as update:
            board = StruckBoard(update, fault is not None and fault.power)
            trouble = Trouble(scenario.fails, "fails") if scenario.fails else None
            client = GENERATIONS[scenario.generation](board, trouble)
            if fault:
                self.traps[fault.program].set(fault.at, fault.kinds, fault.error, fault.times)
            try:
                return client.update(), deployment, board
            except Exception:
                self.ask(lambda: self.device.report(deployment, "failure"))
                raise

    def order(self):
        """As deploy(), by the API alone."""
        order = {"name": self.release, "artifact_name": self.release, "devices": [self.device.id]}
        status, _, body = self.plugin.request("POST", DEPLOYMENTS, order)
        self.assertEqual(status, 201, body)
        deployment = self.device.next_deployment()
        self.assertIsNotNone(deployment, "the embedded host gave the device no deployment")
        self.assertEqual(self.device.report(deployment, "downloading"), 204)
        return deployment

    def judge(self, run, log):
        """By what runs now."""
        expected = "2.0" if run.success else "1.0"
        installed = (self.device.installed / "payload").read_bytes()
        published = (self.device.folder / "payload-2.0").read_bytes()
        self.assertEqual(installed == published, run.success, log)
        self.assertEqual(self.installed_version(), expected, log)

    def go_through(self, version, scenario, expected=True):
        run, deployment, board = self.update_once(version, scenario)
        log = board.update.log
        self.tell_end(deployment, run)
        self.assertEqual(run.success, expected, log)
        self.assertIn(scenario.fails or "ArtifactCommit", run.calls, log)
        self.assertEqual(self.installed_version(), version if expected else "1.0")
        if expected:
            self.assertEqual(self.state_of(deployment), "committed", log)

    def tell_end(self, deployment, run):
        self.ask(lambda: self.device.report(deployment, "success" if run.success else "failure"))

    def state_of(self, deployment):
        sessions = self.ask(lambda: self.plugin.sessions(device=self.device.id))
        return next((one["state"] for one in sessions if one["deployment"] == deployment), "")

    def ask(self, question, within=60):
        """Of the plugin, which may just be away."""
        end = time.monotonic() + within
        while True:
            try:
                return question()
            except (OSError, http.client.HTTPException):
                if time.monotonic() > end:
                    raise
                self.wait_for_the_next_look()

    def assert_nothing_left(self):
        self.assertLessEqual({path.name for path in self.device.state.iterdir()}, KEPT)
        for folder in ("owed", "store"):
            self.assertEqual(list((self.device.state / folder).glob("*")), [])
        self.assertEqual(list((self.plugin.folder / "state" / "incoming").iterdir()), [])


class Pull(StruckUpdate, path_case.PathCase):
    pass


class Push(StruckUpdate, push_case.PushCase):
    settings = {**push_case.PushCase.settings, **StruckUpdate.settings}
