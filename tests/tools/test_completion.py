"""What bash completes for the three commands: all that their --help prints, in its place."""

import pathlib
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))

from plugin import BUILD, COMMAND, SERVER  # noqa: E402

DEVICE = BUILD / "update-module" / "two-path-device"
SCRIPT = ROOT / "packaging" / "completion" / "two-path.bash"
ASK = """
compopt() { echo "compopt $*"; }  # bash allows it to completions that it called itself
source "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_two_path "$1" "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""
FILES = {"compopt -o default"}


def completed(*words):
    """What is offered for the last word."""
    done = subprocess.run(["bash", "-c", ASK, "bash", SCRIPT, *map(str, words)], text=True, capture_output=True,
                          check=True)
    assert done.stderr == "", done.stderr
    return set(done.stdout.split("\n")) - {""}


def helped(*argv):
    return subprocess.run([*argv, "--help"], text=True, capture_output=True, check=True).stdout


def options(text):
    return set(re.findall(r"^  (?:-\w \[ )?(--[\w.-]+)", text, re.MULTILINE))


class Operator(unittest.TestCase):
    commands = set(re.findall(r"^  ([a-z-]+) ", helped(COMMAND), re.MULTILINE))

    def test_every_command(self):
        self.assertIn("publish", self.commands)
        self.assertEqual(completed(COMMAND, ""), self.commands)
        self.assertEqual(completed(COMMAND, "dep"), {"deploy", "deployments"})
        self.assertEqual(completed(COMMAND, "--"), {"--help", "--version"})

    def test_every_option_of_every_command(self):
        for command in self.commands:
            with self.subTest(command):
                known = options(helped(COMMAND, command))
                self.assertIn("--json", known)
                self.assertEqual(completed(COMMAND, command, "--"), known)
                self.assertEqual(completed(COMMAND, command, "word", "--j"), {"--json"})

    def test_every_word_that_a_command_takes(self):
        for command in self.commands:
            with self.subTest(command):
                usage = helped(COMMAND, command).split("\n")[0].split(command, 1)[1]
                words = set(re.findall(r"(?<=[\[|])[a-z]+(?=[ |])", usage))
                files = FILES if "FILE|" in usage else set()
                self.assertEqual(completed(COMMAND, command, ""), words | files)

    def test_what_follows_an_option(self):
        self.assertEqual(completed(COMMAND, "login", "--ca", ""), FILES)
        self.assertEqual(completed(COMMAND, "login", "--server", ""), set())
        self.assertEqual(completed(COMMAND, "publish", "app.tar", "--key", ""), FILES)
        self.assertEqual(completed(COMMAND, "deploy", "app-2.0", "--all", "--w"), {"--wait"})

    def test_a_command_that_there_is_not(self):
        self.assertEqual(completed(COMMAND, "nonsense", "--"), set())


class Server(unittest.TestCase):
    def test_every_option_and_command(self):
        known = options(helped(SERVER))
        self.assertTrue({"--config", "--help", "--https.listen", "--state_dir"} <= known)
        self.assertEqual(completed(SERVER, "--"), known)
        self.assertEqual(completed(SERVER, "--check-config", "--"), known)
        self.assertEqual(completed(SERVER, ""), {"create-user", "set-password", "backup", "restore"})
        self.assertEqual(completed(SERVER, "backup", ""), FILES)

    def test_what_follows_an_option(self):
        self.assertEqual(completed(SERVER, "--config", ""), FILES)
        self.assertEqual(completed(SERVER, "--state_dir", ""), FILES)
        self.assertEqual(completed(SERVER, "--ftp.push", ""), {"true", "false"})
        self.assertEqual(completed(SERVER, "--host.accept", "m"), {"manual"})


class Device(unittest.TestCase):
    def test_every_command(self):
        commands = set(re.findall(r"^  ([a-z-]+)(?= |$)", helped(DEVICE), re.MULTILINE))
        self.assertIn("request-update", commands)
        self.assertEqual(completed(DEVICE, ""), commands)
        self.assertEqual(completed(DEVICE, "--"), {"--help", "--version"})

    def test_what_a_command_takes(self):
        self.assertEqual(completed(DEVICE, "busy", ""), {"on", "off"})
        self.assertEqual(completed(DEVICE, "status", "--"), {"--json"})
        self.assertEqual(completed(DEVICE, "doctor", ""), {"--json"})


if __name__ == "__main__":
    unittest.main()
