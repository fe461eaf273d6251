"""An operator, a plugin and one board with the real Mender client that really restarts."""

import threading
import time

import disk
from machine import UPDATE_SECONDS, Board, make_overlay
from plugin import Plugin

ADDRESS, BOARD = "10.75.0.1", "10.75.0.2/24"
TAP = "board"
DEPLOYMENTS = "/api/management/v1/deployments/deployments"
ENDED = ("committed", "rolled_back", "failed", "expired", "aborted")
LOOK = 0.2  # seconds between two looks at a session


class BoardFleet:
    """images: {version or word: path}; every board begins with images["1.0"] in slot a."""

    def __init__(self, folder, images):
        self.folder = folder
        self.images = images
        self.plugin = Plugin(folder / "plugin", ADDRESS)
        self.plugin.start()
        self.plugin.log_in()
        self._disk = folder / "disk.raw"
        slot_size = max(image.stat().st_size for image in images.values()) // disk.MIB + 1
        disk.make(self._disk, images["1.0"], slot_size, self.plugin.url, self.plugin.certificate, folder)
        self._releases = self._boards = 0
        self.board = None

    def stop(self):
        if self.board:
            self.board.cut()
        self.plugin.stop()

    def new_board(self):
        """A board as delivered, that is let in and waits for updates."""
        if self.board:
            self.board.cut()
        self._boards += 1
        overlay = self.folder / "board.qcow2"
        overlay.unlink(missing_ok=True)
        make_overlay(overlay, self._disk)
        self.board = Board(overlay, TAP, self.folder / f"console-{self._boards}.log")
        self.board.start()
        self.board.wait("successfully received new authorization data")
        self.device = self.plugin.json("devices")[0]["id"]

    # The operator

    def publish(self, image, version):
        """A release of that image, announced as `version`; gives its name."""
        self._releases += 1
        release = f"board-{version}-{self._releases}"
        self.plugin.command("publish", self.images[image], "--name", release, "--version", version, "--device-type",
                            "board", "--installer", "ab-image", "--version-file", "/etc/os-release:IMAGE_VERSION",
                            "--encoding", "zstd")
        return release

    def order(self, release):
        """Deploys it; gives the deployment's id. The board's client asks every few seconds."""
        self.ordered_at = self.board.console.mark()
        return self.plugin.json("deploy", release, "--device", self.device)["id"]

    def outcome(self, deployment, timeout=UPDATE_SECONDS):
        """How the deployment ended, as Mender's API tells it."""
        def ended():
            [device] = self.plugin.get(f"{DEPLOYMENTS}/{deployment}/devices/list")
            return device["status"] if device["status"] in ("success", "failure", "aborted") else None
        return self.until(ended, f"the end of deployment {deployment}", timeout)

    def session(self, deployment):
        """The newest session of a deployment, or None."""
        return next((one for one in self.plugin.sessions() if one["deployment"] == deployment), None)

    def settled_session(self, deployment):
        """The same, when it has ended: what a device owes may come after the deployment's end."""
        def ended():
            session = self.session(deployment)
            return session if session and session["state"] in ENDED else None
        return self.until(ended, "the end of the session")

    def redeployed(self, session):
        """The deployment that was made by itself after that session failed."""
        def ordered():
            [again] = [one for one in self.plugin.sessions() if one["id"] == session["id"]]
            return again["redeployment"].get("deployment")
        return self.until(ordered, "the deployment made anew")

    def until(self, look, what, timeout=UPDATE_SECONDS):
        """Looks again and again; gives the first answer that is not false."""
        end = time.monotonic() + timeout
        while not (found := look()):
            if time.monotonic() > end:
                raise TimeoutError(f"{what} did not come within {timeout} s; the console:\n"
                                   + "\n".join(self.board.console.lines()[-40:]))
            threading.Event().wait(LOOK)
        return found
