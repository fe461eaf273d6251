"""The embedded host as Mender's own user interface calls it: each answer has the shape that Mender's documents promise.

The calls are those of version 4.0.4 in the order of an operator's day: log in, look at devices, releases and
deployments, deploy, watch, abort. (docs/embedded-host.md says what is answered.)
"""

import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import jsonschema  # noqa: E402
import mender_shapes as shapes  # noqa: E402
from path_case import PathCase  # noqa: E402

MANAGEMENT = "/api/management"
DEPLOYMENTS = f"{MANAGEMENT}/v1/deployments/deployments"
RELEASES = f"{MANAGEMENT}/v2/deployments/deployments/releases"
SEARCH = f"{MANAGEMENT}/v2/inventory/filters/search"
TOKENS = f"{MANAGEMENT}/v1/useradm/settings/tokens"


class UiCase(PathCase):
    def ask(self, method, path, body=None, status=200, shape=None, headers=None, token=None):
        """The answer's headers and JSON body, which must have the shape."""
        got, answer_headers, answer = self.plugin.request(method, path, body, headers, token)
        self.assertEqual(got, status, f"{method} {path}: {answer!r}")
        content = answer and answer_headers["Content-Type"].startswith("application/json")
        document = json.loads(answer) if content else answer
        if shape is not None:
            jsonschema.validate(document, shape)
        return answer_headers, document

    def listed(self, method, path, items, body=None, least=1):
        """A list of at least `least` items with what paging needs."""
        headers, document = self.ask(method, path, body, shape=shapes.list_of(items, minItems=least))
        self.assertGreaterEqual(int(headers["X-Total-Count"]), len(document))
        self.assertIn('rel="first"', headers["Link"])
        return document

    def tell(self):
        """What the Mender client tells of its device after it was let in."""
        self.device.send_inventory()


class OperatorsDay(UiCase):
    def test_the_start_page_finds_what_it_asks_for(self):
        self.tell()
        self.ask("GET", f"{MANAGEMENT}/v1/useradm/users/me", shape=shapes.USER)
        for path in ("settings", "settings/me"):
            headers, _ = self.ask("GET", f"{MANAGEMENT}/v1/useradm/{path}", shape={"type": "object"})
            self.assertTrue(headers["ETag"])
        self.ask("GET", f"{MANAGEMENT}/v2/inventory/filters/attributes",
                 shape=shapes.list_of(shapes.FILTERABLE, minItems=1))
        for status in ("accepted", "pending", "preauthorized", "rejected"):
            self.listed("POST", SEARCH, shapes.INVENTORY, least=int(status == "accepted"), body={
                "page": 1, "per_page": 20, "attributes": [], "sort": [],
                "filters": [{"scope": "identity", "attribute": "status", "type": "$eq", "value": status}]})
        self.listed("POST", SEARCH, shapes.INVENTORY, body={
            "page": 1, "per_page": 500, "filters": [
                {"scope": "system", "attribute": "group", "type": "$nin", "value": [""]},
                {"scope": "identity", "attribute": "status", "type": "$eq", "value": "accepted"}]})
        self.ask("GET", f"{MANAGEMENT}/v1/inventory/groups", shape=shapes.TEXTS)
        for status in ("pending", "inprogress", "finished"):
            self.listed("GET", f"{DEPLOYMENTS}?status={status}&per_page=20&page=1&sort=desc", shapes.DEPLOYMENT, least=0)
        self.listed("GET", f"{RELEASES}?page=1&per_page=20&sort=modified:desc", shapes.RELEASE, least=0)
        self.ask("GET", f"{MANAGEMENT}/v1/iot-manager/integrations", shape=shapes.list_of({}))
        self.ask("GET", f"{MANAGEMENT}/v2/devauth/limits/max_devices", shape=shapes.shape({"limit": shapes.COUNT}))

    def test_what_real_servers_do_not_have_either_is_told_as_they_tell_it(self):
        for path in ("v1/tenantadm/user/tenant", "v2/inventory/filters?per_page=500", "v2/useradm/roles",
                     "v2/useradm/permission_sets"):
            self.ask("GET", f"{MANAGEMENT}/{path}", status=404, shape=shapes.ERROR)

    def test_a_device_is_shown_rejected_and_accepted(self):
        self.tell()
        device, = self.listed("GET", f"{MANAGEMENT}/v2/devauth/devices?id={self.device.id}", shapes.DEVICE)
        status = f"{MANAGEMENT}/v2/devauth/devices/{device['id']}/auth/{device['auth_sets'][0]['id']}/status"
        for wanted in ("rejected", "accepted"):
            self.ask("PUT", status, {"status": wanted}, status=204)
            shown, = self.listed("POST", f"{MANAGEMENT}/v2/devauth/devices/search", shapes.DEVICE,
                                 {"id": [device["id"]], "status": [wanted]})
            self.assertEqual(shown["status"], wanted)
        self.ask("GET", f"{MANAGEMENT}/v1/inventory/devices/{device['id']}", shape=shapes.INVENTORY)
        self.ask("PUT", f"{MANAGEMENT}/v1/inventory/devices/{device['id']}/tags",
                 [{"name": "site", "value": "north"}])
        self.ask("GET", f"{MANAGEMENT}/v2/devauth/devices/unknown", status=404, shape=shapes.ERROR)

    def test_a_release_is_tagged_and_deployed_watched_and_aborted(self):
        self.publish()
        releases = self.listed("GET", f"{RELEASES}?name={self.release}&per_page=1", shapes.RELEASE)
        self.assertEqual([release["name"] for release in releases], [self.release])
        self.ask("PUT", f"{RELEASES}/{self.release}/tags", ["stable"], status=204)
        self.ask("PATCH", f"{RELEASES}/{self.release}", {"notes": "mind the step"}, status=204)
        _, release = self.ask("GET", f"{RELEASES}/{self.release}", shape=shapes.RELEASE)
        self.assertEqual((release["tags"], release["notes"]), (["stable"], "mind the step"))
        self.ask("GET", f"{MANAGEMENT}/v2/deployments/releases/all/tags", shape=shapes.TEXTS)
        self.ask("GET", f"{MANAGEMENT}/v2/deployments/releases/all/types", shape=shapes.TEXTS)
        artifact = release["artifacts"][0]["id"]
        self.ask("GET", f"{MANAGEMENT}/v1/deployments/artifacts/{artifact}/download",
                 shape=shapes.shape({"uri": shapes.TEXT, "expire": shapes.TIME}))

        order = {"artifact_name": self.release, "devices": [self.device.id], "name": "to one",
                 "force_installation": False}
        headers, _ = self.ask("POST", DEPLOYMENTS, order, status=201)
        one = headers["Location"]
        self.ask("POST", DEPLOYMENTS, order, status=409, shape=shapes.ERROR)
        _, settings = self.ask("GET", f"{MANAGEMENT}/v1/useradm/settings")
        self.ask("POST", f"{MANAGEMENT}/v1/useradm/settings", {**settings, "hasDeployments": True}, status=201)
        self.device.report(self.device.next_deployment(), "downloading")
        _, shown = self.ask("GET", one, shape=shapes.DEPLOYMENT)
        self.assertEqual(shown["status"], "inprogress")
        part, = self.listed("GET", f"{one}/devices/list?page=1&per_page=10", shapes.DEVICE_DEPLOYMENT)
        self.assertEqual(part["status"], "downloading")
        self.ask("GET", f"{one}/statistics", shape=shapes.STATISTICS)
        self.ask("POST", f"{DEPLOYMENTS}/statistics/list", {"deployment_ids": [shown["id"]]},
                 shape=shapes.list_of(shapes.shape({"id": shapes.UUID, "stats": shapes.STATISTICS}), minItems=1))
        self.listed("GET", f"{DEPLOYMENTS}/devices/{self.device.id}?page=1&per_page=20", shapes.HISTORY)
        self.ask("GET", f"{one}/devices/{self.device.id}/log", status=404, shape=shapes.ERROR)
        self.ask("DELETE", f"{RELEASES}?name={self.release}", status=409, shape=shapes.ERROR)
        self.ask("PUT", f"{one}/status", {"status": "aborted"}, status=204)
        self.ask("PUT", f"{one}/status", {"status": "aborted"}, status=422, shape=shapes.ERROR)
        self.ask("DELETE", f"{RELEASES}?name={self.release}", status=204)

    def test_a_program_deploys_with_a_personal_access_token(self):
        self.publish()
        _, token = self.ask("POST", TOKENS, {"name": f"ci of {self.name}", "expires_in": 3600})
        token = token.decode()
        listed = self.ask("GET", TOKENS, shape=shapes.list_of(shapes.TOKEN, minItems=1))[1]
        order = {"artifact_name": self.release, "all_devices": True, "name": "All devices"}
        headers, _ = self.ask("POST", DEPLOYMENTS, order, status=201, token=token)
        self.ask("PUT", f"{headers['Location']}/status", {"status": "aborted"}, status=204)
        self.assertNotIn(token, self.plugin.log())
        self.ask("DELETE", f"{TOKENS}/{listed[-1]['id']}", status=204)
        self.ask("POST", DEPLOYMENTS, order, status=401, shape=shapes.ERROR, token=token)

    def test_users_are_managed(self):
        users = f"{MANAGEMENT}/v1/useradm/users"
        headers, _ = self.ask("POST", users, {"email": "second@example.com", "password": "a long password"}, status=201)
        self.listed("GET", users, shapes.USER, least=2)
        self.ask("POST", users, {"email": "second@example.com", "password": "a long password"}, status=422,
                 shape=shapes.ERROR)
        self.ask("DELETE", headers["Location"], status=204)


if __name__ == "__main__":
    unittest.main()
