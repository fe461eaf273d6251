"""When the power goes: moments of an update that are seen from outside, on the serial console or at the plugin."""

import random

# (name, line of the console): the power goes when it comes, or some lines later.
LINES = [
    ("while the slot is written", r"ab-image: slot . is written"),
    ("after the loader was told", r"ab-image: slot . is started next, once"),
    ("in the restart", r"reboot: Restarting system"),
    ("in the loader", r"loader: starting slot"),
    ("while the new one starts", r"board: runs version"),
    ("before the version is asked for", r"successfully received new authorization data"),
    ("when the version is confirmed", r"two-path: version .* is confirmed"),
    ("before the commit", r"State transition: .* -> update-commit"),
    ("after the loader was told to stay", r"ab-image: slot . is what is started from now on"),
    ("before the result is told", r"State transition: .* -> update-status-report"),
]
# The first four lines may come in the old boot; those from here on count after the loader.
AFTER_RESTART = 4
# A client 3.4 may be in its Cleanup then. Cut there, with or without two-path, it tells a failure, whatever it committed.
IN_CLEANUP = {"after the loader was told to stay", "before the result is told"}


class Cut:
    """One moment. `name` says which; `wait(fleet, deployment)` returns when it has come."""

    may_be_in_the_clients_cleanup = False

    def __init__(self, moment, choice):
        self._share = self._line = None
        if moment < 3:
            self._share = choice.uniform(moment / 3, (moment + 1) / 3)
            self.name = f"in the transfer, after {self._share:.0%}"
            return
        self._index = moment - 3
        name, self._line = LINES[self._index]
        self.may_be_in_the_clients_cleanup = name in IN_CLEANUP
        self._more = choice.randrange(3)
        self.name = name + (f", {self._more} lines later" if self._more else "")

    def wait(self, fleet, deployment):
        if self._share is not None:
            fleet.until(lambda: self._has_come(fleet.session(deployment)), self.name)
            return
        position = fleet.ordered_at
        if self._index >= AFTER_RESTART:
            position = fleet.board.wait_beyond("loader: starting slot", position)
        for pattern in [self._line] + [""] * self._more:
            position = fleet.board.wait_beyond(pattern, position)

    def _has_come(self, session):
        return session and (session["state"] not in ("opened", "certified", "transferring") or
                            session["total"] and session["sent"] >= self._share * session["total"])


def choose(number, seed):
    """So many moments, all kinds before one comes again, the same ones for the same seed."""
    choice = random.Random(seed)
    moments = []
    while len(moments) < number:
        kinds = list(range(3 + len(LINES)))
        choice.shuffle(kinds)
        moments += kinds
    return [Cut(moment, choice) for moment in moments[:number]]
