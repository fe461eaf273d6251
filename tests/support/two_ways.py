"""One whole artifact brought to a device with the real Mender client, as it is or through two-path, and what the device
has then."""

import dataclasses
import hashlib
import re
import shutil
import stat
import subprocess

from fleet import Fleet

# What installers, state scripts and the client's calls of modules write.
LEFT_IN = ("opt", "etc/os-release", "data/slots", "data/told", "data/mender/modules", "data/mender/scripts",
           "var/lib/dpkg")
TREE = "data/mender/modules/v3/payloads/0000/tree"
SHOWN_BYTES = 2000
LOOKED = r"State transition: update-check .* -> check-wait"


@dataclasses.dataclass(frozen=True)
class End:
    """What there is when a deployment is over.

    status      of the deployment, as Mender's API tells it
    restarts    of the device, on the way
    provides    {name: value}, as `mender show-provides` says, the artifact's name included
    files       {path: its mode and content}
    """

    status: str
    restarts: int
    provides: dict
    files: dict


class Alone(Fleet):
    """The artifact is deployed as it is."""

    def start(self):
        super().start()
        self.device.log.wait(LOOKED)  # or `offer` would take it for the answer

    def publish(self, artifact, _options):
        """Makes a release of a whole artifact, told two-path's options; gives the artifact that devices get."""
        subprocess.run(["mender-cli", "--server", self.plugin.url, "--skip-verify", "--token-value",
                        self.plugin.operator_token(), "artifacts", "upload", "--no-progress", artifact],
                       check=True, capture_output=True)
        return artifact

    def update(self, release):
        """Deploys it, waits for the end and gives that."""
        boots = len(self.device.boot_ids)
        status = self.outcome(self.order(release))
        return self.end(status, len(self.device.boot_ids) - boots)

    def offer(self, release):
        """The same for what the server does not give to this device."""
        deployment = self.order(release)
        self.device.log.wait(LOOKED, after=self.ordered_at)
        return self.end(self.status(deployment), 0)

    def refusal(self, artifact):
        """What the client itself says of an artifact that it does not install."""
        done = self.device.install(artifact)
        if done.returncode == 0:
            raise AssertionError(f"{artifact} was installed:\n{done.stdout}")
        shutil.rmtree(self.device.path(TREE))  # which the client leaves
        return re.findall("level=error (.*)", done.stdout)

    def end(self, status, restarts):
        return End(status, restarts, self.provides(), self.files())

    def provides(self):
        told = self.device.run(["mender", "--no-syslog", "show-provides"])
        told.check_returncode()
        return dict(line.split("=", 1) for line in told.stdout.splitlines())

    def files(self):
        found = {}
        for top in map(self.device.path, LEFT_IN):
            for path in [top, *sorted(top.rglob("*"))] if top.exists() else []:
                found[str(path.relative_to(self.device.root))] = described(path)
        return found

    def payload_type(self, release):
        """As the operator sees it."""
        listed = self.plugin.get(f"/api/management/v1/deployments/artifacts?name={release}")
        return listed[0]["updates"][0]["type_info"]["type"]


class ThroughTwoPath(Alone):
    """two-path brings its payload."""

    def publish(self, artifact, options):
        descriptor = artifact.with_suffix(".two-path")
        self.plugin.command("publish", artifact, "--output", descriptor, *options)
        self.plugin.command("publish", "--upload", descriptor)
        return descriptor


def described(path):
    mode = stat.filemode(path.lstat().st_mode)
    if not path.is_file():
        return mode
    content = path.read_bytes()
    return mode, content if len(content) <= SHOWN_BYTES else hashlib.sha256(content).hexdigest()
