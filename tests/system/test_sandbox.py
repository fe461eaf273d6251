"""The stand that the other system tests stand on: it must be a device, or they prove nothing."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import artifacts  # noqa: E402
from mender_device import MenderDevice  # noqa: E402
from network import Network  # noqa: E402

TRACER = """#!/bin/sh
echo "$1 $(cat /proc/sys/kernel/random/boot_id)" >> /data/trace
[ "$1" = SupportsRollback ] && echo Yes
exit 0
"""


class SandboxTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def device(self, **options):
        device = MenderDevice(self.folder, "https://127.0.0.1:1", **options)
        self.addCleanup(device.stop)
        device.start(client=False)
        return device

    def test_a_reboot_ends_every_process_and_changes_the_boot_id(self):
        device = self.device()
        survivor = device.popen(["tail", "-f", "/dev/null"])
        device.write("/data/kept", "kept")
        device.run(["touch", "/run/lost"])
        device.run(["reboot"])
        device.wait_for_boot(2)
        self.assertNotEqual(0, survivor.wait(20))
        self.assertEqual(2, len(set(device.boot_ids)))
        inside = device.run(["sh", "-c", "cat /proc/sys/kernel/random/boot_id /data/kept; ls /run"]).stdout
        self.assertIn(device.boot_ids[-1] + "\nkept", inside)
        self.assertNotIn("lost", inside)

    def test_the_hosts_programs_cannot_be_changed(self):
        done = self.device().run(["touch", "/usr/bin/two-path-was-here"])
        self.assertIn("Read-only file system", done.stdout)

    def test_the_real_client_installs_commits_and_rolls_back(self):
        device = self.device()
        device.add_module("tracer", TRACER)
        artifact = artifacts.write(self.folder / "a.mender", "tracer", "release-2", {"file": b"content"})
        self.assertIn("'commit' to update", device.install(artifact).stdout)
        self.assertEqual(0, device.rollback().returncode)
        self.assertEqual("release-1", device.artifact_name())
        device.install(artifact)
        self.assertEqual(0, device.commit().returncode)
        self.assertEqual("release-2", device.artifact_name())
        self.assertIn(f"ArtifactCommit {device.boot_ids[0]}", device.read("/data/trace"))

    def test_debians_directory_module_works(self):
        device = self.device()
        artifact = artifacts.write_directory(self.folder / "a.mender", "release-2", {"version": b"2.0\n"})
        device.install(artifact)
        self.assertEqual("2.0\n", device.read("/opt/app/version"))

    def test_a_small_folder_fills_up(self):
        device = self.device(small={"/data/two-path": 1 << 20})
        done = device.run(["dd", "if=/dev/zero", "of=/data/two-path/file", "bs=64k", "count=32"])
        self.assertIn("No space left on device", done.stdout)

    def test_the_cable_shows_what_crosses_it(self):
        with Network() as network, network.server.socket() as listener:
            listener.bind((network.server.address, 0))
            listener.listen()
            with network.server.capture() as capture:
                with network.device.connect(*listener.getsockname()) as sender:
                    sender.sendall(b"clear text" * 2_000)
                with listener.accept()[0] as receiver:
                    while receiver.recv(1 << 16):
                        pass
        said = {flow.target: content for flow, content in capture.flows().items()}
        self.assertEqual(b"clear text" * 2_000, said[network.server.address])


if __name__ == "__main__":
    unittest.main()
