"""Every kind of installer through two-path, called by both generations of Mender's client: what it is asked to do, and
what it leaves, is what it would be asked and leave without two-path."""

import itertools
import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from client_generations import GENERATIONS, Trouble  # noqa: E402
from installer_board import QUERIES, Board, installer  # noqa: E402
from module_calls import Update  # noqa: E402
from path_case import PathCase  # noqa: E402

KIB = 1024
# All of them take minutes: tools/installers. Otherwise every seventh, both clients in turn.
ALL = "TWO_PATH_ALL_INSTALLERS" in os.environ

class Alone(Update):
    """The installer called without two-path, with the payload as an ordinary artifact's."""

    def __init__(self, device, artifact, payload):
        super().__init__(device, artifact, tree=device.folder / "alone")
        self.program = device.modules / "tracer"
        self._lists = {payload.name: payload.read_bytes()}

    def call(self, state, check=None):
        code, answer = super().call(state, check)
        if state.startswith("Download") and code == 0 and not (self.device.installed / "passive").exists():
            for name, content in self._lists.items():
                (self.tree / "files" / name).write_bytes(content)
        return code, answer


class Installers(PathCase):
    def board(self, alone, behaviour):
        """A device with an installer of that behaviour, and an update for it."""
        device = self.device = self.new_device()
        device.add_module("tracer", installer(device.installed, **behaviour))
        artifact = self.publish(size=64 * KIB, device=device, name=f"{self.name}-{device.folder.name}-2.0")
        if alone:
            update = Alone(device, artifact, device.folder / "payload-2.0")
            self.addCleanup(update.__exit__)
        else:
            self.deploy(device)
            update = self.update(artifact, device)
        return Board(update)

    def compare(self, generation, trouble, behaviour):
        boards = [self.board(alone, behaviour) for alone in (True, False)]
        runs = [GENERATIONS[generation](board, trouble).update() for board in boards]
        log = boards[1].update.log
        self.assertEqual(runs[1].success, runs[0].success, log)
        self.assertEqual(self.done(boards[1]), self.done(boards[0]), log)
        for name in ("VERSION", "payload"):
            alone, through = [(board.device.installed / name).read_bytes()[:16] for board in boards]
            self.assertEqual(through, alone, name)
        self.assert_told(runs[1].success, trouble)

    @staticmethod
    def done(board):
        """What the installer was made to do; what it was asked only may differ."""
        calls = (board.device.installed / "calls").read_text().split()
        return [call.removesuffix("WithFileSizes") for call in calls if call not in QUERIES]

    def assert_told(self, success, trouble):
        session = self.session()
        if success:
            self.assertEqual(session["state"], "committed")
            return
        self.assertIn(session["state"], ("failed", "rolled_back"))
        # After a power cut the module cannot tell it from a client that changed its mind, where it is asked to roll back.
        reasons = ("interrupted", "rolled_back") if trouble.kind == "power cut" else ("inner_module_failed",)
        self.assertIn(session["reason"], reasons)

    def test_half_a_stream_is_no_success(self):
        for generation in GENERATIONS:
            behaviour = {"data": "half a stream", "sizes": "No", "reboot": "No", "rollback": "Yes"}
            board = self.board(False, behaviour)
            run = GENERATIONS[generation](board).update()
            self.assertFalse(run.success)
            self.assertEqual(self.session()["reason"], "inner_module_failed")
            self.assertEqual(self.installed_version(), "1.0")


def add_cases():
    """One case for each kind of installer, trouble and client that can be told apart by what is called."""
    troubles = [Trouble()] + [Trouble(state, kind) for kind in ("fails", "power cut") for state in (
        "ArtifactInstall", "ArtifactVerifyReboot", "ArtifactCommit")]
    kinds = [({"data": "files", "sizes": "No", "reboot": reboot, "rollback": rollback}, trouble)
             for reboot, rollback, trouble in itertools.product(("No", "Automatic", "Yes"), ("Yes", "No"), troubles)
             if reboot != "No" or trouble.state != "ArtifactVerifyReboot"]
    kinds += [({"data": data, "sizes": sizes, "reboot": "Automatic", "rollback": "Yes"}, trouble)
              for data, sizes in itertools.product(("files", "streams"), ("No", "Yes"))
              for trouble in (Trouble(), Trouble("Download", "fails"), Trouble("Download", "power cut"))]
    cases = list(itertools.product(GENERATIONS, kinds))
    for generation, (behaviour, trouble) in cases if ALL else cases[::7]:
        words = [generation.replace(".", "_"), *(f"{key}_{value}" for key, value in behaviour.items()), trouble.kind,
                 trouble.state]
        name = "test_client_" + "_".join(words).replace(" ", "_").rstrip("_")
        setattr(Installers, name, lambda self, generation=generation, behaviour=behaviour, trouble=trouble:
                self.compare(generation, trouble, behaviour))


add_cases()

if __name__ == "__main__":
    unittest.main()
