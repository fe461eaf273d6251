"""Both ends in push mode: the device listens on its side of a private network, and the plugin comes."""

from network import Network
from path_case import PathCase
from plugin import Plugin
from relay import Relay

RELAY = "10.77.0.3"
STRANGER = "10.77.0.9"
PORTS = range(40000, 40010)  # on the device's own network: nobody else is there


class PushCase(PathCase):
    network_kind = Network
    settings = {"ftp.push": "true", "ftp.push_networks": "10.77.0.0/24", "ftp.push_from": ["10.77.0.1", RELAY]}

    @classmethod
    def new_plugin(cls):
        cls.network = cls.network_kind()
        cls.addClassCleanup(cls.network.close)
        cls.network.add_address(cls.network.device, RELAY)
        cls.network.add_address(cls.network.server, STRANGER)
        side = cls.network.server
        return Plugin(cls.folder / "plugin", address=side.address, settings=cls.settings, side=side)

    def new_device(self, **options):
        listening = {"mode": "push", "push_address": "cable", "push_ports": f"{PORTS[0]}-{PORTS[-1]}"}
        return super().new_device(side=self.network.device, configuration=listening, **options)

    def relay(self, kind=Relay, **hooks):
        """From now on the device tells the relay's address as its own."""
        device = self.network.device
        self.device.configure(push_address=RELAY, push_listen=device.address)
        relay = kind(device.address, PORTS[0], RELAY, data="up", side=device, **hooks)
        self.addCleanup(relay.__exit__)
        return relay

    def connect(self, source=None):
        """A TCP connection to where the device listens, from the plugin's side; None when it is refused or reset."""
        try:
            return self.network.server.connect(self.network.device.address, PORTS[0], timeout=5, source=source)
        except (ConnectionRefusedError, ConnectionResetError):
            return None
