"""Kills module and plugin at each step of a transfer, in both modes: `tools/campaign --kills`.

The device's client is still there afterwards and cleans up, or has gone with it as in a power cut; with a payload that
has checkpoints only the steps around them are taken.
"""

import collections
import dataclasses
import statistics
import time
import traceback

import kill_steps

GROUNDS = {"pull": kill_steps.Pull, "push": kill_steps.Push}
SHARES = 3  # of the steps of one kind, so that they can run side by side
KINDS = ["module", "module and client", "module at a checkpoint", "plugin"]


@dataclasses.dataclass
class Kill:
    mode: str
    kind: str
    step: int
    recorded: str | None = None  # how far it was; None: it had ended before that step
    seconds: float = 0
    error: str = ""


def shares(modes):
    """(mode, kind, which share)"""
    return [(mode, kind, number) for kind in KINDS for mode in modes for number in range(SHARES)]


def play(share):
    """Every third step of the kind, on one ground; in a process of its own."""
    mode, kind, number = share
    ground = GROUNDS[mode]("kill_module")
    if "checkpoint" in kind:
        ground.size = kill_steps.LARGE
    done = []
    try:
        type(ground).setUpClass()
        ground.setUp()
        for step in steps_of(ground, kind)[number::SHARES]:
            start = time.monotonic()
            kill = Kill(mode, kind, step)
            try:
                kill.recorded = (ground.kill_plugin(step) if kind == "plugin"
                                 else ground.kill_module(step, client_lives="client" not in kind))
            except Exception:  # whatever it is, it is this kill's failure
                kill.error = traceback.format_exc()
                print(f"FAILED {mode} {kind} at step {step}\n{kill.error}", flush=True)
            kill.seconds = time.monotonic() - start
            done.append(kill)
    finally:
        ground.doCleanups()
        type(ground).doClassCleanups()
    return done


def steps_of(ground, kind):
    steps = ground.steps(ground.plugin_trap if kind == "plugin" else ground.trap)
    if "checkpoint" in kind:
        return kill_steps.checkpoints(steps)
    return range(len(steps) + 1)  # and once without a kill


def show(kills):
    groups = collections.defaultdict(list)
    for kill in kills:
        groups[kill.mode, kill.kind].append(kill)
    for (mode, kind), those in groups.items():
        went_on = [kill for kill in those if not kill.error]
        stages = collections.Counter(kill.recorded or "ended before" for kill in went_on)
        print(f"{mode}, {kind}: {len(those)} steps, {len(went_on)} went on, {len(those) - len(went_on)} failed, "
              f"{statistics.mean(kill.seconds for kill in those):.2f} s each; killed when the record said\n    "
              + ", ".join(f"{stage} {count}" for stage, count in stages.items()))
