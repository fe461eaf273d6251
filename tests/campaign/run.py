#!/usr/bin/python3
"""Tries faults of the second path at every block's edge and at random bytes, and closes with N passed, N failed.

Called by tools/campaign. A run passes when the file ended whole and verified, or the update failed with nothing
installed; and when no more bytes were fetched twice than the fault explains (tests/support/faults.py). `--kills` is
another campaign, of module and plugin that are killed or whose calls fail: see kills.py, strikes.py, client_kills.py;
`--network` is one of whole updates: see hostile.py.
"""

import argparse
import collections
import dataclasses
import multiprocessing
import os
import pathlib
import random
import statistics
import sys
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
sys.dont_write_bytecode = True

import campaign  # noqa: E402
import client_kills  # noqa: E402
import conditions  # noqa: E402
import faults  # noqa: E402
import hostile  # noqa: E402
import hostile_network  # noqa: E402
import kills  # noqa: E402
import strikes  # noqa: E402

GROUNDS = {"pull": campaign.Pull, "push": campaign.Push}
RUNS_AT_ONCE = 40  # on one plugin and device


def read_options():
    parser = argparse.ArgumentParser(prog="tools/campaign", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6),
                        help="of the random bytes; default: another one each time, which is printed")
    parser.add_argument("--random", metavar="N", type=int, default=8, help="random bytes per fault and mode [8]")
    parser.add_argument("--mode", choices=GROUNDS, action="append", help="default: both")
    parser.add_argument("--fault", choices=[kind.name for kind in faults.ALL], action="append", help="default: all")
    parser.add_argument("--at", metavar="BYTE", type=int, action="append", help="only at this byte; repeatable")
    parser.add_argument("--jobs", metavar="N", type=int, default=os.cpu_count(), help="runs at a time")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--kills", action="store_true",
                         help="instead: kill the module and the plugin at each step, and at random calls that also fail")
    parser.add_argument("--calls", metavar="N", type=int, default=1600, help="with --kills: random calls [1600]")
    parser.add_argument("--minutes", metavar="N", type=float, default=float("inf"),
                        help="with --kills: begin nothing more after that time; what is done first is up to the seed")
    instead.add_argument("--real-client", metavar="N", type=int, nargs="?", const=30,
                         help="instead: N kills under the real Mender client [30]")
    instead.add_argument("--network", action="store_true",
                         help="instead: whole updates over packets that are lost, forged, kept back, led astray")
    parser.add_argument("--condition", choices=conditions.CONDITIONS, action="append", metavar="NAME",
                        help="of --network: " + "; ".join(conditions.CONDITIONS).replace("%", "%%") + " [all]")
    return parser.parse_args()


@dataclasses.dataclass
class Run:
    mode: str
    fault: str
    at: int
    whole: bool = False
    twice: int = 0
    crossed: int = 0
    seconds: float = 0
    error: str = ""


def plan(options):
    """All runs, each fault's random bytes of its own."""
    chance = random.Random(options.seed)
    runs = []
    for mode in options.mode or GROUNDS:
        for kind in faults.ALL:
            places = campaign.boundaries() + [chance.randrange(campaign.SIZE + 1) for _ in range(options.random)]
            if not options.fault or kind.name in options.fault:
                runs += [Run(mode, kind.name, at) for at in options.at or places]
    return runs


def shares(runs):
    """Runs of one mode that lie apart, so that slow faults are spread."""
    for mode in GROUNDS:
        chosen = [run for run in runs if run.mode == mode]
        count = -(-len(chosen) // RUNS_AT_ONCE)
        yield from (chosen[i::count] for i in range(count))


def play(share):
    """The runs of a share, one after the other on one ground; in a process of its own."""
    ground = GROUNDS[share[0].mode]("strike")
    kinds = {kind.name: kind for kind in faults.ALL}
    try:
        type(ground).setUpClass()
        ground.setUp()
        for run in share:
            start = time.monotonic()
            try:
                run.whole, run.twice, run.crossed = ground.strike(kinds[run.fault], run.at)
            except Exception:  # whatever it is, it is this run's failure
                run.error = traceback.format_exc()
                print(f"FAILED {run.mode} {run.fault} at {run.at}\n{run.error}", flush=True)
            run.seconds = time.monotonic() - start
    finally:
        ground.doCleanups()
        type(ground).doClassCleanups()
    return share


def in_figures(numbers):
    return f"{statistics.median(numbers):10.0f} {max(numbers):10}" if numbers else f"{'-':>10} {'-':>10}"


def show(runs):
    print(f"{'':20} {'':>5} {'':>6} {'nothing':>9} {'':>6}  {'fetched twice':^21} {'crossed twice':^21} {'s':>5}\n"
          f"{'mode and fault':20} {'runs':>5} {'whole':>6} {'installed':>9} {'failed':>6} "
          f"{'median':>10} {'max':>10} {'median':>10} {'max':>10} {'a run':>6}")
    groups = collections.defaultdict(list)
    for run in runs:
        groups[run.mode, run.fault].append(run)
    for (mode, fault), those in groups.items():
        passed = [run for run in those if not run.error]
        whole = [run for run in passed if run.whole]
        print(f"{mode + ' ' + fault:20} {len(those):5} {len(whole):6} {len(passed) - len(whole):9} "
              f"{len(those) - len(passed):6} {in_figures([run.twice for run in whole])} "
              f"{in_figures([run.crossed for run in whole])} {statistics.mean(run.seconds for run in those):6.2f}")


def gather(play_share, all_shares, jobs):
    """What the shares bring, each in a process of its own; says how far it is."""
    done = []
    with multiprocessing.Pool(jobs, maxtasksperchild=1) as pool:
        for count, share in enumerate(pool.imap(play_share, all_shares, chunksize=1), 1):
            done += share
            print(f"{count} of {len(all_shares)} shares, {len(done)} runs", flush=True)
    return done


@dataclasses.dataclass
class InTime:
    """Plays a share, but nothing more once it is too late; a share is what is to be played and how."""

    until: float

    def __call__(self, share):
        play_share, part = share
        return play_share(part) if time.monotonic() < self.until else []


def kill(options):
    print(f"seed {options.seed}", flush=True)
    modes = options.mode or list(GROUNDS)
    all_shares = [(kills.play, part) for part in kills.shares(modes)]
    all_shares += [(strikes.play, part) for part in strikes.shares(modes, options.calls, options.seed)]
    if options.minutes != float("inf"):
        random.Random(options.seed).shuffle(all_shares)
    done = gather(InTime(time.monotonic() + 60 * options.minutes), all_shares, options.jobs)
    kills.show([run for run in done if isinstance(run, kills.Kill)])
    strikes.show([run for run in done if isinstance(run, strikes.Strike)])
    return done


def main():
    options = read_options()
    start = time.monotonic()
    if options.kills:
        done = kill(options)
    elif options.real_client:
        print(f"seed {options.seed}", flush=True)
        done = gather(client_kills.play, client_kills.shares(options.real_client, options.seed), options.jobs)
        client_kills.show(done)
    elif options.network:
        print(f"seed {options.seed}, a payload of {hostile_network.SIZE} bytes", flush=True)
        done = gather(hostile.play, hostile.shares(options.mode, options.condition, options.seed), options.jobs)
        hostile.show(done)
    else:
        print(f"seed {options.seed}, a file of {campaign.SIZE} bytes in blocks of {campaign.BLOCK}", flush=True)
        done = gather(play, list(shares(plan(options))), options.jobs)
        show(done)
    failed = sum(bool(run.error) for run in done)
    print(f"{time.monotonic() - start:.0f} s\n{len(done) - failed} passed, {failed} failed")
    return 1 if failed or not done else 0


if __name__ == "__main__":
    sys.exit(main())
