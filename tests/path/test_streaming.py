"""A device without room, or that shall not write twice: the bulk goes straight to the installer, and what it wrote
serves the next attempt."""

import os
import signal
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import artifacts  # noqa: E402
from path_case import MIB, RELAY, PathCase  # noqa: E402
from push_case import PushCase  # noqa: E402
from relay import Relay  # noqa: E402

# Writes what streams in over its partition, as an A/B installer does. `took` has a line for each file that it believes
# to have whole.
PARTITION = """#!/bin/sh
set -e
home={home}
echo "$1" >> $home/calls
case $1 in
    Download)
        while true; do
            name=$(cat "$2/stream-next")
            [ -n "$name" ] || break
            dd if="$2/$name" of="$home/partition-${{name#streams/}}" bs=64k conv=notrunc status=none
            echo "$name" >> $home/took
        done ;;
    NeedsArtifactReboot) echo Automatic ;;
    SupportsRollback) echo Yes ;;
    ArtifactInstall)
        mkdir -p $home/old
        cp $home/VERSION $home/payload $home/old/
        cat $home/partition-* > $home/payload
        head -n 1 $home/payload > $home/VERSION ;;
    ArtifactRollback) cp $home/old/* $home/ ;;
esac
"""


class PassingThrough:
    """A device with an installer that streams."""

    def new_device(self, **options):
        device = super().new_device(**options)
        device.add_module("tracer", PARTITION.format(home=device.installed))
        return device

    def await_state(self, state, within=30):
        """The plugin tells nobody."""
        end = time.monotonic() + within
        while not (sessions := self.plugin.sessions(device=self.device.id)) or sessions[0]["state"] != state:
            self.assertLess(time.monotonic(), end, f"the session is not {state}: {sessions}")
            self.wait_for_the_next_look()

    def took(self):
        path = self.device.installed / "took"
        return path.read_text().split() if path.exists() else []

    def content(self, version="2.0"):
        return (self.device.folder / f"payload-{version}").read_bytes()

    def stored(self):
        return [path for path in (self.device.state / "store").glob("*") if path.stat().st_size > 0]

    def confirm(self, update):
        update.call("ArtifactInstall", check=0)
        self.device.restart()
        update.call("ArtifactVerifyReboot", check=0)
        update.call("ArtifactCommit", check=0)
        update.call("Cleanup", check=0)
        self.device.report(self.deployment, "success")

    def publish_files(self, files):
        """A release of several files; gives its descriptor artifact's path."""
        self.release = f"{self.name}-2.0"
        whole = artifacts.write(self.device.folder / "whole.mender", "tracer", self.release, files)
        artifact = self.device.folder / "small.mender"
        self.plugin.command("publish", whole, "--version", "2.0", "--output", artifact,
                            "--version-file", f"{self.device.installed}/VERSION:APP_VERSION")
        self.plugin.command("publish", "--upload", artifact)
        return artifact


class InBothModes(PassingThrough):
    def test_files_go_through_one_after_the_other(self):
        # In the order of the artifact, not of their digests; two have the same content, one is empty.
        first, second = b"APP_VERSION=2.0\n" + os.urandom(2 * MIB), os.urandom(MIB + 17)
        update = self.update(self.publish_files({"a": first, "b": second, "c": b"", "d": second, "e": os.urandom(100)}))
        self.device.configure(store="never")
        self.deployment = self.deploy()
        update.call("Download", check=0)
        self.assertEqual(self.took(), [f"streams/{name}" for name in "abcde"])
        self.assertEqual((self.device.installed / "partition-d").read_bytes(), second)
        self.assertEqual(self.stored(), [])
        self.confirm(update)
        self.assertEqual(self.session()["state"], "committed")
        self.assertEqual(self.session()["fetched_twice"], 0)

    def test_an_installer_that_takes_its_time_with_what_is_here_costs_no_certification(self):
        artifact = self.publish(size=8 * MIB)
        (self.device.installed / "payload").write_bytes(self.content()[:6 * MIB])
        self.device.add_module("tracer", PARTITION.format(home=self.device.installed).replace(
            "dd if", "until [ -e $home/go ]; do sleep 0.05; done; dd if"))
        self.device.configure(store="never", seeds=[str(self.device.installed / "payload")])
        update = self.update(artifact)
        self.deployment = self.deploy()
        process = update.start("Download")
        self.await_state("transferring")  # the certification has been used, while the installer has taken nothing
        (self.device.installed / "go").touch()
        update.finish(process, "Download", check=0)
        self.confirm(update)
        self.assertEqual((self.device.installed / "payload").read_bytes(), self.content())
        session = self.session()
        self.assertEqual((session["state"], session["resumed"]), ("committed", 6 * MIB))
        self.assertEqual(session["fetched_twice"], 0)


class PullThrough(InBothModes, PathCase):
    def test_a_device_without_room_is_updated_all_the_same(self):
        update = self.update(self.publish(size=6 * MIB))
        update.small_disk(MIB)
        self.deployment = self.deploy()
        update.call("Download", check=0)
        self.assertRegex(update.log, r"straight to the installer: .*needs \d+ bytes and has \d+")
        self.confirm(update)
        self.assertEqual((self.device.installed / "payload").read_bytes(), self.content())
        session = self.session()
        self.assertEqual((session["state"], session["path"]), ("committed", "ftp"))
        self.assertEqual((session["bytes"], session["fetched_twice"]), (6 * MIB, 0))

    def test_room_is_made_at_the_cost_of_the_oldest_and_of_no_more_than_needed(self):
        oldest, middle, newest = (letter * 64 for letter in "bac")
        holds = {oldest: (2 * MIB, 3), middle: (2 * MIB, 2), newest: (2 * MIB, 1)}
        for size, left, straight in ((4, {middle, newest}, False), (10, {oldest, middle, newest}, True)):
            with self.subTest(size):
                update = self.update(self.publish(size=size * MIB, name=f"{self.name}-{size}"))
                update.small_disk(10 * MIB, holds=holds)
                deployment = self.deploy()
                update.call("Download", check=0)
                self.assertEqual(set(update.left) & {oldest, middle, newest}, left)
                self.assertEqual("straight to the installer" in update.log, straight)
                update.call("Cleanup", check=0)
                self.device.report(deployment, "failure")

    def test_what_is_packed_for_the_wire_is_unpacked_on_its_way(self):
        for encoding in ("gzip", "xz", "zstd"):
            with self.subTest(encoding):
                options = ["--encoding", encoding, "--block-size", "64KiB", "--version-file",
                           f"{self.device.installed}/VERSION:APP_VERSION"]
                update = self.update(self.publish(options=options, name=f"{self.name}-{encoding}"))
                self.device.configure(store="never", allow_downgrade=True)
                self.deployment = self.deploy()
                update.call("Download", check=0)
                self.confirm(update)
                self.assertEqual((self.device.installed / "payload").read_bytes(), self.content())

    def test_an_installer_that_wants_files_gets_them_without_the_store(self):
        device = self.device = PathCase.new_device(self)
        device.configure(store="never")
        update = self.update(self.publish())
        self.deployment = self.deploy()
        update.call("Download", check=0)
        self.assertEqual(self.stored(), [])
        self.confirm(update)
        self.assertEqual((device.installed / "payload").read_bytes(), self.content())

    def test_an_installer_that_stops_in_the_middle_ends_the_transfer(self):
        self.device.add_module("tracer", '#!/bin/sh\n[ $1 = Download ] || exit 0\n'
                                         'head -c 100000 "$2/$(cat "$2/stream-next")" > /dev/null; exit 3\n')
        self.device.configure(store="never")
        update = self.update(self.publish(size=8 * MIB))
        self.deployment = self.deploy()
        self.assertEqual(update.call("Download")[0], 1)
        update.call("Cleanup")
        self.assertRegex(update.log, "tracer .*stopped in the middle of")
        self.assert_refused(update, "inner_module_failed")

    def test_the_running_image_serves_blocks_that_the_new_one_has_as_well(self):
        artifact = self.publish(size=6 * MIB)
        running = bytearray(self.content())
        running[2 * MIB + 5] ^= 1
        (self.device.installed / "payload").write_bytes(running)
        for store in ("never", "required"):
            with self.subTest(store):
                self.device.configure(store=store, seeds=["/nowhere", str(self.device.installed / "payload")])
                update = self.update(artifact)
                self.deployment = self.deploy()
                update.call("Download", check=0)
                self.assertIn("seed /nowhere serves nothing", update.log)
                session = self.session()
                self.assertEqual((session["path"], session["resumed"]), ("kept+ftp", 5 * MIB))
                self.assertEqual((self.device.installed / "partition-payload-2.0").read_bytes(), self.content())
                update.call("Cleanup", check=0)
                self.device.report(self.deployment, "failure")
                for path in self.device.installed.glob("partition-*"):
                    path.unlink()


class CutThrough(PassingThrough, PathCase):
    settings = {"ftp.advertise": RELAY}

    def held(self, at, size=8 * MIB):
        """An update whose data stands still after `at` bytes, which the installer has written; its process, and the
        relay."""
        reached, go = threading.Event(), threading.Event()

        def hold(_connection, offset, part):
            if offset >= at:
                reached.set()
                go.wait(60)
            return part

        self.artifact = self.publish(size=size)
        partition = self.device.installed / "partition-payload-2.0"
        self.device.configure(store="never", seeds=[str(partition)])
        partition.write_bytes(os.urandom(size))
        update = self.update(self.artifact)
        self.deployment = self.deploy()
        relay = Relay(self.plugin.address, self.plugin.ftp_port, RELAY, change=hold)
        self.addCleanup(relay.__exit__)
        self.addCleanup(go.set)
        process = update.start("Download")
        self.assertTrue(reached.wait(60), "no data came")
        self.await_written(partition, at)
        return update, process, relay

    def await_written(self, partition, size, within=30):
        """The installer writes as it reads, and tells nobody."""
        end = time.monotonic() + within
        while partition.read_bytes()[:size] != self.content()[:size]:
            self.assertLess(time.monotonic(), end, "the installer did not write what came")

    def goes_on(self, relay, kept):
        relay.__exit__()
        again = self.update(self.artifact)
        with Relay(self.plugin.address, self.plugin.ftp_port, RELAY):
            again.call("Download", check=0)
        self.confirm(again)
        self.assertEqual((self.device.installed / "payload").read_bytes(), self.content())
        session = self.session()
        self.assertEqual(session["state"], "committed")
        self.assertGreaterEqual(session["resumed"], kept)

    def test_a_client_that_is_told_to_stop_goes_on_from_what_the_installer_wrote(self):
        update, process, relay = self.held(5 * MIB)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(update.finish(process, "Download")[0], 1)
        update.call("Cleanup", check=0)
        self.assertNotIn("streams/payload-2.0", self.took())
        self.assertEqual(self.session()["reason"], "interrupted")
        self.device.report(self.deployment, "failure")
        self.assertIn("1 of 3", self.redeployment(self.session()["id"]))
        self.deployment = self.device.next_deployment()
        self.device.report(self.deployment, "downloading")
        self.goes_on(relay, 5 * MIB)

    def test_a_killed_client_goes_on_from_what_the_installer_wrote(self):
        update, process, relay = self.held(5 * MIB)
        update.kill(process)
        update.call("Cleanup", check=0)
        self.device.report(self.deployment, "failure")
        self.deployment = self.deploy()
        self.goes_on(relay, 5 * MIB)

    def test_an_installer_is_not_told_that_a_broken_file_is_whole(self):
        update = self.update(self.publish())
        self.device.configure(store="never")
        self.deployment = self.deploy()

        def tamper(_connection, offset, part):
            return part if offset + len(part) <= MIB else bytes(byte ^ 1 for byte in part)

        with Relay(self.plugin.address, self.plugin.ftp_port, RELAY, change=tamper):
            self.assertEqual(update.call("Download")[0], 1)
        update.call("Cleanup", check=0)
        self.assertEqual(self.took(), [])
        self.assertIn("Cleanup", self.calls())
        self.assert_refused(update, "tampered")


class PushThrough(InBothModes, PushCase):
    pass


if __name__ == "__main__":
    unittest.main()
