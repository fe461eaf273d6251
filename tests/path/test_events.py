"""Server-sent events of the sessions, as a program gets them: over a real connection, with an operator's token."""

import contextlib
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from event_watcher import EVENTS, MOST_WATCHERS, Watcher  # noqa: E402
from path_case import MIB, PathCase  # noqa: E402


class Events(PathCase):
    def watch(self, **options):
        watcher = Watcher(self.plugin, **options)
        self.addCleanup(watcher.close)
        return watcher

    def test_tell_a_transfer_from_its_beginning_to_its_end(self):
        events = iter(self.watch())
        self.assertEqual(next(events)[0], "snapshot")
        update = self.update(self.publish(size=8 * MIB))
        self.deploy()
        update.call("Download", check=0)
        states, moved = [], 0
        for name, data in events:
            if name == "progress":
                moved = max(moved, *(one["sent"] for one in data["sessions"].values()))
            elif data["device"] == self.device.id:
                states.append(data["state"])
                moved = max(moved, data["sent"])
                if data["state"] == "invalidated":
                    break
        self.assertEqual(states[-1], "invalidated")
        self.assertGreaterEqual(moved, 8 * MIB)

    def test_begin_with_what_was_there_before(self):
        update = self.update(self.publish(size=MIB))
        self.deploy()
        update.call("Download", check=0)
        name, data = next(iter(self.watch()))
        self.assertEqual(name, "snapshot")
        self.assertIn((self.device.id, "invalidated"), [(one["device"], one["state"]) for one in data["sessions"]])

    def test_are_for_operators_and_no_token_is_taken_from_an_address(self):
        token = self.plugin.operator_token()
        self.assertEqual(self.watch(token="").status, 401)
        self.assertEqual(self.watch(token=self.device.token).status, 401)
        self.assertEqual(self.watch(token="", path=f"{EVENTS}?access_token={token}&token={token}").status, 401)
        watcher = self.watch()
        self.assertEqual(watcher.status, 200)
        self.assertEqual(watcher.headers["Content-Type"], "text/event-stream")
        self.assertEqual(watcher.headers["Cache-Control"], "no-store")

    def test_have_so_many_places_and_one_more_when_somebody_leaves(self):
        with contextlib.ExitStack() as stack:
            watchers = [Watcher(self.plugin)]
            while watchers[-1].status == 200:
                stack.callback(watchers[-1].close)
                self.assertLessEqual(len(watchers), MOST_WATCHERS)
                watchers.append(Watcher(self.plugin))
            stack.callback(watchers[-1].close)
            self.assertEqual(watchers[-1].status, 429)
            self.assertGreaterEqual(len(watchers), MOST_WATCHERS)  # some of other tests may just be leaving
            watchers[0].close()
            end = time.monotonic() + 20
            while (last := self.watch()).status != 200:
                self.assertLess(time.monotonic(), end, "the place of the one that left stays taken")
            self.assertEqual(next(iter(last))[0], "snapshot")

    def test_do_not_keep_the_server_from_ending(self):
        events = iter(self.watch())
        next(events)
        began = time.monotonic()
        self.assertEqual(self.plugin.stop(), 0)
        self.assertLess(time.monotonic() - began, 5)  # the grace for requests is longer
        self.assertEqual(list(events), [])
        self.plugin.start()


if __name__ == "__main__":
    unittest.main()
