"""One update, end to end, with the real Mender client: what an operator orders is what the device runs, or he is told."""

import functools
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import nginx  # noqa: E402
from fleet import Fleet  # noqa: E402
from mender_case import MenderPlugin  # noqa: E402
from mender_server import MenderServer  # noqa: E402

MIB = 1024 * 1024
WHOLE = ["opened", "certified", "transferring", "transferred", "invalidated", "installed", "restarted", "confirmed",
         "committed"]


class UpdateTest(unittest.TestCase):
    def fleet(self, **options):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        fleet = Fleet(pathlib.Path(folder.name), **options)
        self.addCleanup(fleet.stop)
        fleet.device.write("/opt/app/VERSION", "1.0\n")
        fleet.start()
        return fleet

    def assert_outcome(self, fleet, deployment, expected):
        self.assertEqual(expected, fleet.outcome(deployment), fleet.device.log.text()[-6000:])

    def test_C6_C7_an_ordered_update_with_a_restart_succeeds_and_is_told(self):
        fleet = self.fleet()
        fleet.publish_directory("app-2.0", "2.0", {"VERSION": b"2.0\n", "data": os.urandom(5 * MIB)},
                                ["--reboot", "always"])
        deployment = fleet.order("app-2.0")
        self.assert_outcome(fleet, deployment, "success")
        self.assertEqual(WHOLE, fleet.states())
        self.assertEqual("2.0\n", fleet.device.read("/opt/app/VERSION"))
        self.assertEqual(2, len(fleet.device.boot_ids))
        self.assertEqual([], list(fleet.device.path("/data/two-path/store").glob("*")))

    def test_an_update_without_a_restart_succeeds_and_is_in_the_inventory(self):
        fleet = self.fleet()
        fleet.publish_directory("app-2.0", "2.0", {"VERSION": b"2.0\n"}, ["--encoding", "zstd"])
        self.assert_outcome(fleet, fleet.order("app-2.0"), "success")
        fleet.device.log.wait(r"State transition: inventory-update.* -> check-wait", after=fleet.ordered_at)
        told = fleet.inventory()
        self.assertEqual(("committed", "app-2.0", fleet.session()["path"], str(fleet.session()["bytes"])),
                         tuple(told.get(f"two_path_last_{name}") for name in ("result", "release", "path", "bytes")))
        self.assertEqual([state for state in WHOLE if state != "restarted"], fleet.states())
        self.assertEqual(1, len(fleet.device.boot_ids))

    def test_the_client_is_updated_through_an_nginx(self):
        fleet = self.fleet(settings=nginx.settings(), gateway=nginx.Nginx)
        fleet.publish_directory("app-2.0", "2.0", {"VERSION": b"2.0\n", "data": os.urandom(MIB)})
        self.assert_outcome(fleet, fleet.order("app-2.0"), "success")
        self.assertEqual("ftp", fleet.session()["path"])
        for called in ("POST /api/devices/v1/authentication/auth_requests", "PUT /api/devices/v1/two-path/sessions/"):
            self.assertIn(called, fleet.gateway.log())

    def test_the_client_of_a_mender_server_is_updated_through_its_gateway(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        mender = MenderServer(pathlib.Path(folder.name) / "mender")
        self.addCleanup(mender.stop)
        plugin = MenderPlugin(pathlib.Path(folder.name) / "plugin", mender, nginx.settings())
        fleet = self.fleet(plugin=plugin, gateway=functools.partial(nginx.Nginx, content=nginx.before_mender(mender)))
        mender.storage = lambda: fleet.gateway.url
        fleet.publish_directory("app-2.0", "2.0", {"VERSION": b"2.0\n", "data": os.urandom(MIB)})
        self.assert_outcome(fleet, fleet.order("app-2.0"), "success")
        self.assertEqual([state for state in WHOLE if state != "restarted"], fleet.states())
        self.assertEqual("2.0\n", fleet.device.read("/opt/app/VERSION"))
        self.assertIn(("GET", "/api/internal/v1/devauth/tokens/verify"), mender.requests)

    def test_a_version_that_is_not_the_one_announced_is_rolled_back_and_told(self):
        fleet = self.fleet()
        fleet.publish_directory("app-2.0", "2.0", {"VERSION": b"6.6\n"}, ["--reboot", "always"])
        deployment = fleet.order("app-2.0")
        self.assert_outcome(fleet, deployment, "failure")
        self.assertEqual(WHOLE[:-2] + ["mismatch", "rolled_back"], fleet.states())
        self.assertEqual("version_mismatch", fleet.session()["reason"])
        self.assertIn("version_mismatch", fleet.deployment_log(deployment))
        self.assertEqual("1.0\n", fleet.device.read("/opt/app/VERSION"))
        fleet.publish_directory("app-3.0", "3.0", {"VERSION": b"3.0\n"})
        self.assert_outcome(fleet, fleet.order("app-3.0"), "success")

    def test_an_installed_version_that_cannot_be_read_is_rolled_back_and_told(self):
        fleet = self.fleet()
        fleet.publish_directory("app-2.0", "2.0", {"other": b"2.0\n"}, ["--reboot", "always"])
        deployment = fleet.order("app-2.0")
        self.assert_outcome(fleet, deployment, "failure")
        self.assertEqual("version_unreadable", fleet.session()["reason"])
        self.assertIn("version_unreadable", fleet.deployment_log(deployment))
        self.assertEqual("1.0\n", fleet.device.read("/opt/app/VERSION"))

    def test_the_client_authenticates_anew_at_every_step_and_lives(self):
        fleet = self.fleet()
        fleet.publish_directory("app-2.0", "2.0", {"VERSION": b"2.0\n", "data": os.urandom(64 * MIB)})
        deployment = fleet.order("app-2.0")
        seen, renewed = 0, 0
        while not fleet.reported():
            events = fleet.event_count()
            if events > seen:
                seen = events
                fleet.device.reauthenticate()
                renewed += 1
        self.assert_outcome(fleet, deployment, "success")
        self.assertGreaterEqual(renewed, 5)
        self.assertNotIn("level=fatal", fleet.device.log.text())

    def test_a_signed_release_installs_where_only_signed_ones_may_and_an_unsigned_one_does_not(self):
        fleet = self.fleet(configuration={"ArtifactVerifyKey": "/etc/mender/verify.pem"})
        key = fleet.plugin.folder / "key.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key],
                       check=True, capture_output=True)
        public = subprocess.run(["openssl", "pkey", "-in", key, "-pubout"], check=True, capture_output=True).stdout
        fleet.device.write("/etc/mender/verify.pem", public)
        fleet.publish_directory("app-2.0", "2.0", {"VERSION": b"2.0\n"}, ["--key", key])
        self.assert_outcome(fleet, fleet.order("app-2.0"), "success")
        fleet.publish_directory("app-3.0", "3.0", {"VERSION": b"3.0\n"})
        self.assert_outcome(fleet, fleet.order("app-3.0"), "failure")
        self.assertEqual("2.0\n", fleet.device.read("/opt/app/VERSION"))

    def test_what_the_second_path_cannot_bring_comes_through_the_clients_forwarder(self):
        fleet = self.fleet(settings={"session.fallback": "https", "ftp.advertise": "127.0.0.99"})
        fleet.device.write("/etc/two-path/two-path.conf", '{"state_dir": "/data/two-path", "stall_timeout": 1}')
        fleet.publish_directory("app-2.0", "2.0", {"VERSION": b"2.0\n", "data": os.urandom(9 * MIB)})
        self.assert_outcome(fleet, fleet.order("app-2.0"), "success")
        self.assertEqual("https", fleet.session()["path"])

    def test_an_installer_that_this_client_lacks_is_named_early(self):
        fleet = self.fleet()
        payload = fleet.plugin.folder / "image"
        payload.write_bytes(os.urandom(MIB))
        fleet.plugin.command("publish", payload, "--name", "image-2.0", "--version", "2.0", "--device-type",
                             "test-device", "--installer", "rootfs-image", "--version-file", "/etc/os-release:VERSION")
        deployment = fleet.order("image-2.0")
        self.assert_outcome(fleet, deployment, "failure")
        self.assertRegex(fleet.deployment_log(deployment), "inner_module_missing.*rootfs-image")
        self.assertEqual("inner_module_missing", fleet.session()["reason"])


if __name__ == "__main__":
    unittest.main()
