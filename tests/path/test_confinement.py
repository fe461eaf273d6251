"""What the process that talks FTP may still do, seen from outside while a transfer stands still."""

import os
import stat
import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from path_case import MIB, RELAY, PathCase  # noqa: E402
from push_case import PushCase  # noqa: E402
from relay import Relay  # noqa: E402

NOBODY = 65534
NONE = "0000000000000000"


def children(process):
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has ended
            if int(fields[1]) == process:
                found.append(int(entry.name))
    return found


def status(process):
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def limits(process):
    """{name: hard limit}"""
    lines = Path(f"/proc/{process}/limits").read_text().splitlines()[1:]
    return {line[:26].strip(): line[47:68].strip() for line in lines}


def has_user(process, user):
    """Whether there is such a user in the process's user namespace."""
    ranges = [list(map(int, line.split())) for line in Path(f"/proc/{process}/uid_map").read_text().splitlines()]
    return any(first <= user < first + count for first, _, count in ranges)


class Confinement:
    """Of both modes; `relay` of the case."""

    def test_the_process_that_talks_ftp_has_no_rights_while_bytes_come(self):
        artifact = self.publish(size=3 * MIB)
        self.deploy()
        update = self.update(artifact)
        reached, go = threading.Event(), threading.Event()
        self.addCleanup(go.set)

        def hold(_connection, offset, part):
            if offset >= MIB:
                reached.set()
                go.wait(60)
            return part

        self.relay(change=hold)
        process = update.start("Download")
        self.assertTrue(reached.wait(60), "no data came")
        module = process.pid
        (helper,) = children(module)
        (worker,) = children(helper)
        becomes_nobody = os.geteuid() == 0 and has_user(module, NOBODY)

        for one in (helper, worker):
            seen = status(one)
            self.assertEqual(seen["NoNewPrivs"], "1")
            for capabilities in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
                self.assertEqual(seen[capabilities], NONE, capabilities)
            if os.geteuid() == 0:
                self.assertEqual(seen["CapBnd"], NONE)
            user = NOBODY if becomes_nobody else os.geteuid()
            self.assertEqual(seen["Uid"].split(), [str(user)] * 4)
            self.assertEqual(limits(one)["Max core file size"], "0")
        self.assertEqual(status(worker)["Seccomp"], "2")
        self.assertEqual(limits(worker)["Max processes"], "0")
        if os.geteuid() == 0:  # nobody else may look
            self.assertEqual(os.readlink(f"/proc/{worker}/root"), f"/proc/{helper}/fdinfo")
            self.assertEqual(self.files_of(worker), [])

        go.set()
        update.finish(process, "Download", check=0)
        self.assertEqual(update.log.count("what confines the process that talks FTP lacks"), 0 if becomes_nobody else 1)

    @staticmethod
    def files_of(process):
        """Regular files and folders that it has open, standard error left out."""
        found = []
        for entry in Path(f"/proc/{process}/fd").iterdir():
            kind = entry.stat().st_mode
            if entry.name != "2" and (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
                found.append(os.readlink(entry))
        return found


class Pull(Confinement, PathCase):
    settings = {"ftp.advertise": RELAY}

    def relay(self, **hooks):
        relay = Relay(self.plugin.address, self.plugin.ftp_port, RELAY, **hooks)
        self.addCleanup(relay.__exit__)
        return relay


class Push(Confinement, PushCase):
    pass


if __name__ == "__main__":
    unittest.main()
