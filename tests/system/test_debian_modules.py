"""Debian's update modules and an A/B one under the real Mender client: whole artifacts leave the same on a device that
gets them as they are and on one that gets them through two-path."""

import concurrent.futures
import dataclasses
import json
import pathlib
import random
import subprocess
import sys
import tarfile
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import ab_slots  # noqa: E402
import artifacts  # noqa: E402
from two_ways import Alone, ThroughTwoPath  # noqa: E402

MIB = 1024 * 1024
KIB = 1024
BLOCK = 64 * KIB
VERSION_FILE = "/opt/app/VERSION"
SCRIPTED = ("ArtifactInstall", "ArtifactReboot", "ArtifactCommit", "ArtifactRollback", "ArtifactRollbackReboot",
            "ArtifactFailure")
TELL = b'#!/bin/sh\necho "${0##*/}" >> /data/told\n'
TOLD = {f"{state}_{when}_00": TELL for state in SCRIPTED for when in ("Enter", "Leave", "Error")}
SESSIONS = {"success": [["committed"]], "failure": [["failed"], ["rolled_back"]], "noartifact": [[]]}
FAIL = b"#!/bin/sh\nexit 1\n"


@dataclasses.dataclass(frozen=True)
class Payload:
    """type: the update module. version: what it is announced to install."""

    type: str
    version: str
    files: dict


@dataclasses.dataclass(frozen=True)
class Update:
    """A whole artifact, and what there is after it was deployed.

    status      of the deployment
    artifact    what is installed then, as Mender names it; None: this one
    version     the same, as the installed file says; None: what the payload is announced to install
    options     of mender-artifact
    failing     the state script in it that fails
    publish     more options of `two-path publish`
    restarts    of the device, on the way
    provides    beside the artifact's name; None: what it is alone
    session     of two-path: its state at the end; None: any that goes with the status
    through     {field: value}: what is different on purpose through two-path
    """

    name: str
    payload: Payload
    status: str = "success"
    artifact: str = None
    version: str = None
    options: tuple = ()
    failing: str = None
    publish: tuple = ()
    restarts: int = 0
    provides: dict = None
    session: str = None
    through: dict = None

    def write(self, folder):
        scripts = {**TOLD, f"{self.failing}_50": FAIL} if self.failing else TOLD
        return artifacts.write(folder / f"{self.name}.mender", self.payload.type, self.name, self.payload.files,
                               options=self.options, scripts=scripts)


# Payloads


def text(version):
    return f"{version}\n".encode()


def single_file(version, **more):
    return Payload("single-file", version, artifacts.single_file(text(version), file_name="VERSION", **more))


def directory(version, **more):
    return Payload("directory", version, artifacts.directory({"VERSION": text(version), **more}))


def broken_directory(version):
    return Payload("directory", version, {**artifacts.directory({}), "update.tar": b"no tar" * KIB})


def script(version, then="true"):
    """Two, which run in the order of their names."""
    first = f"#!/bin/sh\nmkdir -p /opt/app\necho {version} > {VERSION_FILE}\n"
    return Payload("script", version, {"1-write": first.encode(), "2-then": f"#!/bin/sh\n{then}\n".encode()})


def deb(version, **scripts):
    """A package with the file VERSION and maintainer scripts of these names."""
    control = f"Package: app\nVersion: {version}\nArchitecture: all\nMaintainer: nobody\nDescription: for a test\n"
    files = {"DEBIAN/control": control.encode(), VERSION_FILE.lstrip("/"): text(version),
             **{f"DEBIAN/{name}": f"#!/bin/sh\n{line}\n".encode() for name, line in scripts.items()}}
    with tempfile.TemporaryDirectory() as folder:
        tree, package = pathlib.Path(folder, "tree"), pathlib.Path(folder, "app.deb")
        for name, content in files.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_bytes(content)
            (tree / name).chmod(0o755)
        subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tree, package], check=True, capture_output=True)
        return Payload("deb", version, {package.name: package.read_bytes()})


def broken_deb(version):
    return Payload("deb", version, {name: content[:300] for name, content in deb(version).files.items()})


def announced(version, payload):
    """As a version that it does not install."""
    return dataclasses.replace(payload, version=version)


def image(version, starts=True, module="two-path"):
    """Of a root file system, packed: what is mounted is unpacked. All of a series but the first block is the same."""
    files = {"etc/os-release": f"IMAGE_VERSION={version}\n".encode(),
             **{f"{ab_slots.MODULES}/{name}": b"#!/bin/sh\n" for name in (module, "ab-image")},
             "vmlinuz" if starts else "no-vmlinuz": b"a kernel\n",
             "data": random.Random(version[0]).randbytes(3 * MIB)}
    return Payload("ab-image", version, {"image": artifacts.tar(files, 0o755)})


class AbBoard:
    """Makes a device one with two slots, whose boot loader unpacks what it starts."""

    def __init__(self, device):
        self.device = device
        self.slots = ab_slots.Slots(device.path("/data/slots"), "/data/slots")
        self.slots.write_commands(device.path("/usr/local/bin"), mount='tar -xf "$3" -C "$4"')
        device.write("/etc/ab-image.conf", self.slots.settings())
        device.add_module("ab-image", ab_slots.MODULE.read_bytes())
        device.write("/data/slots/a", *image("1.0").files.values())
        device.write("/etc/two-path/two-path.conf", json.dumps(
            {"state_dir": "/data/two-path", "store": "never", "seeds": ["/data/slots/a", "/data/slots/b"]}))
        device.on_boot = self.boot

    def boot(self):
        self.slots.restart()
        if not self.read("vmlinuz"):
            self.slots.restart()
        self.device.write("/etc/os-release", self.read("etc/os-release"))

    def read(self, name):
        """A file of the image that runs, or None."""
        with tarfile.open(self.slots.folder / self.slots.running()) as packed:
            return packed.extractfile(name).read() if name in packed.getnames() else None


def add_dpkg(device):
    """dpkg's own records, of a system without packages."""
    for name in ("status", "available"):
        device.write(f"/var/lib/dpkg/{name}", "")
    for name in ("info", "updates"):
        device.path(f"/var/lib/dpkg/{name}").mkdir()


class AloneAndThroughTwoPath(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.alone, self.through = self.fleets = [way(self.folder / way.__name__) for way in (Alone, ThroughTwoPath)]
        for fleet in self.fleets:
            self.addCleanup(fleet.stop)

    def on_both(self, act):
        """What `act` gives for the device that gets artifacts as they are, and for the other."""
        with concurrent.futures.ThreadPoolExecutor() as pool:
            return list(pool.map(act, self.fleets))

    def undergo(self, updates, version_file=VERSION_FILE, prepare=lambda device: None):
        """One update after the other, on devices that are `prepare`d; version_file: as for `two-path publish`."""
        for fleet in self.fleets:
            prepare(fleet.device)
        self.on_both(lambda fleet: fleet.start())
        for update in updates:
            with self.subTest(update.name):
                alone, through = self.ends_of(update, version_file)
                expected = dataclasses.replace(update, **update.through or {})
                self.assert_end(self.alone, alone, update, version_file)
                self.assert_end(self.through, through, expected, version_file)
                if not update.through:
                    self.assert_same(through, alone)
                self.assert_told(expected)

    def ends_of(self, update, version_file):
        artifact = update.write(self.folder)
        options = ("--version", update.payload.version, "--version-file", version_file, "--block-size", f"{BLOCK}",
                   *update.publish)
        published = self.on_both(lambda fleet: fleet.publish(artifact, options))
        if update.status != "noartifact":
            return self.on_both(lambda fleet: fleet.update(update.name))
        ends = self.on_both(lambda fleet: fleet.offer(update.name))
        alone, through = [fleet.refusal(one) for fleet, one in zip(self.fleets, published)]
        self.assertTrue(alone)
        self.assertEqual(through, alone)
        return ends

    def assert_end(self, fleet, end, expected, version_file):
        provides = dict(end.provides)
        version = fleet.device.read(version_file.split(":")[0]).strip().rpartition("=")[2]
        self.assertEqual((end.status, provides.pop("artifact_name"), version, end.restarts),
                         (expected.status, expected.artifact or expected.name,
                          expected.version or expected.payload.version, expected.restarts),
                         fleet.device.log.text(fleet.ordered_at)[-6000:])
        if expected.provides is not None:
            self.assertEqual(provides, expected.provides)

    def assert_same(self, through, alone):
        self.assertEqual(dataclasses.replace(through, files={}), dataclasses.replace(alone, files={}))
        self.assertEqual({path: (through.files.get(path), alone.files.get(path))
                          for path in through.files.keys() | alone.files.keys()
                          if through.files.get(path) != alone.files.get(path)}, {})

    def assert_told(self, expected):
        """The one artifact is what it was and needs no session; the other is two-path's, and its session ends as the
        deployment does."""
        types = [fleet.payload_type(expected.name) for fleet in self.fleets]
        self.assertEqual(types, [expected.payload.type, "two-path"])
        self.assertEqual(self.alone.plugin.sessions(), [])
        states = [session["state"] for session in self.sessions(expected.name)]
        self.assertIn(states, [[expected.session]] if expected.session else SESSIONS[expected.status])

    def sessions(self, release):
        return [session for session in self.through.plugin.sessions() if session["release"] == release]

    def test_single_file_leaves_what_it_leaves_alone(self):
        self.undergo([
            Update("first", single_file("1.0"), options=("-p", "data.kept:1", "-p", "extra.gone:1"), provides={
                "rootfs-image.single-file.version": "first", "data.kept": "1", "extra.gone": "1"}),
            Update("second", single_file("2.0", permissions="600"),
                   options=("-d", "data.kept:1", "--clears-provides", "extra.*"),
                   provides={"rootfs-image.single-file.version": "second", "data.kept": "1"}),
            Update("has-no-place", single_file("3.0", destination=VERSION_FILE), "failure", "second", "2.0"),
            Update("fails-when-installed", single_file("3.0"), "failure", "second", "2.0",
                   failing="ArtifactInstall_Leave"),
            Update("fails-before-the-commit", single_file("3.0"), "failure", "second", "2.0",
                   options=("-p", "data.kept:2"), failing="ArtifactCommit_Enter",
                   provides={"rootfs-image.single-file.version": "second", "data.kept": "1"}),
            Update("wants-what-was-cleared", single_file("3.0"), "noartifact", "second", "2.0",
                   options=("-d", "extra.gone:1")),
            Update("clears-everything", single_file("3.0"), provides={},
                   options=("--no-default-clears-provides", "--no-default-software-version")),
        ])

    def test_directory_leaves_what_it_leaves_alone(self):
        in_a_group = {"data-partition.app.version": "1.0", "rootfs-image.directory.version": "second",
                      "artifact_group": "blue"}
        self.undergo([
            Update("first", directory("1.0", old=b"old"), provides={"data-partition.app.version": "1.0"}, options=(
                "--software-filesystem", "data-partition", "--software-name", "app", "--software-version", "1.0")),
            Update("second", directory("2.0", new=b"new" * 100 * KIB), provides=in_a_group,
                   options=("--provides-group", "blue", "--artifact-name-depends", "first")),
            Update("is-broken", broken_directory("3.0"), "failure", "second", "2.0", provides=in_a_group),
            Update("fails-before-the-commit", directory("3.0"), "failure", "second", "2.0",
                   failing="ArtifactCommit_Enter", provides=in_a_group),
            Update("is-for-another-group", directory("3.0"), "noartifact", "second", "2.0",
                   options=("--depends-groups", "green")),
            Update("is-for-another-artifact", directory("3.0"), "noartifact", "second", "2.0",
                   options=("--artifact-name-depends", "first")),
            Update("is-for-this-group", directory("3.0"), options=("--depends-groups", "blue")),
        ])

    def test_deb_leaves_what_it_leaves_alone(self):
        self.undergo([
            Update("first", deb("1.0")),
            Update("second", deb("2.0"), provides={"rootfs-image.deb.version": "second"}),
            Update("refuses", deb("3.0", preinst="exit 1"), "failure", "refuses_INCONSISTENT", "2.0"),
            Update("is-broken", broken_deb("3.0"), "failure", "is-broken_INCONSISTENT", "2.0"),
            Update("is-not-configured", deb("3.0", postinst="exit 1"), "failure", "is-not-configured_INCONSISTENT"),
            Update("next", deb("4.0"), provides={"rootfs-image.deb.version": "next"}),
            Update("fails-before-the-commit", deb("5.0"), "failure", "fails-before-the-commit_INCONSISTENT",
                   failing="ArtifactCommit_Enter", provides={"rootfs-image.deb.version": "next"}),
        ], prepare=add_dpkg)

    def test_script_leaves_what_it_leaves_alone(self):
        self.undergo([
            Update("first", script("1.0"), provides={"rootfs-image.script.version": "first"}),
            Update("exits-with-1", script("2.0", "exit 1"), "failure", "exits-with-1_INCONSISTENT"),
            Update("restarts-the-device", script("3.0", "reboot"), "failure", "restarts-the-device_INCONSISTENT",
                   restarts=1),
            Update("next", script("4.0"), provides={"rootfs-image.script.version": "next"}),
            Update("fails-before-the-commit", script("5.0"), "failure", "fails-before-the-commit_INCONSISTENT",
                   failing="ArtifactCommit_Enter", provides={"rootfs-image.script.version": "next"}),
        ])

    def test_an_image_for_one_of_two_slots_leaves_what_it_leaves_alone_and_the_passive_slot_is_a_seed(self):
        self.undergo([
            Update("first", image("1.1"), restarts=1),
            Update("lacks-two-path", image("2.0", module="another"), "failure", "first", "1.1"),
            Update("second", image("2.1"), restarts=1,
                   options=("--software-name", "rootfs", "--software-version", "2.1"),
                   provides={"rootfs-image.rootfs.version": "2.1", "rootfs-image.ab-image.version": "first"}),
            Update("does-not-start", image("3.0", starts=False), "failure", "second", "2.1", restarts=2),
            Update("fails-before-the-commit", image("3.1"), "failure", "second", "2.1", restarts=2,
                   failing="ArtifactCommit_Enter"),
            Update("next", image("4.0"), restarts=1),
        ], "/etc/os-release:IMAGE_VERSION", AbBoard)
        [second] = self.sessions("second")
        # All but the first block, from the image that was written to that slot and not started.
        self.assertEqual((second["path"], second["resumed"]), ("kept+ftp", second["bytes"] - BLOCK))

    def test_what_two_path_does_otherwise_is_meant(self):
        self.undergo([
            Update("first", single_file("1.0")),
            Update("is-another-version", announced("9.9", single_file("2.0")), version="2.0",
                   through={"status": "failure", "artifact": "first", "version": "1.0"}),
            Update("restarts", single_file("3.0"), publish=("--reboot", "always"), through={"restarts": 1}),
            Update("cannot-go-back", announced("9.9", script("4.0")), version="4.0",
                   through={"status": "failure", "artifact": "cannot-go-back_INCONSISTENT", "session": "mismatch"}),
        ])


if __name__ == "__main__":
    unittest.main()
