"""Whatever call of module or plugin fails, or is their end: the update is committed or the old software runs, the next
update succeeds, and nothing is left over.

A sample of what `tools/campaign --kills` does by the thousand. TWO_PATH_SEED chooses another one.
"""

import os
import random
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import struck_update  # noqa: E402
from struck_update import MODULE, PLUGIN, Fault, Scenario, count_steps, random_fault  # noqa: E402

SEED = int(os.environ.get("TWO_PATH_SEED", "1"))


class Struck:
    def strikes(self, scenario, choose):
        for fault in choose(random.Random(SEED), self.measure(scenario)):
            with self.subTest(fault=str(fault), scenario=str(scenario), seed=SEED):
                self.strike(scenario, fault)


class Killed(Struck):
    def test_a_kill_at_a_step_of_any_state_harms_nothing(self):
        self.strikes(Scenario("5.1", "streams", "ArtifactVerifyReboot"), lambda chance, calls: [
            Fault(program, chance.randrange(count_steps(calls[program])), power=power)
            for program, power in ((MODULE, False), (MODULE, True), (PLUGIN, False))])


class Failing(Struck):
    def test_a_call_that_fails_harms_nothing(self):
        self.strikes(Scenario("3.4", "files"), lambda chance, calls: [
            random_fault(chance, program, calls[program]) for program in (MODULE, MODULE, MODULE, PLUGIN, PLUGIN)])


class Pull(Killed, Failing, struck_update.Pull):
    pass


class Push(Killed, struck_update.Push):
    pass


if __name__ == "__main__":
    print(f"seed {SEED}", flush=True)
    unittest.main()
