"""A device: Debian's real Mender client in a sandbox, with everything a device image would hold."""

import json
import re
import shutil
import subprocess
import threading

import unpacked
from sandbox import Sandbox

AUTHENTICATION = ["--dest=io.mender.AuthenticationManager", "/io/mender/AuthenticationManager"]

IDENTITY = """#!/bin/sh
echo mac={mac}
"""

# The pid is the client's own: what `exec` starts keeps it.
START_CLIENT = "echo $$ > /run/mender.pid; exec mender --no-syslog --log-level {level} daemon"

INVENTORY = "/usr/share/mender/inventory/mender-inventory-update-modules"
EXAMPLES = "usr/share/doc/mender-client/examples"


class Log:
    """The client's output: kept, and awaited instead of polled."""

    def __init__(self, path):
        self.path = path
        self._lines = []
        self._failure = None
        self._grown = threading.Condition()

    def follow(self, stream):
        with open(self.path, "a", encoding="utf-8") as copy:
            for line in stream:
                copy.write(line)
                copy.flush()
                with self._grown:
                    self._lines.append(line.rstrip("\n"))
                    self._grown.notify_all()

    def fail(self, why):
        """Who awaits a line, now or later, is told why it cannot come."""
        with self._grown:
            self._failure = why
            self._grown.notify_all()

    def mark(self):
        """The present end, for `wait(..., after=)`: lines so far are not looked at."""
        return len(self._lines)

    def wait(self, pattern, after=0, timeout=60):
        """The first match of a regular expression in a line, now or within `timeout` seconds."""
        return self._wait(pattern, after, timeout)[0]

    def wait_beyond(self, pattern, after=0, timeout=60):
        """The same; gives the position behind that line, for another `after`."""
        return self._wait(pattern, after, timeout)[1]

    def _wait(self, pattern, after, timeout):
        expression = re.compile(pattern)
        position = after
        with self._grown:
            def found():
                nonlocal position
                while position < len(self._lines):
                    position += 1
                    if match := expression.search(self._lines[position - 1]):
                        return match, position
                if self._failure:
                    raise RuntimeError(f"{self._failure}, instead of: {pattern}")
                return None
            if answer := self._grown.wait_for(found, timeout):
                return answer
        raise TimeoutError(f"not in the client's log within {timeout} s: {pattern}\n" + self.text(after)[-4000:])

    def lines(self, pattern="", after=0):
        return [line for line in self._lines[after:] if re.search(pattern, line)]

    def text(self, after=0):
        return "\n".join(self._lines[after:])


class MenderDevice(Sandbox):
    """A Sandbox with the Mender client.

    server_url, server_certificate   as in mender.conf; the certificate is a PEM file on the host
    device_type, artifact_name       what the device is and runs
    mac                              its identity
    configuration                    more keys for mender.conf
    key                              the device's private key (PEM); without one the client makes RSA-3072

    on_boot, an attribute, is called at each boot before the client starts.
    """

    def __init__(self, folder, server_url, server_certificate=None, device_type="test-device",
                 artifact_name="release-1", mac="02:00:00:00:00:01", configuration=None, key=None,
                 log_level="info", **sandbox):
        super().__init__(folder, on_boot=self._after_boot, **sandbox)
        self.on_boot = lambda: None
        self.log = Log(self.root.with_name("client.log"))
        self._log_level = log_level
        self._client = None
        self._client_wanted = False
        self._install_package(mac)
        self.write("/etc/mender/artifact_info", f"artifact_name={artifact_name}\n")
        self.write("/etc/mender/scripts/version", "3")  # without it 3.4 stops syncing at the first script
        self.write("/data/mender/device_type", f"device_type={device_type}\n")
        self.path("/data/two-path").mkdir()
        for name in ("mender", "two-path"):
            self.path(f"/var/lib/{name}").symlink_to(f"/data/{name}")
        settings = {
            "ServerURL": server_url,
            "UpdatePollIntervalSeconds": 3600,  # tests ask for a check when they want one
            "InventoryPollIntervalSeconds": 3600,
            "RetryPollIntervalSeconds": 5,
        }
        if server_certificate:
            shutil.copy(server_certificate, self.path("/etc/mender/server.crt"))
            settings["ServerCertificate"] = "/etc/mender/server.crt"
        if key:
            shutil.copy(key, self.path("/data/mender/device.key"))
            settings["Security"] = {"AuthPrivateKey": "/data/mender/device.key"}
        self.configure(**settings, **(configuration or {}))

    # Set-up

    def configure(self, **settings):
        """Sets keys of mender.conf; the client reads them when it starts."""
        path = self.path("/etc/mender/mender.conf")
        present = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps({**present, **settings}, indent=2))

    def add_module(self, name, content):
        self.write(f"/usr/share/mender/modules/v3/{name}", content, 0o755)

    def _install_package(self, mac):
        package = unpacked.unpacked("mender-client")
        shutil.copy(package / "usr/bin/mender", self.path("/usr/local/bin/mender"))
        shutil.copytree(package / "usr/share/mender", self.path("/usr/share/mender"), dirs_exist_ok=True)
        shutil.copytree(package / "usr/share/dbus-1", self.path("/usr/share/dbus-1"), dirs_exist_ok=True)
        self.write("/usr/share/mender/identity/mender-device-identity", IDENTITY.format(mac=mac), 0o755)
        self.write(INVENTORY, (package / EXAMPLES / INVENTORY.rsplit("/", 1)[1]).read_bytes(), 0o755)

    # The client as a daemon

    def start(self, client=True):
        """Boots the device; with the client as a daemon, which then also runs after each reboot."""
        self._client_wanted = client
        super().start()

    def stop(self):
        super().stop()
        if self._client:
            self._client.wait()

    def start_client(self):
        """Starts the daemon (again), as the service manager would."""
        self._client_wanted = True
        self._client = self.popen(["/bin/sh", "-c", START_CLIENT.format(level=self._log_level)],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        threading.Thread(target=self._follow, args=[self._client], daemon=True).start()

    def kill_client(self):
        """SIGKILL to the daemon alone: its children, such as an update module, go on."""
        self._client_wanted = False
        self._signal("KILL")
        return self.wait_for_client_end()

    def wait_for_client_end(self, timeout=60):
        """Waits until the daemon has ended by itself and gives its exit code."""
        return self._client.wait(timeout)

    def check_update(self):
        """Asks the daemon to look for an update now."""
        self._signal("USR1")

    def send_inventory(self):
        self._signal("USR2")

    def _signal(self, name):
        self.run(["/bin/sh", "-c", f"kill -{name} $(cat /run/mender.pid)"]).check_returncode()

    def _follow(self, client):
        with client.stdout:
            self.log.follow(client.stdout)

    def _after_boot(self):
        self.on_boot()
        if self._client_wanted:
            self.start_client()

    # The client's bus

    def authentication(self, method):
        """Calls a method of io.mender.Authentication1; gives dbus-send's literal reply."""
        call = ["dbus-send", "--system", "--print-reply=literal", *AUTHENTICATION,
                f"io.mender.Authentication1.{method}"]
        done = self.run(call)
        done.check_returncode()
        return done.stdout.split()

    def token(self):
        """(token, url) as the client tells add-ons; both empty when it is not authenticated."""
        reply = self.authentication("GetJwtToken")
        return (reply[0], reply[1]) if len(reply) == 2 else ("", "")

    def reauthenticate(self):
        """Has the client fetch a new token; gives (token, url) when it is there.

        A connection to the old url that is still open 5 s later ends a 3.4 client, with exit code 1 and the line
        "Proxy Shutdown failed"; one that closes after 4.5 s does not.
        """
        mark = self.log.mark()
        self.authentication("FetchJwtToken")
        self.log.wait("successfully received new authorization data", after=mark)
        return self.token()

    # The client on the command line (no daemon needed, but then no token either)

    def install(self, path):
        """`mender install` of an artifact on the host."""
        shutil.copy(path, self.path("/data/standalone.mender"))
        return self.run(["mender", "--no-syslog", "install", "/data/standalone.mender"])

    def commit(self):
        return self.run(["mender", "--no-syslog", "commit"])

    def rollback(self):
        return self.run(["mender", "--no-syslog", "rollback"])

    def artifact_name(self):
        return self.run(["mender", "--no-syslog", "show-artifact"]).stdout.strip().splitlines()[-1]
