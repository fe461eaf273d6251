"""C7: the result of each session reaches an external unit, whatever happens to either end."""

import json
import re
import shutil
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from path_case import PathCase  # noqa: E402
from plugin import Plugin, reserve_port  # noqa: E402
from webhook_receiver import DRIPPING, SECRET, SILENT, Receiver, make_certificate  # noqa: E402


class Webhook(PathCase):
    @classmethod
    def new_plugin(cls):
        cls.certificate, cls.key = make_certificate(cls.folder)
        cls.port = reserve_port("127.0.0.1")
        secret = cls.folder / "secret"
        secret.write_text(SECRET + "\n")
        secret.chmod(0o600)
        return Plugin(cls.folder / "plugin", settings={
            "webhook.url": f"https://127.0.0.1:{cls.port}/hooks/two-path", "webhook.secret_file": secret,
            "webhook.ca": cls.certificate, "webhook.timeout_seconds": 1, **cls.settings})

    def setUp(self):
        super().setUp()
        self.receivers = []
        self.addCleanup(self.check_receivers)

    def receive(self, answer=200):
        receiver = Receiver(self.certificate, self.key, self.port)
        receiver.answer = answer
        self.receivers.append(receiver)
        return receiver

    def check_receivers(self):
        self.stop_receiver()

    def stop_receiver(self):
        for receiver in self.receivers:
            receiver.stop()
            self.assertEqual(receiver.wrong, [])
        self.receivers = []

    def end_a_session(self):
        """A device that opens a session and fails at once; gives the session's id. Cheap, and an end all the same."""
        artifact = self.publish(version=f"{len(self.plugin.sessions()) + 2}.0", size=70_000)
        self.device.configure(allow_downgrade=True)
        deployment = self.deploy()
        update = self.update(artifact)
        update.call("Download", check=0)
        update.call("ArtifactFailure", check=0)
        update.call("Cleanup", check=0)
        self.device.report(deployment, "failure")
        session = self.session()
        self.assertEqual(session["state"], "failed")
        return session["id"]

    def await_owed(self, found, within=30):
        """Until the operator's list is so; each look is a request to the plugin."""
        end = time.monotonic() + within
        while not found(owed := self.plugin.json("webhook")):
            self.assertLess(time.monotonic(), end, f"the list stays {owed}")
        return owed

    def test_C7_a_committed_update_is_told(self):
        receiver = self.receive()
        self.assert_next_update_succeeds("2.0")
        ((notice, headers),) = receiver.wait(1)
        session = self.session()
        self.assertEqual(notice["type"], "two-path-session-ended")
        self.assertEqual(notice["data"], session)
        self.assertEqual(notice["data"]["state"], "committed")
        self.assertEqual(headers["Content-Type"], "application/json")
        self.await_owed(lambda owed: owed == [])

    def test_C7_a_unit_that_was_down_hears_it_later_also_after_a_kill_of_the_plugin(self):
        session = self.end_a_session()
        (owed,) = self.await_owed(lambda owed: owed and owed[0]["attempts"] > 0)
        self.assertIn("no connection", owed["error"])
        self.plugin.kill()
        self.plugin.start()
        receiver = self.receive()
        ((notice, _),) = receiver.wait(1)
        self.assertEqual((notice["data"]["id"], notice["id"]), (session, owed["id"]))
        self.await_owed(lambda owed: owed == [])

    def test_C7_a_plugin_killed_between_telling_and_the_answer_tells_it_again_under_the_same_id(self):
        receiver = self.receive(SILENT)
        self.end_a_session()
        receiver.wait(1)
        self.plugin.kill()
        receiver.answer = 200
        self.plugin.start()
        notices = receiver.wait(2)
        self.assertEqual(len({notice["id"] for notice, _ in notices}), 1)
        self.await_owed(lambda owed: owed == [])

    def test_a_plugin_that_is_asked_to_end_does_not_wait_for_a_slow_unit(self):
        self.plugin.set(webhook__timeout_seconds=300)
        self.addCleanup(self.plugin.set, webhook__timeout_seconds=1)
        self.plugin.stop()
        self.plugin.start()
        receiver = self.receive(SILENT)
        self.end_a_session()
        receiver.wait(1)
        self.assertEqual(self.plugin.stop(timeout=5), 0)
        self.plugin.set(webhook__timeout_seconds=1)
        receiver.answer = 200
        self.plugin.start()
        receiver.wait(2)
        self.await_owed(lambda owed: owed == [])

    def test_C7_a_unit_that_is_in_trouble_hears_it_when_it_has_healed(self):
        receiver = self.receive()
        for trouble, told in ((500, "status is 500"), (SILENT, "no answer: nothing (in time|within)"),
                              (DRIPPING, "nothing (in time|within)"), (302, "redirects are not followed")):
            with self.subTest(trouble):
                before = len(receiver.notices)
                receiver.answer = trouble
                session = self.end_a_session()
                self.await_owed(lambda owed: owed and re.search(told, owed[0].get("error", "")))
                receiver.answer = 200
                self.await_owed(lambda owed: owed == [])
                notices = [notice for notice, _ in receiver.notices[before:]]
                self.assertGreaterEqual(len(notices), 2)
                self.assertEqual({notice["data"]["id"] for notice in notices}, {session})
                self.assertEqual(len({notice["id"] for notice in notices}), 1)

    def test_a_unit_with_a_foreign_certificate_gets_nothing(self):
        other = Path(tempfile.mkdtemp(dir=self.folder))
        self.addCleanup(shutil.rmtree, other)
        good = self.certificate, self.key
        self.certificate, self.key = make_certificate(other)
        impostor = self.receive()
        self.end_a_session()
        self.await_owed(lambda owed: owed and "certificate" in owed[0].get("error", ""))
        self.stop_receiver()
        self.assertEqual(impostor.notices, [])
        self.certificate, self.key = good
        self.receive().wait(1)
        self.await_owed(lambda owed: owed == [])

    def test_the_secret_is_in_no_log(self):
        receiver = self.receive()
        self.end_a_session()
        receiver.wait(1)
        self.assertNotIn(SECRET, self.plugin.log())


class DeadLetters(Webhook):
    settings = {"webhook.give_up_seconds": 1}

    def test_C7_what_the_unit_refuses_is_a_dead_letter_that_the_operator_has_told_again(self):
        receiver = self.receive(400)
        session = self.end_a_session()
        (dead,) = self.await_owed(lambda owed: owed and owed[0]["dead"])
        self.assertEqual(dead["session"], session)
        self.assertIn("dead", self.plugin.command("webhook").stdout)
        self.plugin.kill()
        self.plugin.start()
        receiver.answer = 200
        self.assertEqual(self.plugin.json("webhook"), [dead])
        self.assertEqual(self.plugin.json("webhook", "retry", "--all"), {"retry": [session]})
        self.await_owed(lambda owed: owed == [])
        self.assertEqual(len({json.dumps(notice) for notice, _ in receiver.notices}), 1)
        self.assertIn("gives its result up", self.plugin.log())

    def test_a_dead_letter_is_removed(self):
        self.receive(400)
        session = self.end_a_session()
        self.await_owed(lambda owed: owed and owed[0]["dead"])
        self.plugin.command("webhook", "remove", session)
        self.assertEqual(self.plugin.json("webhook"), [])
        self.assertEqual(self.plugin.command("webhook", "remove", session, check=False).returncode, 5)


for inherited in [name for name in vars(Webhook) if name.startswith("test_")]:
    setattr(DeadLetters, inherited, None)


if __name__ == "__main__":
    unittest.main()
