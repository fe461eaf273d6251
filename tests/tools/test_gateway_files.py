"""Gateway files that no program here can run: their YAML is whole, and its parts agree with each other."""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from mender_model import Tokens  # noqa: E402
from mender_server import OPERATOR  # noqa: E402
from nginx import SNIPPETS  # noqa: E402
from plugin import SERVER  # noqa: E402


INGRESS_PODS = "ADDRESSES/BITS-OF-THE-INGRESS-PODS"


class GatewayFiles(unittest.TestCase):
    def passive_ports(self, folder):
        conf = (SNIPPETS / folder / "two-path-server.conf").read_text()
        return [int(port) for port in re.search(r"(?m)^passive_ports = (\d+)-(\d+)$", conf).groups()]

    def load(self, name):
        return yaml.safe_load((SNIPPETS / "compose" / name).read_text())

    def test_the_compose_override_and_its_settings_agree(self):
        server = self.load("two-path.yml")["services"]["two-path"]
        first, last = self.passive_ports("compose")
        self.assertEqual(server["ports"], ["2121:2121", f"{first}-{last}:{first}-{last}"])
        self.assertIn("two-path-state:/var/lib/two-path-server", server["volumes"])
        self.assertIn("two-path-state", self.load("two-path.yml")["volumes"])
        self.assertEqual(server["image"], "two-path-server")

    def test_the_server_takes_the_settings(self):
        with tempfile.TemporaryDirectory() as folder:
            here = pathlib.Path(folder)
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout",
                            here / "key", "-out", here / "mender.crt"], check=True, capture_output=True)
            (here / "mender-token").touch(0o640)
            (here / "mender-token").write_text(Tokens(here, "RS256").issue("user", OPERATOR))
            for kind in ("compose", "kubernetes"):
                text = (SNIPPETS / kind / "two-path-server.conf").read_text()
                if kind == "kubernetes":
                    self.refuses_until_filled_in(here, text)
                    text = text.replace(INGRESS_PODS, "10.42.7.0/24")
                (here / "conf").write_text(text.replace("/etc/two-path/", f"{here}/"))
                checked = subprocess.run([SERVER, "--config", here / "conf", "--check-config"], text=True,
                                         capture_output=True, check=False)
                self.assertEqual((checked.returncode, checked.stderr), (0, ""), kind)

    def refuses_until_filled_in(self, here, text):
        """Whom to trust nobody can guess."""
        (here / "conf").write_text(text.replace("/etc/two-path/", f"{here}/"))
        checked = subprocess.run([SERVER, "--config", here / "conf", "--check-config"], text=True, capture_output=True,
                                 check=False)
        self.assertEqual(checked.returncode, 3, checked.stderr)
        self.assertIn(INGRESS_PODS, checked.stderr)

    def test_in_kubernetes_only_the_ingress_reaches_what_believes_it(self):
        policy = next(part for part in yaml.safe_load_all((SNIPPETS / "kubernetes/two-path.yaml").read_text())
                      if part["kind"] == "NetworkPolicy")["spec"]
        self.assertEqual((policy["podSelector"], policy["policyTypes"]), ({"matchLabels": {"app": "two-path"}},
                                                                          ["Ingress"]))
        https, ftp = policy["ingress"]
        [ingress] = https["from"]
        self.assertTrue(ingress["namespaceSelector"]["matchLabels"] and ingress["podSelector"]["matchLabels"])
        self.assertEqual(https["ports"], [{"port": 8443}])
        first, last = self.passive_ports("kubernetes")
        self.assertEqual(ftp, {"ports": [{"port": 2121}, {"port": first, "endPort": last}]})

    def test_the_files_that_the_settings_name_are_brought_in(self):
        mounted = [volume.split(":")[1] for volume in self.load("two-path.yml")["services"]["two-path"]["volumes"]]
        for name in self.named_files("compose"):
            self.assertIn(name, mounted)
        # In Kubernetes, by the names that its comment gives to configuration and secret.
        said = (SNIPPETS / "kubernetes/two-path.yaml").read_text()
        for name in self.named_files("kubernetes"):
            self.assertIn(f"--from-file={pathlib.Path(name).name}\n", said)

    def named_files(self, folder):
        found = re.findall(r"(?m)^\w+ = (/etc/two-path/\S+)$", (SNIPPETS / folder / "two-path-server.conf").read_text())
        self.assertTrue(found)
        return found

    def test_traefiks_routes_ask_mender_and_check_the_server(self):
        routes = self.load("two-path.traefik.yaml")["http"]
        chains = {}
        for router in routes["routers"].values():
            pattern = re.fullmatch(r"PathRegexp\(`(.*)`\)", router["rule"])[1]
            for side in ("/api/devices/v1/two-path/sessions", "/api/management/v1/two-path/sessions", "/ui/two-path/"):
                if re.match(pattern, side):
                    chains[side] = router.get("middlewares")
            for foreign in ("/api/devices/v1/deployments/x", "/api/devices/v1/two-path-other", "/ui/", "/ui/two-pathology"):
                self.assertIsNone(re.match(pattern, foreign), foreign)
            self.assertGreater(router["priority"], 1, "Mender's UI has priority 1 and takes everything")
            self.assertIn(router["service"], routes["services"])
        self.assertEqual(chains, {"/api/devices/v1/two-path/sessions": ["devStack"],
                                  "/api/management/v1/two-path/sessions": ["mgmtStack"], "/ui/two-path/": None})
        balancer = routes["services"]["two-path"]["loadBalancer"]
        self.assertEqual([server["url"] for server in balancer["servers"]], ["https://two-path:8443"])
        transport = routes["serversTransports"][balancer["serversTransport"]]
        self.assertIn(f"name = {transport['serverName']}\n", (SNIPPETS / "compose/two-path-server.conf").read_text())
        self.assertTrue(transport["rootCAs"])
        self.assertNotIn("insecureSkipVerify", transport)

    def test_kubernetes_files_agree(self):
        parts = {(part["kind"], part["metadata"]["name"]): part
                 for part in yaml.safe_load_all((SNIPPETS / "kubernetes/two-path.yaml").read_text())}
        service = parts["Service", "two-path"]
        paths = yaml.safe_load((SNIPPETS / "kubernetes/helm-values.yaml").read_text())["ingress"]["extraPaths"]
        for entry in paths:
            self.assertEqual(entry["backend"], {"serviceName": "two-path",
                                                "servicePortNumber": service["spec"]["ports"][0]["port"]})
        self.assertEqual([entry["path"] for entry in paths],
                         ["/api/devices/v1/two-path", "/api/management/v1/two-path", "/ui/two-path"])
        transport = service["metadata"]["annotations"]["traefik.ingress.kubernetes.io/service.serverstransport"]
        self.assertTrue(transport.endswith("two-path@kubernetescrd"))
        verified = parts["ServersTransport", "two-path"]["spec"]
        self.assertIn(f"name = {verified['serverName']}\n", (SNIPPETS / "kubernetes/two-path-server.conf").read_text())
        self.assertTrue(verified["rootCAsSecrets"])
        self.assertNotIn("insecureSkipVerify", verified)
        first, last = self.passive_ports("kubernetes")
        self.assertEqual([port["port"] for port in parts["Service", "two-path-ftp"]["spec"]["ports"]],
                         [2121, *range(first, last + 1)])
        pods = parts["StatefulSet", "two-path"]["spec"]["template"]
        settings = next(volume for volume in pods["spec"]["volumes"] if volume["name"] == "settings")["projected"]
        self.assertEqual(settings["defaultMode"], 0o440, "the server takes no token that others may read")
        for name in ("two-path", "two-path-ftp"):
            self.assertEqual(parts["Service", name]["spec"]["selector"], pods["metadata"]["labels"])


if __name__ == "__main__":
    unittest.main()
