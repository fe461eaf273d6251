"""A plugin beside a stand-in Mender server: operators and Mender clients go to its gateway, the module to the plugin."""

import http.client
import pathlib
import ssl
import time

from mender_server import EMAIL, PASSWORD, MenderServer
from path_case import PathCase
from plugin import Plugin


class MenderPlugin(Plugin):
    """Its operator's requests, and the Mender client's of a module_calls.Device, go through Mender's gateway."""

    def __init__(self, folder, mender, settings=None):
        self.mender = mender
        self.token_file = pathlib.Path(folder) / "access-token"
        super().__init__(folder, settings={
            "host.type": "mender", "mender.url": mender.url, "mender.token_file": self.token_file,
            "mender.ca_file": mender.certificate, **(settings or {})})
        self.write_token(mender.new_access_token())

    def write_token(self, token):
        self.token = token
        self.token_file.touch(0o600)
        self.token_file.write_text(token + "\n")

    def start(self):
        super().start()
        self.mender.plugin = (self.address, self.https_port, self.certificate)

    def log_in(self):
        self.command("login", "--server", self.mender.url, "--ca", self.mender.certificate, EMAIL,
                     text_input=PASSWORD + "\n")

    def direct(self, method, path, token, body=None):
        """One request past the gateway: (status, headers, bytes)."""
        return super()._exchange(method, path, body, {"Authorization": f"Bearer {token}"} if token else {})

    def _exchange(self, method, path, body, headers):
        context = ssl.create_default_context(cafile=self.mender.certificate)
        connection = http.client.HTTPSConnection("127.0.0.1", self.mender.port, context=context, timeout=30)
        try:
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            return reply.status, dict(reply.getheaders()), reply.read()
        finally:
            connection.close()


class MenderCase(PathCase):
    algorithm = "RS256"

    @classmethod
    def new_plugin(cls):
        cls.mender = MenderServer(cls.folder / "mender", cls.algorithm)
        cls.addClassCleanup(cls.mender.stop)
        return MenderPlugin(cls.folder / "plugin", cls.mender, cls.settings_for(cls.mender))

    @classmethod
    def settings_for(cls, _mender):
        return cls.settings

    def tearDown(self):
        self.mender.heal()
        self.assertNotIn(self.plugin.token, self.plugin.log())

    def wait_for_log(self, text, since=0, within=30):
        """The log's length once it says `text` behind `since`."""
        end = time.monotonic() + within
        while text not in (log := self.plugin.log())[since:]:
            self.assertLess(time.monotonic(), end, f"the plugin does not say `{text}`:\n{log[-3000:]}")
            self.wait_for_the_next_look()
        return len(log)

    def ask(self, token=None):
        """What the plugin answers the device, or another token's holder, about a session that is not there."""
        token = self.device.token if token is None else token
        return self.plugin.direct("GET", "/api/devices/v1/two-path/sessions/" + "A" * 22, token)

    def junk(self, number):
        """What looks like the device's token until somebody looks at its signature."""
        return self.device.token.rsplit(".", 1)[0] + f".{10 ** 7 + number}"

    def restart_plugin(self):
        """Also what it knows of tokens, addresses and pauses is gone."""
        self.assertEqual(self.plugin.stop(), 0)
        self.plugin.start()

    def wait_for_status(self, expected, token=None, within=15):
        end = time.monotonic() + within
        while (found := self.ask(token)[0]) != expected:
            self.assertLess(time.monotonic(), end, f"{found} is answered, not {expected}")
            self.wait_for_the_next_look()

    def finish_update(self, update, deployment):
        """What follows the installation on a device that has restarted."""
        update.call("ArtifactVerifyReboot", check=0)
        update.call("ArtifactCommit", check=0)
        update.call("Cleanup", check=0)
        self.assertEqual(self.device.report(deployment, "success"), 204)
        self.assertEqual(self.session()["state"], "committed")
        self.assertEqual(self.installed_version(), "2.0")
