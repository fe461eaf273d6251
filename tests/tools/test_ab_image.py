"""The update module ab-image on partitions that are files: what is written, what the loader is told, what is refused.

With a real loader and real restarts: tools/vm-demo.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from ab_slots import GRUBENV_SIZE, MODULE, MODULES, Slots  # noqa: E402


class AbImage(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.slots = Slots(self.folder)
        (self.folder / "bin").mkdir()
        self.slots.write_commands(self.folder / "bin", mount='cp -a "$3.files/." "$4"')
        self.write("conf", self.slots.settings())
        self.write("a", "image of a")
        self.write("b", "what was there before, and is longer")
        self.fill("b", "two-path", "ab-image")
        self.new_tree()

    # The board

    def write(self, name, text, mode=0o644):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def fill(self, slot, *modules):
        """The slot's file system, the folder beside it, has these modules, two-path as Debian's package has it."""
        for name in modules:
            self.write(f"{slot}.files/{MODULES}/{name}", "", 0o755)

    def assert_loader(self, slot, next_slot=""):
        self.assertEqual((self.folder / "grubenv").stat().st_size, GRUBENV_SIZE)
        self.assertEqual(self.slots.loader(), {"slot": slot, "next": next_slot, "tried": "0"})

    # The client

    def new_tree(self):
        self.tree = pathlib.Path(tempfile.mkdtemp(dir=self.folder))

    def call(self, state):
        done = subprocess.run([MODULE, state, self.tree], cwd=self.tree, text=True, capture_output=True, timeout=20,
                              env={**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
                                   "AB_IMAGE_CONF": str(self.folder / "conf")}, check=False)
        self.said = done.stderr
        return done.returncode, done.stdout.strip()

    def well(self, state):
        code, answer = self.call(state)
        self.assertEqual(code, 0, self.said)
        return answer

    def refused(self, state, why):
        code, _ = self.call(state)
        self.assertEqual(code, 1, self.said)
        self.assertRegex(self.said, f"ab-image: {state}: .*{why}")

    def stream(self, images):
        """The client's side of stream-next."""
        (self.tree / "streams").mkdir()
        os.mkfifo(self.tree / "stream-next")

        def feed():
            for i, image in enumerate(images):
                os.mkfifo(self.tree / f"streams/{i}")
                (self.tree / "stream-next").write_text(f"streams/{i}\n")
                (self.tree / f"streams/{i}").write_bytes(image)
            (self.tree / "stream-next").write_text("")

        threading.Thread(target=feed, daemon=True).start()

    def download(self, image=b"image of b"):
        self.stream([image])
        self.well("Download")

    def install(self):
        self.download()
        self.well("ArtifactInstall")
        self.assertEqual(self.well("NeedsArtifactReboot"), "Automatic")

    # An update

    def test_an_image_goes_to_the_other_slot_and_only_a_commit_lets_it_stay(self):
        self.download()
        self.assertEqual((self.folder / "b").read_bytes(), b"image of b" + b"what was there before, and is longer"[10:])
        self.assertEqual((self.folder / "a").read_text(), "image of a")
        self.assert_loader("a")
        self.assertEqual(self.well("SupportsRollback"), "Yes")
        self.well("ArtifactInstall")
        self.assert_loader("a", "b")
        self.assertEqual(self.well("NeedsArtifactReboot"), "Automatic")
        self.slots.restart()
        self.well("ArtifactVerifyReboot")
        self.assertEqual(self.slots.loader()["slot"], "a")
        self.well("ArtifactCommit")
        self.assert_loader("b")
        self.well("Cleanup")
        self.slots.restart()
        self.assertEqual(self.slots.running(), "b")

    def test_the_loader_is_told_by_one_sector_that_is_written_in_place(self):
        grubenv = self.folder / "grubenv"
        with open(grubenv, "a", encoding="utf-8") as file:
            file.write("beyond")  # gone if the file were emptied first
        before = grubenv.stat().st_ino
        self.download()
        self.well("ArtifactInstall")
        text = grubenv.read_text()
        self.assertEqual((grubenv.stat().st_ino, text[GRUBENV_SIZE:]), (before, "beyond"))
        self.assertEqual(set(text[512:GRUBENV_SIZE]), {"#"})

    # What does not go well

    def test_a_loader_that_went_back_fails_the_update_and_needs_no_other_restart(self):
        self.install()
        self.slots.restart()
        self.slots.restart()
        self.refused("ArtifactVerifyReboot", "slot a runs, not slot b")
        self.well("ArtifactRollback")
        self.assertEqual(self.well("NeedsArtifactReboot"), "No")
        self.well("ArtifactVerifyRollbackReboot")
        self.assert_loader("a")

    def test_a_rollback_of_what_runs_restarts_into_the_old_one(self):
        self.install()
        self.slots.restart()
        self.well("ArtifactRollback")
        self.assertEqual(self.well("NeedsArtifactReboot"), "Automatic")
        self.refused("ArtifactVerifyRollbackReboot", "slot b runs, not slot a")
        self.slots.restart()
        self.well("ArtifactVerifyRollbackReboot")

    def test_a_commit_whose_end_the_power_hid_can_be_rolled_back(self):
        self.install()
        self.slots.restart()
        self.well("ArtifactCommit")
        self.well("ArtifactRollback")
        self.assertEqual(self.well("NeedsArtifactReboot"), "Automatic")
        self.slots.restart()
        self.well("ArtifactVerifyRollbackReboot")
        self.assert_loader("a")

    def test_what_does_not_run_is_not_committed(self):
        self.install()
        self.refused("ArtifactCommit", "slot a runs, not slot b")
        self.assert_loader("a", "b")

    def test_an_image_that_could_not_be_updated_again_is_not_started(self):
        for missing in ("two-path", "ab-image"):
            with self.subTest(missing):
                self.fill("b", "two-path", "ab-image")
                (self.folder / f"b.files/{MODULES}/{missing}").unlink()
                self.new_tree()
                self.download()
                self.refused("ArtifactInstall", f"the image has no /{MODULES}/{missing}:")
                self.assert_loader("a")
                self.assertEqual(self.well("NeedsArtifactReboot"), "No")
                self.well("ArtifactRollback")

    def test_a_module_may_be_a_link_within_the_image(self):
        module = self.folder / f"b.files/{MODULES}/two-path"
        self.write("b.files/usr/lib/two-path/two-path", "", 0o755)
        for target in ("../../../../lib/two-path/two-path", "/usr/lib/two-path/two-path"):
            with self.subTest(target):
                module.unlink()
                module.symlink_to(target)
                self.new_tree()
                self.download()
                self.well("ArtifactInstall")
                self.well("ArtifactRollback")

    def test_a_link_out_of_the_image_is_no_module(self):
        module = self.folder / f"b.files/{MODULES}/two-path"
        module.unlink()
        module.symlink_to("/bin/sh")
        self.download()
        self.refused("ArtifactInstall", "the image has no")

    def test_what_is_no_file_system_is_not_started(self):
        os.rename(self.folder / "b.files", self.folder / "elsewhere")
        self.download()
        self.refused("ArtifactInstall", "is no file system that this device can mount")
        self.assert_loader("a")

    def test_an_image_larger_than_the_slot_is_refused(self):
        self.write("conf", (self.folder / "conf").read_text() + "slot_b=/dev/full\n")
        self.stream([b"image"])
        self.refused("Download", "larger")
        self.assert_loader("a")

    def test_an_update_has_one_image(self):
        for number, why in ((0, "no image"), (2, "more than one")):
            with self.subTest(number):
                self.new_tree()
                self.stream([b"image"] * number)
                self.refused("Download", why)
                self.assert_loader("a")

    def test_a_slot_on_trial_is_not_left_for_another_update(self):
        self.install()
        self.slots.restart()
        self.new_tree()
        self.refused("Download", "slot b runs on trial")

    def test_a_new_update_takes_back_what_an_old_one_told_the_loader(self):
        self.install()
        self.new_tree()
        self.download()
        self.assert_loader("a")

    def test_neither_slot_runs(self):
        self.slots.run("c")
        self.refused("Download", "what runs")

    def test_states_that_come_without_a_download_succeed(self):
        for state in ("ArtifactRollback", "ArtifactFailure", "Cleanup"):
            self.assertEqual(self.well(state), "")
        self.assert_loader("a")


if __name__ == "__main__":
    unittest.main()
