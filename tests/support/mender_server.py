"""A stand-in Mender server: its API behind TLS, and what happens to it.

It answers only what Mender's public interfaces say, so that what works here does not rest on a kindness of the stand-in.
"""

import base64
import json
import re
import ssl
import subprocess
import threading
import urllib.parse
import uuid

from mender_gateway import Fault, Listener, Refusal
from mender_model import Artifacts, Deployments, Tokens

PASSWORD = "correct horse battery staple"
EMAIL = "operator@example.com"
OPERATOR = "6f1f6cb0-4d3c-4f3a-9a0e-0f6f0d0a7a11"
LINK_SECRET = "5f0c8e2f7a6d4b0e9c1d"
DEVICE_API = "/api/devices/v1/deployments/device/deployments"
DEPLOYMENTS = "/api/management/v1/deployments/deployments"


class MenderServer:
    """`folder` is its own. `requests`: every (method, path with query) that Mender, not the plugin, was asked."""

    def __init__(self, folder, algorithm="RS256"):
        folder.mkdir(parents=True)
        self.tokens = Tokens(folder, algorithm)
        self.artifacts = Artifacts()
        self.deployments = Deployments(self.artifacts)
        self.devices = {}    # by id: {"status", "identity", "auth"}
        self.inventory = {}  # by id: {name: value}
        self.groups = {}     # by id
        self.requests = []
        self.storage = lambda: self.url  # where download links lead
        self.plugin = None   # where the gateway routes two-path's paths: (address, port, its certificate)
        self.certificate = folder / "mender.pem"
        self._faults = []
        self._lock = threading.Lock()
        key = folder / "mender.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-out", self.certificate, "-days", "2", "-subj", "/CN=mender",
                        "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate, key)
        self._public = Listener(lambda request: self._answer(request, ROUTES), self._befalls, lambda: self.plugin,
                                context)
        self._internal = Listener(lambda request: self._answer(request, INTERNAL), self._befalls, lambda: None)

    @property
    def url(self):
        return f"https://127.0.0.1:{self._public.server_port}"

    @property
    def port(self):
        return self._public.server_port

    @property
    def plain_url(self):
        return f"http://127.0.0.1:{self._internal.server_port}"

    @property
    def verify_url(self):
        """What only services inside Mender's network reach."""
        return self.plain_url + "/api/internal/v1/devauth/tokens/verify"

    def stop(self):
        self.heal()
        self._public.end()
        self._internal.end()

    # What happens to it

    def fault(self, pattern, **how):
        self._faults.append(Fault(pattern, **how))
        return self._faults[-1]

    def go_down(self):
        """Of Mender nothing answers any more; the gateway still finds the plugin."""
        return self.fault(".*", close=True)

    def heal(self):
        faults, self._faults = self._faults, []
        for fault in faults:
            fault.over.set()

    def new_access_token(self):
        return self.tokens.issue("user", OPERATOR)

    def reject(self, device):
        self.devices[device]["status"] = "rejected"
        self.tokens.revoke_all_of(device)

    def decommission(self, device):
        del self.devices[device]
        self.tokens.revoke_all_of(device)
        self.deployments.decommission(device)

    # One request

    def _befalls(self, method, target):
        self.requests.append((method, target))
        return next((fault for fault in self._faults if fault.pattern.search(target)), None)

    def _answer(self, request, routes):
        with self._lock:
            for method, pattern, kind, serve in routes:
                found = re.fullmatch(pattern, request.path)
                if found and request.method in method:
                    if kind:
                        request.subject = self.tokens.subject_of(request.bearer, kind)
                    return serve(self, request, *map(urllib.parse.unquote, found.groups()))
            raise Refusal(404, "Not Found")

    # useradm

    def log_in(self, request):
        given = base64.b64decode(request.headers.get("Authorization", "").removeprefix("Basic ")).decode()
        if given != f"{EMAIL}:{PASSWORD}":
            raise Refusal(401, "unauthorized")
        return 200, self.new_access_token()

    def who_am_i(self, request):
        return 200, {"id": request.subject, "email": EMAIL}

    # deviceauth and inventory

    def authenticate(self, request):
        body = request.json()
        if not request.headers.get("X-MEN-Signature"):
            raise Refusal(400, "missing request signature header")
        device = str(uuid.uuid5(uuid.NAMESPACE_OID, body["id_data"]))
        self.devices.setdefault(device, {"status": "accepted", "identity": json.loads(body["id_data"]),
                                         "auth": str(uuid.uuid4())})
        if self.devices[device]["status"] != "accepted":
            raise Refusal(401, "dev auth: unauthorized")
        return 200, self.tokens.issue("device", device)

    def verify(self, request):
        self.tokens.subject_of(request.bearer, "device")
        return 200, None

    def verify_user(self, request):
        if not request.headers.get("X-Forwarded-Method") or request.headers.get("X-Forwarded-Uri", "").count("/") < 4:
            raise Refusal(500, "internal error")
        self.tokens.subject_of(request.bearer, "user")
        return 200, None

    def list_devices(self, request):
        wanted = request.query.get("id", list(self.devices))
        return 200, [{"id": device, "identity_data": self.devices[device]["identity"], "decommissioning": False,
                      "status": self.devices[device]["status"], "created_ts": "2024-01-01T00:00:00Z",
                      "auth_sets": [{"id": self.devices[device]["auth"], "ts": "2024-01-01T00:00:00Z",
                                     "status": self.devices[device]["status"]}]}
                     for device in wanted if device in self.devices]

    def take_inventory(self, request):
        self.inventory[request.subject] = {one["name"]: one["value"] for one in request.json()}
        return 200, None

    def show_inventory(self, _request, device):
        if device not in self.inventory and device not in self.groups:
            raise Refusal(404, "Device not found")
        attributes = [{"name": name, "value": value, "scope": "inventory"}
                      for name, value in self.inventory.get(device, {}).items()]
        if device in self.groups:
            attributes.append({"name": "group", "value": self.groups[device], "scope": "system"})
        return 200, {"id": device, "attributes": attributes, "updated_ts": "2024-01-01T00:00:00Z"}

    # deployments, the operator's side

    def upload(self, request):
        boundary = re.search("boundary=([^;]+)", request.headers["Content-Type"])[1].encode()
        parts = request.body.split(b"--" + boundary)[1:-1]
        head, _, content = parts[-1].partition(b"\r\n\r\n")
        if b'name="artifact"' not in head:
            raise Refusal(400, "the artifact must be the last part")
        created = self.artifacts.add(content.removesuffix(b"\r\n"))
        return 201, None, {"Location": f"/api/management/v1/deployments/artifacts/{created}"}

    def list_artifacts(self, _request):
        return 200, self.artifacts.all

    def find_artifacts(self, request):
        name = request.query.get("name", [""])[0]
        return 200, self._page(request, [artifact for artifact in self.artifacts.all
                                         if artifact["name"].startswith(name)])

    def remove_artifact(self, _request, artifact):
        self.artifacts.remove(artifact)
        return 204, None

    def link_to_artifact(self, _request, artifact):
        if artifact not in [one["id"] for one in self.artifacts.all]:
            raise Refusal(404, "Resource not found")
        return 200, self._link(artifact)

    def _link(self, artifact):
        return {"uri": f"{self.storage()}/storage/{artifact}?X-Amz-Signature={LINK_SECRET}",
                "expire": "2099-01-01T00:00:00Z"}

    def download(self, request, artifact):
        if request.query.get("X-Amz-Signature") != [LINK_SECRET] or request.headers.get("Authorization"):
            raise Refusal(403, "SignatureDoesNotMatch")
        return 200, self.artifacts.content[artifact]

    def list_releases(self, request):
        return 200, self._page(request, self.artifacts.releases(request.query.get("tag", [None])[0]))

    def create_deployment(self, request):
        created = self.deployments.create(request.json())
        return 201, None, {"Location": f"{DEPLOYMENTS}/{created}"}

    def list_deployments(self, request):
        status = request.query.get("status", [None])[0]
        shown = [self.deployments.view(one) for one in reversed(self.deployments.all)]
        return 200, self._page(request, [one for one in shown if status in (None, one["status"])])

    def show_deployment(self, _request, deployment):
        return 200, self.deployments.view(self.deployments.find(deployment))

    def abort_deployment(self, request, deployment):
        if request.json() != {"status": "aborted"}:
            raise Refusal(400, "unexpected deployment status")
        self.deployments.abort(deployment)
        return 204, None

    def list_parts(self, request, deployment):
        status = request.query.get("status", [None])[0]
        parts = self.deployments.find(deployment)["parts"]
        return 200, self._page(request, [self.deployments.part_view(device, part) for device, part in parts.items()
                                         if self.deployments.wanted(part, status)])

    def list_targets(self, _request, deployment):
        return 200, self.deployments.find(deployment)["devices"]

    def list_statistics(self, request):
        if not self.deployments.lists_of_statistics:
            raise Refusal(404, "Not Found")
        wanted = request.json()["deployment_ids"]
        return 200, [{"id": one["id"], "stats": self.deployments.statistics(one)} for one in self.deployments.all
                     if one["id"] in wanted]

    def history(self, request, device):
        status = request.query.get("status", [None])[0]
        seen = [(one, one["parts"][device]) for one in reversed(self.deployments.all) if device in one["parts"]]
        shown = [{"id": str(uuid.uuid4()), "deployment": self.deployments.view(one),
                  "device": self.deployments.part_view(device, part)}
                 for one, part in seen if self.deployments.wanted(part, status)]
        return 200, self._page(request, shown, most=20)

    @staticmethod
    def _page(request, entries, most=500):
        page, size = (int(request.query.get(name, [default])[0]) for name, default in (("page", 1), ("per_page", 20)))
        if size > most:
            raise Refusal(400, f"per_page: must be at most {most}")
        return entries[(page - 1) * size:page * size]

    # deployments, the device's side

    def poll(self, request):
        told = request.json() if request.body else {name: values[0] for name, values in request.query.items()}
        asked = {name: told.get(name, "") for name in ("artifact_name", "device_type")}
        if not all(asked.values()):
            raise Refusal(400, "artifact_name: cannot be blank; device_type: cannot be blank.")
        given = self.deployments.poll(request.subject, asked)
        if given is None:
            return 204, None
        deployment, image = given
        return 200, {"id": deployment["id"], "artifact": {
            "id": image["id"], "artifact_name": image["name"], "source": self._link(image["id"]),
            "device_types_compatible": image["device_types_compatible"]}}

    def take_status(self, request, deployment):
        self.deployments.report(deployment, request.subject, request.json()["status"])
        return 204, None


# (methods, path, whose token it needs, what serves it)
DOWNLOAD = (["GET"], "/storage/([^/]+)", None, MenderServer.download)
ROUTES = [
    (["POST"], "/api/management/v1/useradm/auth/login", None, MenderServer.log_in),
    (["GET"], "/api/management/v1/useradm/users/me", "user", MenderServer.who_am_i),
    (["GET"], "/api/management/v2/devauth/devices", "user", MenderServer.list_devices),
    (["GET"], "/api/management/v1/inventory/devices/([^/]+)", "user", MenderServer.show_inventory),
    (["POST"], "/api/management/v1/deployments/artifacts", "user", MenderServer.upload),
    (["GET"], "/api/management/v1/deployments/artifacts", "user", MenderServer.list_artifacts),
    (["GET"], "/api/management/v1/deployments/artifacts/list", "user", MenderServer.find_artifacts),
    (["DELETE"], "/api/management/v1/deployments/artifacts/([^/]+)", "user", MenderServer.remove_artifact),
    (["GET"], "/api/management/v1/deployments/artifacts/([^/]+)/download", "user", MenderServer.link_to_artifact),
    (["GET"], "/api/management/v2/deployments/deployments/releases", "user", MenderServer.list_releases),
    DOWNLOAD,
    (["POST"], DEPLOYMENTS, "user", MenderServer.create_deployment),
    (["GET"], DEPLOYMENTS, "user", MenderServer.list_deployments),
    (["POST"], DEPLOYMENTS + "/statistics/list", "user", MenderServer.list_statistics),
    (["GET"], DEPLOYMENTS + "/devices/([^/]+)", "user", MenderServer.history),
    (["GET"], DEPLOYMENTS + "/([^/]+)", "user", MenderServer.show_deployment),
    (["PUT"], DEPLOYMENTS + "/([^/]+)/status", "user", MenderServer.abort_deployment),
    (["GET"], DEPLOYMENTS + "/([^/]+)/devices/list", "user", MenderServer.list_parts),
    (["GET"], DEPLOYMENTS + "/([^/]+)/device_list", "user", MenderServer.list_targets),
    (["POST"], "/api/devices/v1/authentication/auth_requests", None, MenderServer.authenticate),
    (["PUT", "PATCH"], "/api/devices/v1/inventory/device/attributes", "device", MenderServer.take_inventory),
    (["GET", "POST"], DEVICE_API + "/next", "device", MenderServer.poll),
    (["PUT"], DEVICE_API + "/([^/]+)/status", "device", MenderServer.take_status),
]
INTERNAL = [
    (["GET", "POST"], "/api/internal/v1/devauth/tokens/verify", None, MenderServer.verify),
    (["GET", "POST"], "/api/internal/v1/useradm/auth/verify", None, MenderServer.verify_user),
    DOWNLOAD,
]
