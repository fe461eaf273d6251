"""What a Mender server keeps and answers, as far as the plugin and its tests ask: tokens, devices, artifacts, deployments.

Built from Mender's published shapes and from the behaviour of its open source services, traps included.
"""

import base64
import hashlib
import io
import json
import subprocess
import tarfile
import time
import uuid

from mender_gateway import Refusal

ACTIVE = ("pending", "downloading", "installing", "rebooting", "pause_before_installing", "pause_before_rebooting",
          "pause_before_committing")
ENDS = ("success", "failure", "noartifact", "already-installed", "aborted", "decommissioned")
UNSET_TIME = -62135596800  # what a Go server writes for a time that nobody set


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + f".{time.time_ns() // 1_000_000 % 1000:03}Z"


def text(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Tokens:
    """Signed as deviceauth and useradm do; what is not known here any more does not hold."""

    def __init__(self, folder, algorithm="RS256"):
        self._key = folder / "mender-private.pem"
        self.public_key = folder / "mender-public.pem"
        self._algorithm = algorithm
        kind = ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"] if algorithm == "RS256" else ["ED25519"]
        self._openssl("genpkey", "-algorithm", *kind, "-out", self._key)
        self._openssl("pkey", "-in", self._key, "-pubout", "-out", self.public_key)
        self._known = {}

    def issue(self, kind, subject, lifetime=604800, **claims):
        header = {"alg": self._algorithm, "typ": "JWT"}
        body = {"jti": str(uuid.uuid4()), "sub": subject, "iat": int(time.time()), "exp": int(time.time()) + lifetime}
        if kind == "device":
            body |= {"iss": "Mender", "mender.device": True, "mender.plan": "enterprise", "mender.trial": False,
                     "mender.addons": [{"name": "configure", "enabled": True}], "nbf": UNSET_TIME}
        else:
            header["kid"] = 0
            body |= {"iss": "mender.useradm", "mender.user": True, "scp": "mender.*", "nbf": body["iat"]}
        signed = ".".join(text(json.dumps(part).encode()) for part in (header, body | claims))
        token = f"{signed}.{text(self._sign(signed.encode()))}"
        self._known[token] = (kind, subject)
        return token

    def subject_of(self, token, kind):
        known = self._known.get(token)
        if known is None or known[0] != kind:
            raise Refusal(401, "unauthorized")
        return known[1]

    def revoke(self, token):
        del self._known[token]

    def revoke_all_of(self, subject):
        self._known = {token: known for token, known in self._known.items() if known[1] != subject}

    def _sign(self, data):
        if self._algorithm == "RS256":
            return self._openssl("dgst", "-sha256", "-sign", self._key, data=data)
        message = self._key.with_name("to-sign")  # EdDSA signs files only
        message.write_bytes(data)
        return self._openssl("pkeyutl", "-sign", "-rawin", "-in", message, "-inkey", self._key)

    @staticmethod
    def _openssl(*arguments, data=None):
        return subprocess.run(["openssl", *map(str, arguments)], input=data, check=True, capture_output=True).stdout


class Artifacts:
    """`metadata`: whether the server is new enough (4.1) to give the artifact's meta-data as it is."""

    def __init__(self):
        self.metadata = True
        self.all = []
        self.content = {}  # by id: the whole .mender
        self.tags = {}     # by release

    def add(self, content):
        try:
            artifact = self._read(content)
        except (tarfile.TarError, KeyError, ValueError) as error:
            raise Refusal(400, f"bad artifact: {error}") from error
        for other in self.named(artifact["name"]):
            if set(other["device_types_compatible"]) & set(artifact["device_types_compatible"]):
                raise Refusal(409, "An artifact with the same name and depends already exists",
                              metadata={"conflict": {"artifact_name": artifact["name"]}})
        self.all.append(artifact)
        self.content[artifact["id"]] = content
        return artifact["id"]

    def remove(self, identifier):
        if identifier not in [artifact["id"] for artifact in self.all]:
            raise Refusal(404, "Resource not found")
        self.all = [artifact for artifact in self.all if artifact["id"] != identifier]

    def releases(self, tag):
        names = dict.fromkeys(artifact["name"] for artifact in self.all)
        return [{"name": name, "modified": now(), "tags": self.tags.get(name, []), "notes": "",
                 "artifacts": self.named(name), "artifacts_count": len(self.named(name))}
                for name in names if tag in (None, *self.tags.get(name, []))]

    def named(self, name):
        return [artifact for artifact in self.all if artifact["name"] == name]

    def for_device(self, name, device_type):
        return next((one for one in self.named(name) if device_type in one["device_types_compatible"]), None)

    def _read(self, content):
        with tarfile.open(fileobj=io.BytesIO(content)) as outer:
            with tarfile.open(fileobj=outer.extractfile("header.tar.gz")) as header:
                info = json.load(header.extractfile("header-info"))
                kind = json.load(header.extractfile("headers/0000/type-info"))
                has_meta_data = "headers/0000/meta-data" in header.getnames()
                meta_data = json.load(header.extractfile("headers/0000/meta-data")) if has_meta_data else {}
            signed = "manifest.sig" in outer.getnames()
            with tarfile.open(fileobj=outer.extractfile("data/0000.tar.gz")) as data:
                files = [self._describe(member, data.extractfile(member).read()) for member in data]
        update = {"type_info": {"type": kind["type"]}, "files": files or None,
                  "meta_data": [{"Key": key, "Value": value} for key, value in meta_data.items()]}
        if self.metadata:
            update["metadata"] = meta_data
        return {"id": str(uuid.uuid4()), "name": info["artifact_provides"]["artifact_name"], "description": "",
                "device_types_compatible": info["artifact_depends"]["device_type"],
                "info": {"format": "mender", "version": 3}, "signed": signed, "updates": [update],
                "artifact_provides": info["artifact_provides"], "artifact_depends": info["artifact_depends"],
                "size": len(content), "modified": now()}

    @staticmethod
    def _describe(member, content):
        return {"name": member.name, "checksum": hashlib.sha256(content).hexdigest(), "size": len(content),
                "date": "2024-01-01T00:00:00Z"}


class Deployments:
    """`lists_of_statistics`: whether the server is new enough to give the statistics of many at once."""

    def __init__(self, artifacts):
        self._artifacts = artifacts
        self.lists_of_statistics = True
        self.all = []  # the newest last; "parts" by device, which begin when the device has polled

    def create(self, body):
        devices = body.get("devices") or []
        if not body.get("name") or not body.get("artifact_name") or not devices:
            raise Refusal(400, "bad request: Invalid deployment definition: provide list of devices")
        if not self._artifacts.named(body["artifact_name"]):
            raise Refusal(422, "no artifact for the deployment")
        for other in self.all:
            if not other["finished"] and (other["name"], other["artifact_name"], other["devices"]) == (
                    body["name"], body["artifact_name"], devices):
                raise Refusal(409, "an active deployment with the same parameters already exists")
        self.all.append({"id": str(uuid.uuid4()), "name": body["name"], "artifact_name": body["artifact_name"],
                         "created": now(), "finished": None, "devices": list(devices), "parts": {}, "asked": {},
                         "forced": bool(body.get("force_installation"))})
        return self.all[-1]["id"]

    def find(self, identifier):
        for deployment in self.all:
            if deployment["id"] == identifier:
                return deployment
        raise Refusal(404, "Resource not found")

    def abort(self, identifier):
        deployment = self.find(identifier)
        if deployment["finished"]:
            raise Refusal(422, "Deployment already finished")
        for device in deployment["devices"]:
            part = deployment["parts"].setdefault(device, self._new_part(None))
            if part["status"] in ACTIVE:
                part["status"], part["finished"] = "aborted", now()
        deployment["finished"] = now()

    def decommission(self, device):
        for deployment in self.all:
            part = deployment["parts"].get(device)
            if part and part["status"] in ACTIVE:
                self._end(deployment, device, "decommissioned")

    # The device's side

    def poll(self, device, asked):
        """What a device that tells what it has is given; None: nothing."""
        for deployment in self.all:
            part = deployment["parts"].get(device)
            if device not in deployment["devices"] or deployment["finished"] or (part and part["status"] not in ACTIVE):
                continue
            # The trap: a device that tells something else while it is at it loses the deployment.
            if deployment["asked"].setdefault(device, asked) != asked:
                self._end(deployment, device, "failure")
                raise Refusal(409, "conflicting request data")
            if part is None:
                part = deployment["parts"][device] = self._new_part(None)
            if not deployment["forced"] and asked["artifact_name"] == deployment["artifact_name"]:
                self._end(deployment, device, "already-installed")
                continue
            part["image"] = part["image"] or self._artifacts.for_device(deployment["artifact_name"],
                                                                        asked["device_type"])
            if part["image"] is None:
                self._end(deployment, device, "noartifact")
                continue
            return deployment, part["image"]
        return None

    def report(self, identifier, device, status):
        deployment = self.find(identifier)
        part = deployment["parts"].get(device)
        if part is None:
            raise Refusal(404, "Resource not found")
        if part["status"] in ("aborted", "decommissioned"):
            raise Refusal(409, f"Deployment {part['status']}")
        if status in ENDS:
            self._end(deployment, device, status)
        else:
            part["status"] = status

    # Shapes

    def view(self, deployment):
        counters = self.statistics(deployment)
        begun = any(count for status, count in counters.items() if status != "pending")
        shown = {"id": deployment["id"], "name": deployment["name"], "artifact_name": deployment["artifact_name"],
                 "created": deployment["created"], "device_count": len(deployment["devices"]), "type": "software",
                 "max_devices": len(deployment["devices"]), "artifacts": None, "statistics": {"status": counters},
                 "status": "finished" if deployment["finished"] else "inprogress" if begun else "pending"}
        if deployment["finished"]:
            shown["finished"] = deployment["finished"]
        if deployment["forced"]:
            shown["force_installation"] = True
        return shown

    def statistics(self, deployment):
        counters = dict.fromkeys([*ACTIVE, *ENDS], 0)
        for device in deployment["devices"]:
            counters[deployment["parts"].get(device, {"status": "pending"})["status"]] += 1
        return counters

    @staticmethod
    def part_view(device, part):
        shown = {"id": device, "status": part["status"], "created": part["created"], "log": False}
        return shown | {key: part[key] for key in ("finished", "image") if part[key]}

    @staticmethod
    def wanted(part, status):
        return status in (None, part["status"]) or (status == "active" and part["status"] in ACTIVE) or (
            status == "finished" and part["status"] in ENDS)

    @staticmethod
    def _new_part(image):
        return {"status": "pending", "created": now(), "finished": None, "image": image}

    @staticmethod
    def _end(deployment, device, status):
        deployment["parts"][device].update(status=status, finished=now())
        parts = [deployment["parts"].get(one) for one in deployment["devices"]]
        if all(part and part["status"] in ENDS for part in parts):
            deployment["finished"] = now()
