"""The two generations of Mender's client as the module sees them: which states each calls, in which order, after what
answer, as was recorded from the real ones (3.4.0 in Go, 5.1.0 in C++)."""

from dataclasses import dataclass, field


@dataclass
class Trouble:
    """One state that goes wrong: the installer fails in it, or the power is cut while it runs."""

    state: str = ""
    kind: str = ""  # "fails", "power cut"


@dataclass
class Run:
    """What one update came to."""

    calls: list = field(default_factory=list)
    success: bool = False


class Client:
    """Carries out one update. `board` is how to call a module: `call(state, kind)` gives (exit code, answer) and restarts
    the device when a power cut ended the state; `restart()`."""

    asks_for_sizes = False
    asks_whether_to_roll_back_early = False  # else when it has to
    asks_for_a_restart_after_a_failed_verification = True

    def __init__(self, board, trouble=None):
        self.board = board
        self.trouble = trouble or Trouble()
        self.run = Run()

    def call(self, state):
        trouble = self.trouble.kind if state == self.trouble.state else ""
        if state == "Download" and self.asks_for_sizes:
            code, sizes = self.call("ProvidePayloadFileSizes")
            if code != 0:
                return code, ""
            state = "DownloadWithFileSizes" if sizes == "Yes" else state
        self.run.calls.append(state)
        return self.board.call(state, trouble)

    def update(self):
        code, _ = self.call("Download")
        if code == 0:
            self.run.success = self.install()
        self.call("Cleanup")
        return self.run

    def install(self):
        rollback = None
        if self.asks_whether_to_roll_back_early:
            code, answer = self.call("SupportsRollback")
            if code != 0:
                return self.give_up(rollback=False)
            rollback = answer == "Yes"
        if self.call("ArtifactInstall")[0] != 0:
            return self.give_up(rollback)
        code, restart = self.call("NeedsArtifactReboot")
        if code != 0:
            return self.give_up(rollback)
        if restart in ("Yes", "Automatic"):
            self.restart(restart, "ArtifactReboot")
            if self.call("ArtifactVerifyReboot")[0] != 0:
                return self.give_up(rollback, restart)
        if self.call("ArtifactCommit")[0] != 0:
            return self.give_up(rollback)
        return True

    def give_up(self, rollback, restart=None):
        """`restart`: the answer of the installation, where the failed state came after a restart."""
        if rollback is None:
            rollback = self.call("SupportsRollback")[1] == "Yes"
        if rollback:
            self.call("ArtifactRollback")
            if restart is None or self.asks_for_a_restart_after_a_failed_verification:
                _, restart = self.call("NeedsArtifactReboot")
            if restart in ("Yes", "Automatic"):
                self.restart(restart, "ArtifactRollbackReboot")
                self.call("ArtifactVerifyRollbackReboot")
        self.call("ArtifactFailure")
        return False

    def restart(self, how, state):
        """By the client itself, or by the module, which does not live to see its end."""
        if how == "Yes":
            self.run.calls.append(state)
            self.board.call(state, "power cut")
        else:
            self.board.restart()


class Client34(Client):
    asks_whether_to_roll_back_early = True
    asks_for_a_restart_after_a_failed_verification = False


class Client51(Client):
    asks_for_sizes = True


GENERATIONS = {"3.4": Client34, "5.1": Client51}
