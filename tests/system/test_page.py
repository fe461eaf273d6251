"""The operator's page in a real browser: what moves, what failed, and what becomes of the line to the server."""

import re
import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from browser import Browser  # noqa: E402
from event_watcher import MOST_WATCHERS, Watcher  # noqa: E402
from path_case import MIB, RELAY, PathCase  # noqa: E402
from plugin import EMAIL, PASSWORD  # noqa: E402
from relay import Relay  # noqa: E402

PAGE = "/ui/two-path/"


class PageCase(PathCase):
    settings = {"ftp.advertise": RELAY, "session.redeploy": 0}
    size = (1280, 900)
    dark = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = Browser(cls.size, cls.dark)
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        super().setUp()
        # A new tab's storage, and no line that is left over from the test before.
        self.browser.open(self.plugin.url + PAGE)
        self.browser.run("sessionStorage.clear()")
        self.browser.open("about:blank")
        self.browser.open(self.plugin.url + PAGE)
        self.browser.messages()
        self.addCleanup(self.assert_nothing_was_refused)

    def assert_nothing_was_refused(self):
        """No violation of the page's own policy, no script error."""
        complaints = [text for text in self.browser.messages() if "Security Policy" in text or "Uncaught" in text
                      or "TrustedHTML" in text]
        self.assertEqual(complaints, [])

    def log_in(self, password=PASSWORD):
        self.browser.wait_for_text("Log in", "h1")
        self.browser.press(EMAIL, "tab", password, "enter")

    def enter(self):
        self.log_in()
        self.browser.wait_for_text("Live", "#line")

    def relay(self, **changes):
        relay = Relay(self.plugin.address, self.plugin.ftp_port, RELAY, **changes)
        self.addCleanup(relay.__exit__)
        return relay

    def row(self):
        """The selector of this test's newest session."""
        return f'.sessions a[href="#/sessions/{self.session()["id"]}"]'

    def fail_by_tampering(self):
        self.relay(change=lambda connection, offset, part: bytes(len(part)))
        update = self.update(self.publish(size=MIB))
        self.deploy()
        update.call("Download")
        self.assertEqual(self.session()["reason"], "tampered")


class Page(PageCase):
    def test_a_wrong_password_is_said_and_the_right_one_lets_in(self):
        self.log_in("not the password")
        self.browser.wait_for_text("Wrong e-mail address or password", ".problem")
        self.assertTrue(self.browser.run("return document.getElementById('views').hidden"))
        self.browser.press(PASSWORD, "enter")  # the password has the focus
        self.browser.wait_for_text("Live", "#line")

    def test_a_running_transfer_moves_and_ends_without_a_reload(self):
        reached, go = threading.Event(), threading.Event()
        self.addCleanup(go.set)

        def hold(_connection, offset, part):
            if offset >= 2 * MIB:
                reached.set()
                go.wait(60)
            return part

        self.relay(change=hold)
        update = self.update(self.publish(size=24 * MIB))
        self.deploy()
        self.enter()
        running = update.start("Download")
        self.assertTrue(reached.wait(60))
        self.browser.wait_for(lambda: "transferring" in self.browser.text(self.row()), "the transfer")
        self.browser.wait_for(lambda: self.sent() > 0, "bytes")
        before = self.sent()
        self.assertRegex(self.browser.text(self.row()), r"of 24\.0 MiB · \d+ %")
        go.set()
        update.finish(running, "Download", check=0)
        self.browser.wait_for(lambda: "invalidated" in self.browser.text(self.row()), "the transfer's end")
        self.assertLess(before, 24 * MIB)
        update.call("ArtifactInstall", check=0)
        self.device.restart()
        update.call("ArtifactVerifyReboot", check=0)
        update.call("ArtifactCommit", check=0)
        update.call("Cleanup", check=0)
        self.browser.wait_for(lambda: "committed" in self.browser.text(self.row()), "the update's end")

    def sent(self):
        return self.browser.run("return document.querySelector(arguments[0] + ' progress').value", self.row())

    def test_a_failed_one_says_why_what_to_do_and_what_happened(self):
        self.fail_by_tampering()
        self.enter()
        self.browser.wait_for_text("tampered", self.row())
        self.browser.click(self.row())
        self.browser.wait_for_text("tampered", ".failure")
        shown = self.browser.text(".failure")
        session = self.session()
        for part in (session["meaning"], session["advice"], session["stage"], session["detail"]):
            self.assertIn(part.lower(), shown.lower())
        self.browser.wait_for_text("failed", ".time-line")
        line = self.browser.text(".time-line")
        for event in self.plugin.events(session["id"]):
            self.assertIn(event["state"], line)

    def test_a_lost_server_is_shown_and_found_again(self):
        self.enter()
        self.plugin.stop()
        self.browser.wait_for_text("Connection lost", "#line")
        self.plugin.start()
        self.browser.wait_for_text("Live", "#line")
        update = self.update(self.publish(size=MIB))  # and it tells of what is new
        self.deploy()
        self.relay()
        update.call("Download", check=0)
        self.browser.wait_for(lambda: "invalidated" in self.browser.text(self.row()), "the new session")

    def test_a_server_without_a_place_says_so_and_lets_in_when_there_is_one(self):
        watchers = [Watcher(self.plugin) for _ in range(MOST_WATCHERS)]
        for watcher in watchers:
            self.addCleanup(watcher.close)
        self.log_in()
        self.browser.wait_for_text("watch already", "#line")
        for watcher in watchers:
            watcher.close()
        self.browser.wait_for_text("Live", "#line")

    def test_a_page_that_nobody_sees_takes_no_place(self):
        self.enter()
        self.browser.open("about:blank")
        self.browser.wait_for(lambda: self.watchers() == 0, "that it was left")
        self.browser.run("history.back()")
        self.browser.wait_for_text("Live", "#line")

    def watchers(self):
        _, _, figures = self.plugin.request("GET", "/api/management/v1/two-path/metrics")
        return int(re.search(rb"(?m)^two_path_watchers (\d+)$", figures)[1])

    def test_a_login_that_has_ended_leads_back_to_the_login(self):
        self.enter()
        self.browser.run_async("""
            const done = arguments[arguments.length - 1];
            const token = sessionStorage.getItem("two-path.token");
            fetch("/api/management/v1/useradm/auth/logout",
                  {method: "POST", headers: {Authorization: `Bearer ${token}`}}).then(() => done());""")
        self.browser.run("location.hash = '#/releases'")
        self.browser.wait_for_text("Your login has ended", ".problem")
        self.assertIsNone(self.browser.run("return sessionStorage.getItem('two-path.token')"))

    def test_everything_can_be_done_by_keyboard(self):
        self.fail_by_tampering()
        self.enter()
        self.tab_to("Releases")
        self.browser.press("enter")
        self.browser.wait_for_text("in the catalog", ".files")
        self.assertEqual(self.browser.run("return document.activeElement.tagName"), "H1")  # one reads on from there
        self.tab_to("Sessions")
        self.browser.press("enter")
        self.browser.wait_for_text("tampered", self.row())
        self.browser.run("document.querySelector(arguments[0]).setAttribute('data-here', '')", self.row())
        self.browser.wait_for(lambda: self.step_is("[data-here]"), "the session by the tab key")
        self.browser.press("enter")
        self.browser.wait_for_text("tampered", ".failure")
        self.browser.press("escape")
        self.browser.wait_for(lambda: not self.browser.text(".detail"), "the list again")
        self.tab_to("Log out")
        self.browser.press("enter")
        self.browser.wait_for_text("Log in", "h1")

    def tab_to(self, text):
        self.browser.press("shift+tab")
        self.browser.wait_for(lambda: self.browser.focused() == text or self.browser.press("tab"),
                              f"the focus on {text}")

    def step_is(self, selector):
        self.browser.press("tab")
        return self.browser.run("return document.activeElement.matches(arguments[0])", selector)

    def test_a_name_that_is_markup_stays_a_text(self):
        name = "<img src=x onerror=alert(1)><b>bold"
        artifact = self.publish(size=MIB, name=name, version="<i>2.0")
        self.deploy()
        self.relay()
        self.update(artifact).call("Download", check=0)
        self.enter()
        self.browser.wait_for_text(name, self.row())
        self.browser.click(self.row())
        self.browser.wait_for_text("<i>2.0", ".detail")
        self.browser.run("location.hash = '#/releases'")
        self.browser.wait_for_text(name, ".cards")
        self.assertEqual(self.browser.run("return document.querySelectorAll('main img, main b, main i').length"), 0)

    def test_the_load_of_each_path_is_told(self):
        self.relay()
        update = self.update(self.publish(size=2 * MIB))
        self.deploy()
        update.call("Download", check=0)
        self.enter()
        self.browser.run("location.hash = '#/load'")
        self.browser.wait_for_text("FTP", "tbody")
        self.assertRegex(self.browser.text("tbody"), r"pull\s+\d+\s+\d+\.\d MiB")


class Phone(PageCase):
    """A small screen, whose owner prefers dark colours."""

    size = (390, 844)
    dark = True

    def test_every_view_fits_and_is_dark(self):
        self.fail_by_tampering()
        self.enter()
        for view, text in {"#/sessions": "tampered", f"#/sessions/{self.session()['id']}": "What to do",
                           "#/releases": "in the catalog", "#/load": "No transfer"}.items():
            self.browser.run("location.hash = arguments[0]", view)
            self.browser.wait_for_text(text, "main")
            wide = self.browser.run("return document.documentElement.scrollWidth")
            self.assertLessEqual(wide, self.size[0], view)
        ground = self.browser.run("return getComputedStyle(document.body).backgroundColor")
        self.assertLess(sum(map(int, re.findall(r"\d+", ground))), 150)


class Protection(PathCase):
    """What the page's files say to a browser, without one."""

    def ask(self, path, **headers):
        return self.plugin.request("GET", path, headers=headers, token="")

    def test_every_file_forbids_what_is_not_its_own(self):
        _, _, page = self.ask(PAGE)
        names = re.findall(rb'(?:href|src)="([\w.]+)"', page)
        self.assertGreater(len(names), 3)
        for name in ["", *(name.decode() for name in names)]:
            status, headers, _ = self.ask(PAGE + name)
            self.assertEqual(status, 200, name)
            policy = headers["Content-Security-Policy"]
            for rule in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'none'"):
                self.assertIn(rule, policy)
            self.assertNotIn("unsafe", policy)
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
            self.assertNotIn("Set-Cookie", headers)

    def test_a_file_that_is_known_is_not_sent_again(self):
        _, headers, _ = self.ask(PAGE + "app.js")
        status, _, body = self.ask(PAGE + "app.js", **{"If-None-Match": headers["ETag"]})
        self.assertEqual((status, body), (304, b""))

    def test_nothing_else_is_there(self):
        status, headers, _ = self.ask("/ui/two-path")
        self.assertEqual((status, headers["Location"]), (308, PAGE))
        for path in ("nothing.js", "../secret", "%2e%2e/state", "app.js/"):
            self.assertEqual(self.ask(PAGE + path)[0], 404, path)


if __name__ == "__main__":
    unittest.main()
