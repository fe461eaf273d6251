"""Killed by SIGKILL at any step of a transfer, module and plugin go on from there, in both modes.

A sample of the steps that `tools/campaign --kills` takes one by one. TWO_PATH_SEED chooses another one.
"""

import os
import random
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import kill_steps  # noqa: E402

SEED = int(os.environ.get("TWO_PATH_SEED", "1"))
TELLING = ("record.json", ".map", "connect", "write", "read")  # of the module; its other steps prepare the installer


class Killed:
    def killed(self, kill, step, **how):
        """Kills at that step, or at an earlier one: some things happen at their own time, and a run may end before it."""
        with self.subTest(step=step, seed=SEED):
            while kill(step, **how) is None:
                self.assertGreater(step, 0, "a run has no steps")
                step //= 2


class AtRecordedSteps(Killed):
    def test_a_module_that_is_killed_leaves_the_next_attempt_what_it_had(self):
        steps = [i for i, step in enumerate(self.steps(self.trap)) if any(word in step for word in TELLING)]
        for count, step in enumerate(random.Random(SEED).sample(steps, 4)):
            self.killed(self.kill_module, step, client_lives=count % 2 == 0)

    def test_a_plugin_that_is_killed_goes_on_with_the_session_when_it_is_back(self):
        steps = self.steps(self.plugin_trap)
        emptied = steps.count("fdatasync two-path.db")  # the log, at its own time, in two steps
        for step in random.Random(SEED).sample(range(len(steps) - 2 * emptied), 3):
            self.killed(self.kill_plugin, step)


class AtCheckpoints(Killed):
    size = kill_steps.LARGE

    def test_a_module_that_is_killed_at_a_checkpoint_fetches_no_more_than_since_the_last_one(self):
        step = random.Random(SEED).choice(kill_steps.checkpoints(self.steps(self.trap)))
        self.killed(self.kill_module, step)


class Pull(AtRecordedSteps, kill_steps.Pull):
    pass


class Push(AtRecordedSteps, kill_steps.Push):
    pass


class PullLarge(AtCheckpoints, kill_steps.Pull):
    pass


class PushLarge(AtCheckpoints, kill_steps.Push):
    pass


if __name__ == "__main__":
    print(f"seed {SEED}", flush=True)
    unittest.main()
