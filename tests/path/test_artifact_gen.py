"""two-path-artifact-gen: releases made where no server is asked, and brought to one later."""

import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from path_case import MIB, PathCase  # noqa: E402
from plugin import COMMAND  # noqa: E402

GENERATOR = pathlib.Path(__file__).resolve().parents[2] / "plugin/cli/two-path-artifact-gen"


class ArtifactGen(PathCase):
    def generate(self, *arguments, code=0):
        """Runs it as a build does: in a folder of its own, nobody logged in; gives the CompletedProcess."""
        here = self.device.folder
        done = subprocess.run([GENERATOR, *map(str, arguments)], cwd=here, text=True, capture_output=True, timeout=60,
                              env={"PATH": f"{COMMAND.parent}:{os.environ['PATH']}", "HOME": str(here / "nobody"),
                                   "LC_ALL": "C.UTF-8"}, check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def payload(self):
        path = self.device.folder / "payload"
        first = b"APP_VERSION=2.0\n"
        path.write_bytes(first + os.urandom(3 * MIB - len(first)))
        return path

    def make(self, *more):
        """An artifact for this test's device, with what mender-artifact read in it."""
        read = self.generate("-n", self.name, "-t", self.device.device_type, "--installer", "tracer",
                             "--software-version", "2.0", "--version-file",
                             f"{self.device.installed}/VERSION:APP_VERSION", self.payload(), *more).stdout
        return self.device.folder / f"{self.name}.mender", read

    def test_mender_artifact_reads_it_and_a_device_installs_it(self):
        artifact, read = self.make("-t", "another", "--", "--block-size", "256KiB")
        self.assertRegex(read, rf"Name: {self.name}\n")
        self.assertRegex(read, rf"Compatible devices: '?\[{self.device.device_type},? another\]")
        self.assertRegex(read, r"Type: +two-path\n")
        subprocess.run(["mender-artifact", "validate", artifact], check=True, capture_output=True)

        payloads = artifact.with_suffix(".payloads")
        self.plugin.command("publish", "--upload", artifact, "--payloads", payloads)
        self.release = self.name
        deployment = self.deploy()
        update = self.update(artifact)
        update.install()
        update.call("ArtifactVerifyReboot", check=0)
        update.call("ArtifactCommit", check=0)
        update.call("Cleanup", check=0)
        self.device.report(deployment, "success")
        self.assertEqual(self.session()["state"], "committed")
        self.assertEqual(self.installed_version(), "2.0")

    def test_without_its_payload_a_server_does_not_take_it(self):
        artifact, _ = self.make()
        done = self.plugin.command("publish", "--upload", artifact, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertNotIn(self.name, self.plugin.command("releases").stdout)

    def test_names_of_its_files_may_be_given(self):
        (self.device.folder / "out").mkdir()
        _, read = self.make("-o", "out/app 2.mender", "--payloads", "out/bytes")
        self.assertIn("two-path", read)
        self.assertTrue((self.device.folder / "out/app 2.mender").is_file())
        names = [path.name for path in (self.device.folder / "out/bytes").iterdir()]
        self.assertEqual(1, len(names), names)
        self.assertRegex(names[0], re.compile("^[0-9a-f]{64}$"))

    def test_wrong_usage_is_one_line_and_makes_nothing(self):
        payload = self.payload()
        before = sorted(self.device.folder.iterdir())
        for wanted, arguments in (("which name", [payload]), ("which file", ["-n", "x"]),
                                  ("-n: needs a value", [payload, "-n"]),
                                  ("--software-name: not served", ["-n", "x", payload, "--software-name", "y"]),
                                  ("-T: unknown", ["-n", "x", payload, "-T", "y"]),
                                  ("one file only", ["-n", "x", payload, payload]),
                                  ("--upload: is not for after --", ["-n", "x", payload, "--", "--upload", "y"]),
                                  ("--installer: needed", ["-n", "x", payload, "--software-version", "2",
                                                           "--version-file", "/v"])):
            with self.subTest(wanted):
                error = self.generate(*arguments, code=2).stderr
                self.assertIn(wanted, error)
                self.assertEqual(1, error.count("\n"), error)
        self.assertEqual(before, sorted(self.device.folder.iterdir()))


if __name__ == "__main__":
    unittest.main()
