"""Who has the plugin, with all that it holds, and not the publisher's key: a real Mender client that wants signed
artifacts installs nothing of his."""

import hashlib
import io
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from artifacts import tar  # noqa: E402
from fleet import Fleet  # noqa: E402


def forged(artifact, old, new):
    """The artifact with `new` for `old` (of the same length) in its header, and a manifest that fits; the signature is
    the old one."""
    with tarfile.open(artifact) as outer:
        members = {member.name: outer.extractfile(member).read() for member in outer}
    header = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(members["header.tar.gz"])) as before:
        with tarfile.open(fileobj=header, mode="w:gz", format=tarfile.USTAR_FORMAT) as after:
            for member in before:
                content = before.extractfile(member).read().replace(old, new)
                after.addfile(member, io.BytesIO(content))
    headers = members["header.tar.gz"], header.getvalue()
    was, becomes = (hashlib.sha256(content).hexdigest().encode() for content in headers)
    members["header.tar.gz"] = header.getvalue()
    members["manifest"] = members["manifest"].replace(was, becomes)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as outer:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            outer.addfile(info, io.BytesIO(content))
    return packed.getvalue()


class StolenPlugin(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.fleet = Fleet(pathlib.Path(folder.name), configuration={"ArtifactVerifyKey": "/etc/mender/verify.pem"})
        self.addCleanup(self.fleet.stop)
        self.folder = self.fleet.plugin.folder
        public = subprocess.run(["openssl", "pkey", "-in", self.key("publisher"), "-pubout"], check=True,
                                capture_output=True).stdout
        self.fleet.device.write("/etc/mender/verify.pem", public)
        self.fleet.device.write("/opt/app/VERSION", "1.0\n")
        self.fleet.start()

    def key(self, name):
        path = self.folder / f"{name}.pem"
        if not path.exists():
            subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out",
                            path], check=True, capture_output=True)
        return path

    def assert_refused(self, release, said):
        deployment = self.fleet.order(release)
        self.assertEqual("failure", self.fleet.outcome(deployment), self.fleet.device.log.text()[-6000:])
        self.assertRegex(self.fleet.deployment_log(deployment), said)
        self.assertEqual("1.0\n", self.fleet.device.read("/opt/app/VERSION"))

    def test_stolen_plugin_cannot_forge_what_a_device_installs(self):
        signed = self.folder / "app-2.0.mender"
        self.fleet.publish_directory("app-2.0", "2.0", {"VERSION": b"2.0\n"},
                                     ["--key", self.key("publisher"), "--output", signed])
        self.fleet.plugin.command("publish", "--upload", signed)

        good, bad = (tar({"VERSION": version}) for version in (b"2.0\n", b"6.6\n"))
        payload = self.folder / "state/payloads" / hashlib.sha256(good).hexdigest()
        self.assertEqual(good, payload.read_bytes())
        payload.write_bytes(bad)
        self.assert_refused("app-2.0", "tampered")
        payload.write_bytes(good)

        self.fleet.publish_directory("app-3.0", "3.0", {"VERSION": b"6.6\n"}, ["--key", self.key("thief")])
        self.assert_refused("app-3.0", "(?i)signature")

        other = self.folder / "app-4.0.mender"
        other.write_bytes(forged(signed, b"app-2.0", b"app-4.0"))
        self.fleet.plugin.command("publish", "--upload", other)
        self.assert_refused("app-4.0", "(?i)signature")

        self.assertEqual("success", self.fleet.outcome(self.fleet.order("app-2.0")))
        self.assertEqual("2.0\n", self.fleet.device.read("/opt/app/VERSION"))


if __name__ == "__main__":
    unittest.main()
