"""Module, plugin or the whole device killed at a random step while the real Mender client updates:
`tools/campaign --real-client`.

The new software runs and the session says `committed`, or neither; the client says the same, and the next update
succeeds. Client 3.4 calls an update a failure that was killed in Cleanup, behind the commit; that is told apart.
"""

import collections
import dataclasses
import pathlib
import random
import tempfile
import time
import traceback

from fleet import MODULE_INSIDE, REPORTED, Fleet
from plugin import BUILD, MODULE, Plugin
from service_manager import ServiceManager
from trap import NEVER, Trap

PROGRAM_INSIDE = "/opt/two-path/two-path"
LIBRARY_INSIDE = "/opt/two-path/fault_at.so"
POWER_INSIDE = "/data/power"
KINDS = ("module", "device", "plugin")
AT_ONCE = 5  # kills of one client

BEHIND_THE_COMMIT = "Mender shut down in state: cleanup|Cleanup failed: Update module terminated abnormally"

# What the client calls: where the power is to go with the module, it does so at once.
WRAPPER = f"""#!/bin/sh
export LD_PRELOAD={LIBRARY_INSIDE} TWO_PATH_FAULT_IN=two-path TWO_PATH_FAULT_PLAN=/data/trap-two-path
{PROGRAM_INSIDE} "$@"
code=$?
[ $code != 137 ] || [ ! -e {POWER_INSIDE} ] || {{ kill -USR1 1; exec tail -f /dev/null; }}
exit $code
"""


@dataclasses.dataclass
class Kill:
    kind: str
    step: int
    outcome: str = ""
    seconds: float = 0
    error: str = ""


class Ground:
    """One plugin and one device with the real client."""

    def __init__(self, folder):
        self.plugin = Plugin(folder / "plugin", settings={"session.redeploy": 0})
        self.plugin_trap = Trap(folder, "two-path-server")
        self.plugin.environment = self.plugin_trap.environment
        wrapper = folder / "wrapper"
        wrapper.write_text(WRAPPER)
        wrapper.chmod(0o755)
        self.fleet = Fleet(folder, plugin=self.plugin, binds={
            MODULE_INSIDE: wrapper, PROGRAM_INSIDE: MODULE, LIBRARY_INSIDE: BUILD / "tests/support/fault_at.so"})
        self.device = self.fleet.device
        self.trap = Trap(self.device.path("/data"), "two-path")
        self.device.write("/opt/app/VERSION", "0\n")
        self.fleet.start()
        self.manager = ServiceManager(self.plugin)
        self._version = 0

    def close(self):
        self.manager.close()
        self.fleet.stop()

    def update(self, kind, step):
        """One whole update; gives its deployment, what the client said of it, and whether the new software runs,
        and what Passed. `step`: of the module or the plugin, that kills; or NEVER."""
        before = self.device.read("/opt/app/VERSION")
        self._version += 1
        version = str(self._version)
        self.fleet.publish_directory(f"app-{version}", version, {"VERSION": f"{version}\n".encode(), "data": bytes(300_000)},
                                     ["--reboot", "always"] if self._version % 4 == 1 else [])
        starts = self.manager.starts
        trap = self._trap(kind)
        deployment = self.fleet.order(f"app-{version}", ordered=lambda: trap.set(step))
        self.await_report()
        passed = trap.release()
        if passed.struck and kind == "plugin":
            self.manager.wait_for(starts + 1)
        said = self.fleet.outcome(deployment)
        runs = self.device.read("/opt/app/VERSION")
        self.check(runs in (before, f"{version}\n"), f"{runs} runs after {before}")
        return deployment, said, runs != before, passed

    def await_report(self, rounds=8):
        """Where the kill met the client's question whether there is an update, it is asked to look again: by itself it
        does so in half an hour."""
        for _ in range(rounds):
            try:
                return self.device.log.wait(REPORTED, after=self.fleet.ordered_at, timeout=15)
            except TimeoutError:
                if not self.device.log.lines("-> update-fetch", after=self.fleet.ordered_at):
                    self.device.check_update()
        return self.check(False, "the client has not told how the update ended")

    def count(self, kind):
        return sum(self.succeed(kind).calls.values())

    def succeed(self, kind):
        """An update that nothing strikes; gives what Passed."""
        _, said, new, passed = self.update(kind, NEVER)
        self.check(said == "success" and new, f"an update that nothing strikes: {said}")
        return passed

    def kill(self, kind, step):
        power = self.device.path(POWER_INSIDE)
        power.unlink(missing_ok=True)
        if kind == "device":
            power.touch()
        mark = self.device.log.mark()
        deployment, said, new, passed = self.update(kind, step)
        late = bool(self.device.log.lines(BEHIND_THE_COMMIT, after=mark))
        self.succeed(kind)
        self.check(new == (self.state_of(deployment) == "committed"), "the session does not say what runs")
        self.check(new == (said == "success") or (new and late), f"the client said {said}")
        if not passed.struck:
            return "ended before"
        return "committed" if said == "success" else "committed, though a failure to the client" if new else "old software"

    def state_of(self, deployment):
        sessions = self.plugin.sessions(device=self.fleet.device_id)
        return next((one["state"] for one in sessions if one["deployment"] == deployment), "")

    def check(self, holds, what):
        if not holds:
            raise AssertionError(f"{what}\n{self.device.log.text()[-6000:]}")

    def _trap(self, kind):
        return self.plugin_trap if kind == "plugin" else self.trap


def shares(count, seed):
    """(kind, seed, how many)"""
    numbers = range(0, count, AT_ONCE)
    return [(KINDS[i % len(KINDS)], f"{seed} {i}", min(AT_ONCE, count - first)) for i, first in enumerate(numbers)]


def play(share):
    kind, seed, count = share
    chance = random.Random(seed)
    done = []
    with tempfile.TemporaryDirectory(prefix="two-path-") as folder:
        ground = Ground(pathlib.Path(folder))
        try:
            steps = ground.count(kind)
            for step in chance.sample(range(steps), count):
                start = time.monotonic()
                kill = Kill(kind, step)
                try:
                    kill.outcome = ground.kill(kind, step)
                except Exception:  # whatever it is, it is this kill's failure
                    kill.error = traceback.format_exc()
                    print(f"FAILED {kind} at step {step}\n{kill.error}", flush=True)
                kill.seconds = time.monotonic() - start
                done.append(kill)
        finally:
            ground.close()
    return done


def show(kills):
    for kind in KINDS:
        those = [kill for kill in kills if kill.kind == kind]
        said = collections.Counter(kill.outcome or "wrong" for kill in those)
        print(f"{kind}: {len(those)} kills: " + ", ".join(f"{count} {word}" for word, count in said.items()))
