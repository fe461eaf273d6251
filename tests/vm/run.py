"""A board with two root file systems, a boot loader that falls back and the real Mender client: emulated, and really restarted.

Updates of the whole root file system over the second path, one that does not start, one that could not be updated
again, and power cuts. The last line is `N passed, N failed`. Called by tools/vm-demo, as root in namespaces of its own.
"""

import argparse
import ctypes
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / name) for name in ("support", "packages", "vm")]
sys.dont_write_bytecode = True

import board_debian  # noqa: E402
import board_image  # noqa: E402
import packaged  # noqa: E402
import power_cuts  # noqa: E402
from clean_debian import clean_root, dependencies  # noqa: E402

WHOLE = ["opened", "certified", "transferring", "transferred", "invalidated", "installed", "restarted", "confirmed",
         "committed"]
SLOTS = ["/dev/vda2", "/dev/vda3"]
CLONE_NEWNET = 0x40000000  # of unshare(2); os.unshare comes with Python 3.12
fleet = None


class OnBoard(unittest.TestCase):
    """The board goes from test to test; after one that failed there is a new one."""

    def setUp(self):
        self.started = time.monotonic()
        if fleet.board is None or not fleet.in_order:
            fleet.new_board()
        fleet.in_order = False
        self.before = fleet.board.runs()

    def tearDown(self):
        print(f"    {time.monotonic() - self.started:.0f} s", flush=True)

    def tell(self, *words):
        print("   ", *words, flush=True)

    def another(self):
        """The good image that does not run."""
        return "2.0" if fleet.board.runs()[0] == "1.0" else "1.0"

    def update(self, image, version):
        """Orders an update; gives how it ended, and its session with the states it went through."""
        deployment = fleet.order(fleet.publish(image, version))
        outcome = fleet.outcome(deployment)
        session = fleet.settled_session(deployment)
        states = list(dict.fromkeys(event["state"] for event in fleet.plugin.events(session["id"])))
        self.tell(f"{version}: Mender says {outcome}; {' > '.join(states)}")
        if session.get("reason"):
            self.tell(f"{session['reason']}: {session['detail']}")
        self.tell("runs version {0} from {1}".format(*fleet.board.runs()))
        return outcome, session, states

    def update_well(self):
        version = self.another()
        slot = fleet.board.runs()[1]
        outcome, session, states = self.update(version, version)
        self.assertEqual((outcome, session["reported_version"]), ("success", version))
        self.assertEqual(states[-1], "committed")
        self.assertEqual(fleet.board.runs(), [version, other(slot)])
        return states

    def boots(self):
        return len(fleet.board.console.lines("board: runs version", after=fleet.ordered_at))


def other(slot):
    return next(one for one in SLOTS if one != slot)


class Updates(OnBoard):
    def test_1_the_root_file_system_is_updated_over_the_second_path_and_confirmed_after_a_real_restart(self):
        self.assertEqual(self.update_well(), WHOLE)
        self.assertEqual(self.boots(), 1)
        fleet.in_order = True

    def test_2_an_image_that_does_not_start_is_left_by_the_loader_and_told_as_a_mismatch(self):
        outcome, session, states = self.update("does not start", "9.0")
        self.assertEqual((outcome, session["reason"]), ("failure", "version_mismatch"))
        self.assertEqual(session["reported_version"], self.before[0])
        self.assertIn("mismatch", states)
        self.assertTrue(fleet.board.console.lines("loader: slot . was tried and not committed", fleet.ordered_at))
        self.assertEqual(fleet.board.runs(), self.before)
        fleet.in_order = True

    def test_3_an_image_without_two_path_is_refused_before_it_is_started(self):
        outcome, session, _ = self.update("without two-path", "9.1")
        self.assertEqual((outcome, session["reason"]), ("failure", "inner_module_failed"))
        self.assertTrue(fleet.board.console.lines("ab-image: ArtifactInstall: the image has no .*/two-path",
                                                  fleet.ordered_at))
        self.assertEqual(self.boots(), 0)
        self.assertEqual(fleet.board.runs(), self.before)
        self.update_well()
        fleet.in_order = True


class PowerCuts(OnBoard):
    def cut(self, moment):
        version = self.another()
        deployment = fleet.order(fleet.publish(version, version))
        moment.wait(fleet, deployment)
        fleet.board.cut()
        self.tell("cut", moment.name)
        fleet.board.start()
        fleet.board.wait("board: runs version")
        outcome = fleet.outcome(deployment)
        self.tell("Mender says {2}; runs version {0} from {1}".format(*fleet.board.runs(), outcome))
        session = fleet.settled_session(deployment)
        committed = session["state"] == "committed"
        self.assertEqual(fleet.board.runs(), [version, other(self.before[1])] if committed else self.before)
        if not (committed and moment.may_be_in_the_clients_cleanup):
            self.assertEqual(outcome, "success" if committed else "failure")
        self.update_again(session)
        fleet.in_order = True

    def update_again(self, session):
        """A transfer that was cut is ordered again by itself; else the operator orders the next update."""
        if "redeployment" not in session:
            self.update_well()
            return
        deployment = fleet.redeployed(session)
        self.assertEqual(fleet.outcome(deployment), "success")
        again = fleet.settled_session(deployment)
        self.assertEqual(again["state"], "committed")
        self.assertEqual(fleet.board.runs()[0], again["version"])
        self.tell(f"ordered again by itself, {again['resumed']} bytes were kept; "
                  "runs version {0} from {1}".format(*fleet.board.runs()))


def add_cuts(number, seed):
    for i, moment in enumerate(power_cuts.choose(number, seed), 1):
        test = lambda self, moment=moment: self.cut(moment)  # noqa: E731
        test.__doc__ = moment.name
        setattr(PowerCuts, f"test_cut_{i:02}", test)


def make_images(clean, package, folder):
    good = board_image.make(clean, package, board_fleet.BOARD, folder)
    def variant(name, version, **changes):
        return board_image.variant(good, folder / f"{name}.img", version, **changes)
    return {"1.0": good, "2.0": variant("other", "2.0"),
            "does not start": variant("broken", "9.0",
                                      replaced={"/usr/lib/systemd/systemd": board_image.HALT_AT_ONCE}),
            "without two-path": variant("bare", "9.1", removed=["/usr/share/mender/modules/v3/two-path"])}


def make_cable():
    """Leaves the machine's network for one of our own, where the board is all there is."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "no network of our own")
    for words in (f"tuntap add dev {board_fleet.TAP} mode tap", "link set lo up", f"link set {board_fleet.TAP} up",
                  f"addr add {board_fleet.ADDRESS}/24 dev {board_fleet.TAP}"):
        subprocess.run(["ip", *words.split()], check=True)


def read_options():
    parser = argparse.ArgumentParser(prog="tools/vm-demo", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--packages", type=pathlib.Path, metavar="FOLDER", help="with these; default: build them")
    parser.add_argument("--cuts", type=int, default=8, metavar="N", help="power cuts (default: 8)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="chooses their moments (default: 1)")
    parser.add_argument("--only", metavar="PATTERN", help="only tests with this in their name")
    parser.add_argument("--keep", type=pathlib.Path, metavar="FOLDER", help="keep the consoles and the plugin's log there")
    return parser.parse_args()


def run(options, folder):
    global fleet, board_fleet
    found = packaged.find(options.packages) if options.packages else packaged.build(folder / "packages")
    packaged.use_server(found["two-path-server"], folder / "server")
    import board_fleet
    packages = board_debian.PACKAGES | dependencies(found["two-path-device"])
    clean = clean_root(packages, "board", board_debian.finish)
    make_cable()
    images = make_images(clean, found["two-path-device"], folder)
    print(f"an image of the board's root file system has {images['1.0'].stat().st_size / 2**20:.0f} MiB", flush=True)
    fleet = board_fleet.BoardFleet(folder, images)
    fleet.in_order = False
    try:
        add_cuts(options.cuts, options.seed)
        loader = unittest.TestLoader()
        loader.testNamePatterns = [f"*{options.only}*"] if options.only else None
        tests = unittest.TestSuite(loader.loadTestsFromTestCase(case) for case in (Updates, PowerCuts))
        return unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(tests)
    finally:
        fleet.stop()
        if options.keep:
            options.keep.mkdir(parents=True, exist_ok=True)
            for path in [*folder.glob("console-*.log"), fleet.plugin.log_path]:
                shutil.copy(path, options.keep)


def main():
    options = read_options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # cleans up, and no test takes it for its own
    with tempfile.TemporaryDirectory(prefix="two-path-vm-") as folder:
        outcome = run(options, pathlib.Path(folder))
    failed = len(outcome.failures) + len(outcome.errors)
    print(f"{outcome.testsRun - failed} passed, {failed} failed")
    return 0 if outcome.testsRun and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
