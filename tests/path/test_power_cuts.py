"""A power cut loses what was not synced: what either end had told somebody is still known afterwards, and each file is
as it was or as it was to be.

One update is written down call by call (disk_log.so); at each call, every folder that a power cut could leave there is
made (crash_images.py) and looked at. That this can fail is shown by doing it again as if a sync had been left out.
"""

import contextlib
import functools
import hashlib
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import crash_images  # noqa: E402
from path_case import PathCase  # noqa: E402
from plugin import BUILD, Plugin  # noqa: E402

SEED = int(os.environ.get("TWO_PATH_SEED", "1"))
KIB = 1024
MODULES = {"record.json", "committed.json", "committed.copy.json", "last.json"}  # and what it owes
DATABASES = ("two-path.db", "host.db")


def disk_log(folder, program, log):
    """The environment of a program that shall write down what it does to the folder."""
    sanitizer = os.environ.get("ASAN_OPTIONS", "")
    return {"LD_PRELOAD": str(BUILD / "tests/support/disk_log.so"), "TWO_PATH_DISK_LOG_OF": program,
            "TWO_PATH_DISK_LOG_FOLDER": str(folder.resolve()), "TWO_PATH_DISK_LOG": str(log),
            "ASAN_OPTIONS": f"{sanitizer}:verify_asan_link_order=0"}


def first_loss(operations, look):
    """Where a power cut leaves what never was, or less than was told: in words, or None. `look`: what matters of a
    folder, {what: how it is}."""
    disk = crash_images.Disk()
    history = {}
    for number, operation in enumerate(operations):
        now = look(disk.now())
        for what in history.keys() | now.keys():
            history.setdefault(what, [None] if number else []).append(now.get(what))
        for how, image in disk.images():
            found = look(image)
            for what, seen in history.items():
                told = operation.kind == "tell"
                if found.get(what) not in (seen[-1:] if told else seen):
                    before = ", ".join(map(str, operations[max(0, number - 4):number]))
                    return f"{what} at operation {number} (after {before}; {'something was told' if told else how})"
        disk.do(operation)
    return None


def disk_after(operations):
    disk = crash_images.Disk()
    for operation in operations:
        disk.do(operation)
    return disk


def without(operations, kind, path):
    """As if these syncs had not been called."""
    left = [operation for operation in operations if not (operation.kind == kind and path in operation.path)]
    assert len(left) < len(operations), f"no {kind} of {path}"
    return left


def of_the_module(image):
    return {name: content for name, content in image.items()
            if name in MODULES or name.startswith("owed/") and name.endswith(".json")}


@functools.lru_cache(maxsize=None)
def rows(*contents):
    """A digest of all rows, by the database, its write-ahead log and its journal; of what is no database, that it is
    none."""
    with tempfile.TemporaryDirectory() as folder:
        for suffix, content in zip(("", "-wal", "-journal"), contents):
            if content is not None:
                Path(folder, f"db{suffix}").write_bytes(content)
        try:
            with contextlib.closing(sqlite3.connect(f"{folder}/db")) as opened:
                return hashlib.sha256("\n".join(opened.iterdump()).encode()).hexdigest()
        except sqlite3.DatabaseError as why:
            return str(why)


def of_the_plugin(image):
    whole = {name: "whole" for name, content in image.items() if name.startswith("payloads/")
             and hashlib.sha256(content).hexdigest() == name.removeprefix("payloads/")}
    keys = {name: content for name, content in image.items() if name.startswith(("keys/", "tls/")) and ".new" not in name}
    databases = {name: rows(*(image.get(name + suffix) for suffix in ("", "-wal", "-journal"))) for name in DATABASES}
    return {**databases, **whole, **keys}


class PowerCuts(PathCase):
    @classmethod
    def new_plugin(cls):
        plugin = Plugin(cls.folder / "plugin", settings=cls.settings)
        cls.plugin_log = cls.folder / "plugin.disk"
        plugin.environment = disk_log(plugin.folder / "state", "two-path-server", cls.plugin_log)
        return plugin

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls("update_once")
        case.setUp()
        cls.device = case.device
        cls.module_log = case.device.folder / "module.disk"
        case.device.more_environment = disk_log(case.device.state, "two-path", cls.module_log)
        case.update_once("2.0")
        case.device.more_environment = {}
        case.doCleanups()

    def setUp(self):
        if not hasattr(self, "device"):
            super().setUp()
        self.name = self.id().rsplit(".", 1)[-1].replace("_", "-")

    def update_once(self, version):
        update = self.update(self.publish(version, size=96 * KIB))
        deployment = self.deploy()
        update.install()
        for state in ("ArtifactVerifyReboot", "ArtifactCommit", "Cleanup"):
            update.call(state, check=0)
        self.device.report(deployment, "success")
        self.assertEqual(self.session()["state"], "committed")
        return update

    def test_the_module_knows_after_a_power_cut_what_it_told(self):
        operations = crash_images.read_log(self.module_log)
        self.assertIsNone(first_loss(operations, of_the_module))
        for kind, path in (("sync", "record.json.new"), ("sync", "committed.json.new"), ("sync_folder", ".")):
            self.assertIsNotNone(first_loss(without(operations, kind, path), of_the_module), f"without {kind} of {path}")

    def test_the_plugin_knows_after_a_power_cut_what_it_told(self):
        operations = crash_images.read_log(self.plugin_log)
        self.assertIsNone(first_loss(operations, of_the_plugin))
        for kind, path in (("sync", "two-path.db-wal"), ("sync", "host.db-wal"), ("sync", "incoming/"), ("sync_folder", "payloads"),
                           ("sync_folder", "tls")):
            self.assertIsNotNone(first_loss(without(operations, kind, path), of_the_plugin), f"without {kind} of {path}")

    def test_the_plugin_starts_on_what_a_power_cut_left(self):
        chance = random.Random(SEED)
        operations = crash_images.read_log(self.plugin_log)
        told = next(number for number, operation in enumerate(operations) if operation.kind == "tell")
        state = self.plugin.folder / "state"
        self.plugin.stop()
        whole = state.rename(self.plugin.folder / "whole")
        try:
            for cut in (told, chance.randrange(told, len(operations)), chance.randrange(told, len(operations))):
                how, image = chance.choice(list(disk_after(operations[:cut]).images()))
                with self.subTest(cut=cut, how=how, seed=SEED):
                    crash_images.write_image(image, state)
                    self.plugin.start()
                    self.assertEqual(self.plugin.stop(), 0)
                shutil.rmtree(state)
        finally:
            whole.rename(state)
            self.plugin.start()

    def test_the_next_update_succeeds_on_what_a_power_cut_left(self):
        chance = random.Random(SEED)
        operations = crash_images.read_log(self.module_log)
        for version in ("3.0", "4.0", "5.0"):
            cut = chance.randrange(len(operations))
            how, image = chance.choice(list(disk_after(operations[:cut]).images()))
            with self.subTest(cut=cut, how=how, seed=SEED):
                shutil.rmtree(self.device.state)
                self.device.state.mkdir()
                crash_images.write_image(image, self.device.state)
                self.device.restart()
                update = self.update_once(version)
                self.assertNotIn("cannot be used", update.log)


if __name__ == "__main__":
    print(f"seed {SEED}", flush=True)
    unittest.main()
