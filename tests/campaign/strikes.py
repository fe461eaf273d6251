"""Kills and failing calls in whole updates, from Download to Cleanup, by the recorded sequences of both clients.

A part of `tools/campaign --kills`. Module and plugin are killed at every step that the disk or a peer sees, and one of
their calls after the other, chosen by the seed, kills them or fails: see tests/support/struck_update.py.
"""

import collections
import dataclasses
import itertools
import random
import statistics
import time
import traceback

import struck_update
from struck_update import MODULE, PLUGIN, Fault, Scenario

GROUNDS = {"pull": struck_update.Pull, "push": struck_update.Push}
FAILING = ("ArtifactInstall", "ArtifactVerifyReboot", "ArtifactCommit")
EVERY_STEP = [Scenario("5.1", "files"), Scenario("3.4", "streams"), Scenario("5.1", "streams", "ArtifactVerifyReboot"),
              Scenario("3.4", "files", "ArtifactCommit"), Scenario("5.1", "files", "ArtifactInstall")]
ANY_CALL = [Scenario(*those) for those in itertools.product(("3.4", "5.1"), ("files", "streams"), ("", "", *FAILING))]
AT_ONCE = 40  # strikes on one plugin and device


@dataclasses.dataclass(frozen=True)
class Share:
    mode: str
    scenario: Scenario
    program: str
    number: int
    seed: int | None = None  # of random calls; None: every step, as many shares as `of`
    of: int = 1


@dataclasses.dataclass
class Strike:
    mode: str
    scenario: Scenario
    fault: Fault
    outcome: struck_update.Outcome | None = None
    seconds: float = 0
    error: str = ""

    @property
    def kind(self):
        how = "failing calls" if self.fault.error else "power cuts" if self.fault.power else "kills"
        return f"{self.fault.program}, {how}" + (" at steps" if self.fault.kinds == struck_update.STEPS else "")


def shares(modes, count, seed):
    """Every step, and `count` random calls."""
    steps = [Share(mode, scenario, program, number, of=of) for mode in modes for scenario in EVERY_STEP
             for program, of in ((MODULE, 6), (PLUGIN, 3)) for number in range(of)]
    places = list(itertools.product(modes, (MODULE, MODULE, PLUGIN), ANY_CALL))
    random.Random(seed).shuffle(places)
    calls = [Share(mode, scenario, program, number, seed) for number, (mode, program, scenario)
             in zip(range(-(-count // AT_ONCE)), itertools.cycle(places))]
    return steps + calls


def play(share):
    """The strikes of a share, one after the other on one ground; in a process of its own."""
    ground = GROUNDS[share.mode]("strike")
    done = []
    try:
        type(ground).setUpClass()
        ground.setUp()
        for fault in faults(share, ground.measure(share.scenario)[share.program]):
            start = time.monotonic()
            strike = Strike(share.mode, share.scenario, fault)
            try:
                strike.outcome = ground.strike(share.scenario, fault)
            except Exception:  # whatever it is, it is this strike's failure
                strike.error = traceback.format_exc()
                print(f"FAILED {share.mode}, {share.scenario}, {fault}\n{strike.error}", flush=True)
            strike.seconds = time.monotonic() - start
            done.append(strike)
    finally:
        ground.doCleanups()
        type(ground).doClassCleanups()
    return done


def faults(share, calls):
    if share.seed is None:
        # Each other one takes the client with it.
        return [Fault(share.program, at, power=share.program == MODULE and at // share.of % 2 == 1)
                for at in range(share.number, struck_update.count_steps(calls), share.of)]
    chance = random.Random(f"{share.seed} {share.number}")
    return [struck_update.random_fault(chance, share.program, calls) for _ in range(AT_ONCE)]


def show(strikes):
    groups = collections.defaultdict(list)
    for strike in strikes:
        groups[strike.mode, strike.kind].append(strike)
    for (mode, kind), those in sorted(groups.items()):
        good = [strike for strike in those if not strike.error]
        struck = [strike.outcome for strike in good if strike.outcome.struck]
        committed = sum(outcome.success for outcome in struck)
        inconsistent = sum(outcome.inconsistent for outcome in struck)
        print(f"{mode}, {kind}: {len(those)}, of which {len(those) - len(good)} failed; {len(struck)} met the update, "
              f"{committed} ended committed, {len(struck) - committed - inconsistent} with the old software, "
              f"{inconsistent} could not go back; "
              f"{statistics.mean(strike.seconds for strike in those):.2f} s each")
