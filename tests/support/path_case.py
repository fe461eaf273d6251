"""Both ends over real sockets: a real plugin for the class, a new device for each test, the module called directly."""

import os
import pathlib
import shutil
import tempfile
import threading
import time
import unittest

from module_calls import Device, Update
from plugin import Plugin

MIB = 1024 * 1024
RELAY = "127.0.0.77"

# An installer that keeps what it replaces. Each call is a line in `calls`; the payload's first line is its version.
TRACER = """#!/bin/sh
set -e
home={home}
echo "$1" >> $home/calls
[ ! -e $home/hold-$1 ] || {{ echo "holding $1" >&2; exec sleep 600; }}
case $1 in
    NeedsArtifactReboot) echo {reboot} ;;
    SupportsRollback) echo Yes ;;
    ArtifactInstall)
        mkdir -p $home/old
        [ ! -e $home/VERSION ] || cp $home/VERSION $home/payload $home/old/
        cp "$2"/files/* $home/payload
        head -n 1 $home/payload > $home/VERSION ;;
    ArtifactRollback)
        rm -f $home/VERSION $home/payload
        cp $home/old/* $home/ ;;
esac
"""


class PathCase(unittest.TestCase):
    """`settings`: the plugin's, for all tests of a class."""

    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="two-path-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.plugin = cls.new_plugin()
        cls.addClassCleanup(lambda: cls.plugin.stop())
        cls.plugin.start()
        cls.plugin.log_in()

    @classmethod
    def new_plugin(cls):
        return Plugin(cls.folder / "plugin", settings=cls.settings)

    def setUp(self):
        self.device = self.new_device()
        # Names are unique in Mender; each test has its own.
        self.name = self.id().rsplit(".", 1)[-1].replace("_", "-")

    def new_device(self, reboot="Automatic", **options):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder, prefix="device-"))
        device = Device(folder, self.plugin, **options)
        device.add_module("tracer", TRACER.format(home=device.installed, reboot=reboot))
        device.authenticate()
        self.write_installed(device, "1.0")
        return device

    @staticmethod
    def write_installed(device, version):
        (device.installed / "VERSION").write_text(f"APP_VERSION={version}\n")
        (device.installed / "payload").write_text(f"APP_VERSION={version}\n")

    # An operator's acts

    def publish(self, version="2.0", size=3 * MIB, content_version=None, options=(), device=None, name=None):
        """Publishes a payload of `size` random bytes that, installed, says `content_version`; gives its descriptor
        artifact's path. `--output` writes what is also uploaded."""
        device = device or self.device
        name = name or f"{self.name}-{version}"
        payload = device.folder / f"payload-{version}"
        first = f"APP_VERSION={content_version or version}\n".encode()
        payload.write_bytes(first + os.urandom(size - len(first)))
        artifact = device.folder / f"{name}.mender"
        self.plugin.command("publish", payload, "--name", name, "--version", version, "--device-type",
                            device.device_type, "--installer", "tracer", "--output", artifact,
                            *(options or ["--version-file", f"{device.installed}/VERSION:APP_VERSION"]))
        self.plugin.command("publish", "--upload", artifact)
        self.release = name
        return artifact

    def deploy(self, device=None):
        """Deploys the release last published to the device, and lets the device ask for it as its client would."""
        device = device or self.device
        self.plugin.command("deploy", self.release, "--device", device.id)
        deployment = device.next_deployment()
        self.assertIsNotNone(deployment, "the embedded host gave the device no deployment")
        self.assertEqual(device.report(deployment, "downloading"), 204)
        return deployment

    def update(self, artifact, device=None):
        update = Update(device or self.device, artifact)
        self.addCleanup(update.__exit__)
        return update

    def poll(self, artifact):
        """One poll of the device's client and what follows it; gives the update, the exit code of Download, and the
        deployment, whose end the client has not reported yet."""
        deployment = self.device.next_deployment()
        self.assertIsNotNone(deployment, "the embedded host gave the device no deployment")
        self.device.report(deployment, "downloading")
        update = self.update(artifact)
        code, _ = update.call("Download")
        if code == 0:
            update.call("ArtifactInstall", check=0)
            self.device.restart()
            update.call("ArtifactVerifyReboot", check=0)
            update.call("ArtifactCommit", check=0)
        update.call("Cleanup", check=0)
        return update, code, deployment

    # What came of it

    def session(self):
        """The newest session of this test's device."""
        sessions = self.plugin.sessions(device=self.device.id)
        self.assertTrue(sessions, "the plugin knows no session of this device")
        return sessions[0]

    def await_end_of(self, state, within=30):
        """Until the newest session is in another state; each round asks the plugin, which tells nobody by itself."""
        end = time.monotonic() + within
        while self.session()["state"] == state:
            self.assertLess(time.monotonic(), end, f"the session stays {state}")

    def redeployment(self, session):
        """Waits until the plugin has made up its mind: an event says what it did."""
        for _ in range(300):
            noted = [event for event in self.plugin.events(session) if event["step"] == "redeploy"]
            if noted:
                return noted[-1]["detail"]
            self.wait_for_the_next_look()
        return self.fail("the plugin did not say whether it orders the release again")

    @staticmethod
    def wait_for_the_next_look():
        """The plugin looks once a second, and tells nobody when it has."""
        threading.Event().wait(0.1)

    def states(self):
        """The states that the newest session went through, in order."""
        states = []
        for event in self.plugin.events(self.session()["id"]):
            if not states or states[-1] != event["state"]:
                states.append(event["state"])
        return states

    def calls(self):
        """What the installer was asked to do."""
        path = self.device.installed / "calls"
        return path.read_text().split() if path.exists() else []

    def installed_version(self):
        return (self.device.installed / "VERSION").read_text().strip().split("=")[1]

    def assert_refused(self, update, reason, session_reason=None):
        """The device's log and the operator's list tell the same reason, and the old software is in place."""
        self.assertRegex(update.log, rf"two-path: .*\b{reason}\b")
        session = self.session()
        self.assertEqual(session["reason"], session_reason or reason)
        self.assertEqual(self.installed_version(), "1.0")

    def assert_next_update_succeeds(self, version="3.0"):
        """The next good deployment goes through to the end."""
        update = self.update(self.publish(version))
        deployment = self.deploy()
        update.install()
        update.call("ArtifactVerifyReboot", check=0)
        update.call("ArtifactCommit", check=0)
        update.call("Cleanup", check=0)
        self.device.report(deployment, "success")
        self.assertEqual(self.session()["state"], "committed")
        self.assertEqual(self.installed_version(), version)
