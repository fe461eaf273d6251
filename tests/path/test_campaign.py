"""Whatever happens to the second path at whichever byte: the file ends whole and verified, or nothing is installed.

A sample of the faults and bytes that `tools/campaign` tries one by one. TWO_PATH_SEED chooses another one.
"""

import os
import random
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import campaign  # noqa: E402
import faults  # noqa: E402

SEED = int(os.environ.get("TWO_PATH_SEED", "1"))


class Sample:
    """Each kind of fault at one byte around a block's edge and, where it is soon overcome, at one anywhere."""

    def test_a_fault_at_any_byte_harms_nothing(self):
        chance = random.Random(SEED)
        for kind in faults.ALL:
            for at in campaign.sample(chance, 1)[:1 if kind.always else 2]:
                with self.subTest(fault=kind.name, at=at, seed=SEED):
                    self.strike(kind, at)


class Pull(Sample, campaign.Pull):
    pass


class Push(Sample, campaign.Push):
    pass


if __name__ == "__main__":
    print(f"seed {SEED}", flush=True)
    unittest.main()
