#!/usr/bin/python3
"""Runs the unittest cases of one file and writes down each case as it starts and as it ends.

    case_log.py TEST_FILE LOG [PATTERN]

The log has one JSON object a line: {"case", "event": "start" | "passed" | "failed" | "skipped", "detail"}. A case
that starts and never ends was the one that hung or brought the process down.
"""

import faulthandler
import importlib.util
import json
import pathlib
import sys
import unittest

CASE_TIMEOUT = 240


class CaseLog(unittest.TestResult):
    def __init__(self, log):
        super().__init__()
        self._log = log

    def startTest(self, test):
        super().startTest(test)
        faulthandler.dump_traceback_later(CASE_TIMEOUT, exit=True)
        self._write(test, "start")

    def stopTest(self, test):
        faulthandler.cancel_dump_traceback_later()
        super().stopTest(test)

    def addSuccess(self, test):
        self._write(test, "passed")

    def addError(self, test, error):
        super().addError(test, error)
        self._write(test, "failed", self.errors[-1][1])

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self._write(test, "failed", self.failures[-1][1])

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error:
            detail = (self.failures if issubclass(error[0], test.failureException) else self.errors)[-1][1]
            self._write(test, "failed", f"{subtest}\n{detail}")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._write(test, "skipped", reason)

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._write(test, "failed", "marked as an expected failure, and passed")

    def addExpectedFailure(self, test, error):
        super().addExpectedFailure(test, error)
        self._write(test, "passed")

    def _write(self, test, event, detail=""):
        self._log.write(json.dumps({"case": str(test), "event": event, "detail": detail}) + "\n")
        self._log.flush()


def load(path):
    sys.path.insert(0, str(path.parent))
    specification = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(specification)
    sys.modules[path.stem] = module
    specification.loader.exec_module(module)
    return module


def main(path, log_path, pattern=""):
    # -k of unittest: part of the full name; the file's own name lets a whole file be chosen.
    chosen = unittest.TestLoader()
    if pattern not in "/".join(pathlib.Path(path).with_suffix("").parts[-2:]):
        chosen.testNamePatterns = [f"*{pattern}*"]
    suite = chosen.loadTestsFromModule(load(pathlib.Path(path).resolve()))
    with open(log_path, "w", encoding="utf-8") as log:
        suite.run(CaseLog(log))


if __name__ == "__main__":
    main(*sys.argv[1:])
