"""What becomes of a Mender server's releases in the plugin: published, deleted."""

import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from mender_case import MenderCase  # noqa: E402

OWN = "/api/management/v1/two-path"


class ReleaseCase(MenderCase):
    def publish_it(self, name):
        self.plugin.command("publish", __file__, "--name", name, "--version", "1", "--installer", "tracer",
                            "--device-type", name, "--no-version-check")
        [artifact] = self.mender.artifacts.named(name)
        return artifact["id"]

    def registered(self):
        return {one["name"]: one for one in self.plugin.get(OWN + "/releases")}

    def payloads(self):
        return {one["id"] for one in self.plugin.get(OWN + "/payloads")}

    def wait_until(self, holds, within=20):
        end = time.monotonic() + within
        while not holds():
            self.assertLess(time.monotonic(), end)
            self.wait_for_the_next_look()


class Deleting(ReleaseCase):
    settings = {"host.release_poll_seconds": 1, "host.free_after_seconds": 2}

    def test_the_artifacts_id_is_recorded_with_the_release(self):
        artifact = self.publish_it(self.name)
        self.assertEqual(self.registered()[self.name]["artifact"], artifact)

    def test_a_release_deleted_in_mender_goes_with_its_payload(self):
        artifact = self.publish_it(self.name)
        [file] = self.registered()[self.name]["files"]
        self.mender.artifacts.remove(artifact)
        self.wait_until(lambda: self.name not in self.registered())
        self.assertNotIn(file["id"], self.payloads())
        self.wait_for_log(f"freed release {self.name}")

    def test_a_release_stays_while_mender_is_down_and_when_it_is_back(self):
        self.publish_it(self.name)
        since = len(self.plugin.log())
        self.mender.go_down()
        since = self.wait_for_log("the Mender server does not serve", since)
        self.mender.heal()
        self.wait_for_log("serves again", since)
        self.assertNotIn("artifact_gone", self.registered()[self.name])

    def test_an_artifact_whose_id_was_not_told_is_found_by_its_block_lists(self):
        artifact = self.publish_it(self.name)
        self.assertEqual(self.plugin.request("PUT", f"{OWN}/releases/{self.name}/artifact", {"id": "lost"})[0], 204)
        self.wait_until(lambda: self.registered()[self.name]["artifact"] == artifact)


if __name__ == "__main__":
    unittest.main()
