"""The start notification's services: each starts the program where an update is open, and nothing otherwise."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMAND = "two-path-device start-notification --until-told"


class InitScript(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="two-path-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.record = self.folder / "record.json"
        self.called = self.folder / "called"
        os.mkfifo(self.called)
        script = (ROOT / "packaging/two-path-start.init").read_text()
        script, replaced = re.subn(r"^record=/var/lib/two-path/record\.json$", f"record={self.record}", script,
                                   flags=re.MULTILINE)
        self.assertEqual(replaced, 1)
        self.script = self.folder / "two-path-start"
        self.program("two-path-start", script)
        self.program("logger", "#!/bin/sh\ncat > /dev/null\n")

    def program(self, name, text):
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o755)

    def call(self, word):
        return subprocess.run([self.script, word], capture_output=True, text=True, timeout=10,
                              env={**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}"})

    def test_it_starts_the_program_and_does_not_wait_for_it(self):
        # Opening a FIFO waits for its reader, so it has not ended when the script has.
        self.program("two-path-device", f'#!/bin/sh\necho "${{0##*/}} $*" > {self.called}\n')
        self.record.touch()
        self.assertEqual(self.call("start").returncode, 0)
        self.assertEqual(self.called.read_text(), COMMAND + "\n")

    def test_nothing_is_started_where_no_update_is_open(self):
        self.program("two-path-device", f"#!/bin/sh\ntouch {self.folder}/started\n")
        self.assertEqual(self.call("start").returncode, 0)
        self.assertEqual(self.call("stop").returncode, 0)
        self.assertFalse((self.folder / "started").exists())

    def test_a_word_that_it_does_not_know_is_refused(self):
        called = self.call("begin")
        self.assertEqual(called.returncode, 2)
        self.assertIn("usage: ", called.stderr)


class SystemdUnit(unittest.TestCase):
    def test_it_starts_the_same_under_the_same_condition(self):
        unit = (ROOT / "packaging/two-path-start.service").read_text()
        self.assertIn(f"\nExecStart=/usr/bin/{COMMAND}\n", unit)
        self.assertIn("\nConditionPathExists=/var/lib/two-path/record.json\n", unit)


if __name__ == "__main__":
    unittest.main()
