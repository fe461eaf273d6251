"""An update that brings another release of the module: one begins it and the other ends it, on one state directory."""

import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from path_case import PathCase  # noqa: E402


class Neighbours(PathCase):
    def ready(self, **publish):
        """An update installed and restarted into; a later update follows one that was committed."""
        self.assert_next_update_succeeds("1.5")
        update = self.update(self.publish(**publish))
        self.deployment = self.deploy()
        update.install()
        return update

    def write_as_the_next_release(self):
        """What a release behind this one may add to the state directory's files."""
        for path in self.device.state.rglob("*.json"):
            content = json.loads(path.read_text())
            content["news"] = {"of": ["the", "next", "release"]}
            if "done" in content:
                content["done"].append("dreamt")
            path.write_text(json.dumps(content))
        (self.device.state / "news").mkdir()
        (self.device.state / "news" / "of-the-next-release").write_text("?")

    def assert_nothing_was_set_aside(self):
        self.assertEqual(list(self.device.state.rglob("*.corrupt*")), [])

    def test_an_update_that_the_next_release_began_is_committed(self):
        update = self.ready()
        self.write_as_the_next_release()
        for state in ("ArtifactVerifyReboot", "ArtifactCommit", "Cleanup"):
            update.call(state, check=0)
        self.assertEqual(self.session()["state"], "committed")
        self.assert_nothing_was_set_aside()

    def test_an_update_that_the_next_release_gave_up_is_rolled_back_and_told(self):
        update = self.ready(content_version="9.9")
        self.assertEqual(update.call("ArtifactVerifyReboot")[0], 1)
        self.write_as_the_next_release()
        update.roll_back()
        self.assertEqual(self.session()["state"], "rolled_back")
        self.assert_nothing_was_set_aside()
        self.device.report(self.deployment, "failure")
        self.assert_next_update_succeeds()

    def test_a_module_of_the_next_release_is_served(self):
        """It offers its own protocol and says more than this server knows."""
        self.update(self.publish())
        self.deploy()
        files = [file["id"] for release in self.plugin.get("/api/management/v1/two-path/releases") for file in
                 release["files"] if release["name"].startswith(self.name)]
        opening = {"protocol": 2, "module_version": "0.2.0", "formats": [1, 2], "attempt": "QEFCQ0RFRkdISUpLTE1OTw",
                   "release": f"{self.name}-2.0", "files": files, "digests": ["blake3", "sha256"],
                   "boot_id": "boot", "news": {"of": "the next release"}}
        status, _, body = self.plugin.request("POST", "/api/devices/v1/two-path/sessions", opening,
                                              token=self.device.token)
        self.assertEqual(status, 201, body)
        self.assertEqual(json.loads(body)["protocol"], 1)
        self.assertEqual(self.session()["digests"], ["sha256"])


if __name__ == "__main__":
    unittest.main()
