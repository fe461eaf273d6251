"""tools/mutants breaks what it means to break: each place is there, once, and so are its tests."""

import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/mutants"))

from mutants import MUTANTS  # noqa: E402


class Mutants(unittest.TestCase):
    def test_each_place_is_there_once(self):
        for mutant in MUTANTS:
            with self.subTest(mutant.name):
                text = (ROOT / mutant.file).read_text(encoding="utf-8")
                self.assertEqual(text.count(mutant.old), 1)
                self.assertNotEqual(mutant.old, mutant.new)

    def test_each_test_is_there(self):
        for mutant in MUTANTS:
            for program, pattern in mutant.tests:
                with self.subTest(mutant.name, program=program):
                    self.assertTrue(pattern in self.source(program), f"no {pattern!r} in {program}")

    @staticmethod
    def source(program):
        files = [ROOT / program] if program.endswith(".py") else (
            (ROOT / "tests/unit" / program.removeprefix("unit-")).rglob("*.cpp"))
        return "\n".join(file.read_text(encoding="utf-8") for file in files)


if __name__ == "__main__":
    unittest.main()
