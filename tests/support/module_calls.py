"""The update module called as a Mender client calls it, without the client: fast enough for a fault in every step.

`Device` speaks Mender's device API for itself (its key, its token, its deployment). `Update` is one artifact on it:
the file tree that the client would make, the states in the order that 3.4 and 5.1 were seen to call them.
"""

import base64
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tarfile
import threading
import uuid

from plugin import MODULE

AUTHENTICATION = "/api/devices/v1/authentication/auth_requests"
DEPLOYMENTS = "/api/devices/v1/deployments/device/deployments"


class Device:
    """One device and its storage.

    configuration   more keys for two-path.conf
    side            of a network.Network to run on, or None for the host's own network
    """

    def __init__(self, folder, plugin, device_type="test-device", artifact_name="release-1", configuration=None,
                 side=None):
        self.folder = pathlib.Path(folder)
        self.plugin = plugin
        self.more_environment = {}  # of the module
        self.enter = side.enter if side else []
        self.device_type = device_type
        self.artifact_name = artifact_name
        self.modules = self.folder / "modules"
        self.state = self.folder / "two-path"
        self.installed = self.folder / "installed"
        for path in (self.modules, self.state, self.installed):
            path.mkdir(parents=True)
        self.token_file = self.folder / "token"
        self.token_file.touch(0o600)
        self._boot_id = self.folder / "boot_id"
        self._key = self.folder / "device.key"
        self._identity = json.dumps({"mac": str(uuid.uuid4())})
        self._settings = {}
        self.configure_mender()
        self.restart()
        self.configure(**(configuration or {}))

    def configure(self, **keys):
        """Changes these keys of two-path.conf."""
        self._settings.update(keys)
        settings = {"state_dir": str(self.state), "modules_dir": str(self.modules), "boot_id_file": str(self._boot_id),
                    "mender_conf": str(self.folder / "mender.conf"), "server_url": self.plugin.url,
                    "server_certificate": str(self.plugin.certificate),
                    "token_command": ["/bin/cat", str(self.token_file)], "stall_timeout": 3, **self._settings}
        (self.folder / "two-path.conf").write_text(json.dumps(settings))

    def configure_mender(self, **keys):
        """Makes these keys all that mender.conf has."""
        (self.folder / "mender.conf").write_text(json.dumps(keys))

    def restart(self):
        """What a reboot changes for the module: the boot id."""
        self._boot_id.write_text(f"{uuid.uuid4()}\n")

    def add_module(self, name, script):
        path = self.modules / name
        path.write_text(script)
        path.chmod(0o755)

    def run_command(self, *arguments):
        """Runs `two-path-device`; gives the CompletedProcess."""
        return subprocess.run(self._command(arguments), text=True, capture_output=True, timeout=60, env=self.environment)

    def start_command(self, *arguments):
        """Starts `two-path-device`; gives the process, its output and errors in one stream."""
        return subprocess.Popen(self._command(arguments), text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, env=self.environment)

    def _command(self, arguments):
        command = self.folder / "two-path-device"
        if not command.exists():
            command.symlink_to(MODULE)
        return [*self.enter, command, *arguments]

    @property
    def environment(self):
        return {**os.environ, "TWO_PATH_CONF": str(self.folder / "two-path.conf"), **self.more_environment}

    # Mender's device API

    def authenticate(self):
        if not self._key.exists():
            subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                            "-out", self._key], check=True, capture_output=True)
        public = subprocess.run(["openssl", "pkey", "-in", self._key, "-pubout"], check=True,
                                capture_output=True, text=True).stdout
        body = json.dumps({"id_data": self._identity, "pubkey": public, "tenant_token": ""}).encode()
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self._key], input=body, check=True,
                                   capture_output=True).stdout
        status, _, answer = self.plugin.request(
            "POST", AUTHENTICATION, body, {"Content-Type": "application/json",
                                           "X-MEN-Signature": base64.b64encode(signature).decode()}, token="")
        if status != 200:
            raise AssertionError(f"authentication: {status} {answer!r}")
        self.token = answer.decode()
        self.token_file.write_text(self.token)

    def next_deployment(self):
        """Asks as a client does; gives the deployment's id, or None."""
        status, _, body = self.plugin.request(
            "POST", DEPLOYMENTS + "/next", {"artifact_name": self.artifact_name, "device_type": self.device_type},
            token=self.token)
        return json.loads(body)["id"] if status == 200 else None

    def send_inventory(self):
        """What a client tells of its device."""
        attributes = [{"name": "device_type", "value": self.device_type},
                      {"name": "artifact_name", "value": self.artifact_name}]
        status, _, body = self.plugin.request("PUT", "/api/devices/v1/inventory/device/attributes", attributes,
                                              token=self.token)
        assert status == 200, body

    def report(self, deployment, status):
        return self.plugin.request("PUT", f"{DEPLOYMENTS}/{deployment}/status", {"status": status},
                                   token=self.token)[0]

    def ask_session(self, session):
        """What the plugin tells the device of a session."""
        status, _, body = self.plugin.request("GET", f"/api/devices/v1/two-path/sessions/{session}",
                                              token=self.token)
        assert status == 200, body
        return json.loads(body)

    @property
    def id(self):
        payload = self.token.split(".")[1]
        return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"]


class Update:
    """One descriptor artifact on one device. Use as a context manager, so that no module outlives a test."""

    def __init__(self, device, artifact, tree=None):
        self.device = device
        self.tree = pathlib.Path(tree or device.folder / "tree")
        self.log = ""
        self._lists = {}
        self._running = []
        self._feeder = threading.Thread()  # of the running Download
        self._prefix = []
        self.program = MODULE
        self._left = self.device.folder / "left"
        shutil.rmtree(self.tree, ignore_errors=True)
        self._make_tree(pathlib.Path(artifact))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self._running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def change_meta_data(self, change):
        """Lets `change` edit the descriptor (the object under `two_path`) in the tree."""
        path = self.tree / "header" / "meta-data"
        meta_data = json.loads(path.read_text())
        change(meta_data["two_path"])
        path.write_text(json.dumps(meta_data))

    def small_disk(self, size, holds=None):
        """From now on each call finds a store of `size` bytes in all, with the files {name: (bytes, age in days)} in
        it; None: the device's own. What it has when the call is over is in `left`."""
        files = "".join(f'head -c {held} /dev/zero > "$1/{name}" && touch -d "{age} days ago" "$1/{name}" && '
                        for name, (held, age) in (holds or {}).items())
        script = (f'mount -t tmpfs -o size=$0 tmpfs "$1" && {files} store=$1 && shift && '
                  f'{{ "$@"; code=$?; ls "$store" > "{self._left}"; exit $code; }}')
        store = self.device.state / "store"
        store.mkdir(exist_ok=True)
        self._prefix = ["unshare", "-rm", "sh", "-c", script, str(size), store] if size else []

    def read_only_state(self):
        """From now on each call finds the device's state directory on a file system that cannot be written."""
        script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
        self._prefix = ["unshare", "-rm", "sh", "-c", script, self.device.state]

    @property
    def left(self):
        return self._left.read_text().split()

    def change_lists(self, change):
        """Lets `change` edit the block lists {member name: bytes}."""
        change(self._lists)

    # The client's calls

    def call(self, state, check=None):
        """Calls one state and gives (exit code, answer). What a query answers is not part of the log."""
        process = self.start(state)
        return self.finish(process, state, check)

    def start(self, state):
        if state in ("Download", "DownloadWithFileSizes"):
            os.mkfifo(self.tree / "stream-next")
            (self.tree / "streams").mkdir()
            self._feeder = threading.Thread(target=self._feed, args=[state == "DownloadWithFileSizes"], daemon=True)
            self._feeder.start()
        process = subprocess.Popen([*self.device.enter, *self._prefix, self.program, state, self.tree], cwd=self.tree, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
                                   env=self.device.environment)
        self._running.append(process)
        return process

    def finish(self, process, state, check=None, timeout=120):
        output, errors = process.communicate(timeout=timeout)
        self.log += errors
        if state in ("Download", "DownloadWithFileSizes"):
            self._end_streams()
        if check is not None and process.returncode != check:
            raise AssertionError(f"{state} ended with {process.returncode}:\n{errors}\n"
                                 f"the plugin's log:\n{self.device.plugin.log()[-3000:]}")
        return process.returncode, output.strip()

    def read_until(self, process, text):
        """Waits until the running module has said `text`."""
        for line in process.stderr:
            self.log += line
            if text in line:
                return
        raise AssertionError(f"the module ended without saying `{text}`:\n{self.log}")

    def kill(self, process):
        """SIGKILL to the module and its children, as the client's end or a power cut."""
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        self._end_streams()

    def install(self, restart=True):
        """Download to the answer about a restart, as client 3.4 calls; restarts when it is asked for."""
        self.call("Download", check=0)
        self.call("SupportsRollback", check=0)
        self.call("ArtifactInstall", check=0)
        _, answer = self.call("NeedsArtifactReboot", check=0)
        if restart and answer == "Automatic":
            self.device.restart()
        return answer

    def roll_back(self, rebooted=True):
        """What 3.4 calls after a failed state of a module that supports rollback; gives the exit codes."""
        self.call("ArtifactRollback")
        if rebooted:
            self.device.restart()
            self.call("ArtifactVerifyRollbackReboot")
        self.call("ArtifactFailure")
        return self.call("Cleanup")

    # Inner workings

    def _make_tree(self, artifact):
        with tarfile.open(artifact) as outer:
            with tarfile.open(fileobj=outer.extractfile("header.tar.gz")) as header:
                header_info = header.extractfile("header-info").read().decode()
                type_info = header.extractfile("headers/0000/type-info").read().decode()
                meta_data = header.extractfile("headers/0000/meta-data").read().decode()
            with tarfile.open(fileobj=outer.extractfile("data/0000.tar.gz")) as data:
                self._lists = {member.name: data.extractfile(member).read() for member in data}
        info = json.loads(header_info)
        content = {
            "version": "3", "current_artifact_name": self.device.artifact_name, "current_artifact_group": "",
            "current_device_type": self.device.device_type,
            "header/artifact_name": info["artifact_provides"]["artifact_name"], "header/artifact_group": "",
            "header/payload_type": "two-path", "header/header-info": header_info, "header/type-info": type_info,
            "header/meta-data": meta_data,
        }
        for folder in ("header", "tmp", "files"):
            (self.tree / folder).mkdir(parents=True)
        for name, text in content.items():
            (self.tree / name).write_text(text)

    def _feed(self, sizes):
        """The client's side of stream-next: one line and one pipe per member, then an empty one."""
        try:
            for name, content in self._lists.items():
                pipe = self.tree / "streams" / name
                os.mkfifo(pipe)
                line = f"streams/{name}" + (f" {len(content)}" if sizes else "")
                with open(self.tree / "stream-next", "w", encoding="utf-8") as stream:
                    stream.write(line + "\n")
                with open(pipe, "wb") as stream:
                    stream.write(content)
            with open(self.tree / "stream-next", "w", encoding="utf-8"):
                pass
        except (FileNotFoundError, BrokenPipeError):
            pass  # the module ended first; its exit code tells

    def _end_streams(self):
        """Frees a feeder whose module has gone, and removes the pipes. It has ended then: the next tree is not its own."""
        while self._feeder.is_alive():
            for pipe in [self.tree / "stream-next", *(self.tree / "streams").glob("*")]:
                if pipe.is_fifo():
                    os.close(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK))
            self._feeder.join(0.01)
        for pipe in [self.tree / "stream-next", *(self.tree / "streams").glob("*")]:
            pipe.unlink(missing_ok=True)
        shutil.rmtree(self.tree / "streams", ignore_errors=True)
