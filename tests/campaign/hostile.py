"""Updates over a cable that is hostile in one way after the other, on each path: `tools/campaign --network`.

A cell is one condition (tests/support/conditions.py), one mode and the path or both that it holds on. It passes when
the update ended as the condition allows, with all of the new software or all of the old.
"""

import dataclasses
import statistics
import time
import traceback

from conditions import CONDITIONS
from hostile_network import SIZE, HostileNetwork, Outcome

MODES = ("pull", "push")
SHARES = 8  # of the cells, each on a plugin, device and cable of its own


@dataclasses.dataclass
class Cell:
    condition: str
    mode: str
    paths: frozenset
    seed: int
    outcome: Outcome | None = None
    error: str = ""

    def __str__(self):
        return f"{self.condition:24} {self.mode:4} {' and '.join(sorted(self.paths)):16}"


def shares(modes, conditions, seed):
    cells = [Cell(name, mode, frozenset(paths), seed) for name in conditions or CONDITIONS
             for mode in modes or MODES for paths in CONDITIONS[name].paths]
    return [share for i in range(SHARES) if (share := cells[i::SHARES])]


def play(share):
    """The cells of a share, one after the other on one ground; in a process of its own."""
    ground = HostileNetwork("undergo")
    try:
        type(ground).setUpClass()
        ground.setUp()
        for cell in share:
            begun = time.monotonic()
            try:
                cell.outcome = ground.undergo(CONDITIONS[cell.condition], cell.mode, cell.paths, cell.seed)
            except Exception:  # whatever it is, it is this cell's failure
                cell.error = traceback.format_exc()
                print(f"FAILED {cell} after {time.monotonic() - begun:.0f} s\n{cell.error}", flush=True)
    finally:
        ground.doCleanups()
        type(ground).doClassCleanups()
    return share


def show(cells):
    order = list(CONDITIONS)
    print(f"{'condition':24} {'mode':4} {'path':16} {'ended':25} {'attempts':>8} {'resumed':>8} {'crossed':>8} "
          f"{'s':>5}")
    for cell in sorted(cells, key=lambda cell: (order.index(cell.condition), cell.mode, sorted(cell.paths))):
        if cell.error:
            print(f"{cell} FAILED")
        else:
            outcome = cell.outcome
            print(f"{cell} {outcome.ended:25} {outcome.attempts:8} {outcome.resumed / SIZE:8.2f} "
                  f"{outcome.crossed / SIZE:8.2f} {outcome.seconds:5.1f}")
    done = [cell.outcome for cell in cells if not cell.error]
    committed = [outcome for outcome in done if outcome.ended == "committed"]
    print(f"{len(committed)} committed, {len(done) - len(committed)} ended with the old software"
          + (f"; crossed for each byte of payload: median {statistics.median(o.crossed / SIZE for o in committed):.2f}"
             if committed else ""))
