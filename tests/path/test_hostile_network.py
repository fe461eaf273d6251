"""Over a cable that loses, forges and goes dark, and with strangers at its ends: all of the new software, or the old.

A few of the conditions that `tools/campaign --network` tries one by one, each in both modes. TWO_PATH_SEED chooses
which packets are hit.
"""

import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from conditions import CONDITIONS  # noqa: E402
from hostile_network import SIZE, HostileNetwork  # noqa: E402
from tun_relay import FIRST, SECOND  # noqa: E402

SEED = int(os.environ.get("TWO_PATH_SEED", "1"))


class Hostile(HostileNetwork):
    def in_both_modes_under(self, condition, *paths):
        return [self.undergo(CONDITIONS[condition], mode, set(paths), SEED) for mode in ("pull", "push")]

    def test_loss_delay_reordering_duplication_and_corruption_are_overcome(self):
        for outcome in self.in_both_modes_under("all of these", FIRST, SECOND):
            self.assertEqual(outcome.attempts, 1, outcome)

    def test_what_was_verified_before_a_blackout_that_outlasts_the_time_outs_is_not_sent_again(self):
        self.device.configure(stall_timeout=1)
        for outcome in self.in_both_modes_under("blackout", SECOND):
            self.assertEqual(outcome.attempts, 2, outcome)
            self.assertGreater(outcome.resumed, 0, outcome)
            self.assertEqual(outcome.resumed + outcome.sent, SIZE, outcome)

    def test_a_payload_that_is_forged_below_the_checksums_is_never_installed(self):
        self.in_both_modes_under("forgery 10 %", SECOND)

    def test_a_stranger_on_the_first_path_is_told_nothing_and_gone_round(self):
        self.in_both_modes_under("a stranger at first", FIRST)

    def test_an_impostor_on_the_second_path_is_left_after_the_login(self):
        self.device.configure(stall_timeout=1)
        self.in_both_modes_under("an impostor", SECOND)


if __name__ == "__main__":
    print(f"seed {SEED}", flush=True)
    unittest.main()
