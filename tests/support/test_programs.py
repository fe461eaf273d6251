"""What `tools/test` runs: each kind of program, and how its test cases are told apart.

`run(pattern)` gives the cases whose name contains the pattern. A case that started and never ended has failed:
a crash or a hang is counted where it happened, and everything before it as well.
"""

import dataclasses
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

CASE_LOG = pathlib.Path(__file__).with_name("case_log.py")
SKIPPED = 77  # exit code of a check that cannot run here
TIMEOUT = 1200


@dataclasses.dataclass
class Case:
    name: str
    outcome: str  # passed, failed, skipped
    detail: str = ""


def run_program(argv, timeout, environment):
    """(exit code, output). Nothing of its process group is left afterwards."""
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               start_new_session=True, env=environment)
    try:
        output, _ = process.communicate(timeout=timeout)
        code = process.returncode
    except subprocess.TimeoutExpired:
        kill_group(process.pid)
        output, _ = process.communicate()
        output += f"\nstopped after {timeout} s\n".encode()
        code = -signal.SIGKILL
    kill_group(process.pid)
    return code, output.decode(errors="replace")


def kill_group(leader):
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        pass


class BoostProgram:
    """A Boost.Test executable."""

    def __init__(self, name, argv, timeout):
        self.name = name
        self._argv = argv
        self._timeout = timeout

    def run(self, pattern, environment):
        filters = []
        if pattern not in self.name:
            filters = [f"--run_test={case}" for case in self._cases(environment) if pattern in case]
            if not filters:
                return []
        with tempfile.TemporaryDirectory() as folder:
            log = pathlib.Path(folder, "log")
            code, output = run_program([*self._argv, *filters, "--color_output=no", "--report_level=no",
                                        f"--logger=HRF,test_suite,{log}"], self._timeout, environment)
            text = log.read_text(errors="replace") if log.exists() else ""
        cases = parse_boost_log(text)
        if filters:
            cases = [case for case in cases if case.outcome != "skipped"]  # skipped by the filter
        return judge(self.name, cases, code, output)

    def _cases(self, environment):
        _, listing = run_program([*self._argv, "--list_content=HRF"], self._timeout, environment)
        path = []
        for line in listing.splitlines():
            if found := re.fullmatch(r"((?:    )*)([^\s*]+)\*?(?::.*)?", line):
                path[len(found[1]) // 4:] = [found[2]]
                yield "/".join(path)


def parse_boost_log(text):
    """Boost's own log: what is said between entering and leaving a case belongs to it."""
    suites, cases, current = [], [], None
    for line in text.splitlines():
        if found := re.search(r'(Entering|Leaving) test (case|suite|module) "([^"]*)"', line):
            entering, kind, name = found[1] == "Entering", found[2], found[3]
            if kind == "case":
                current = Case("/".join([*suites, name]), "started") if entering else close(current)
                cases += [current] if entering else []
            elif kind == "suite":
                suites = [*suites, name] if entering else suites[:-1]
        elif found := re.search(r'Test case "([^"]*)" is skipped because (.*)', line):
            cases.append(Case(found[1], "skipped", found[2]))
        elif current:
            current.detail += line + "\n"
            if re.search(r": (fatal )?error: in ", line):
                current.outcome = "failed"
    return cases


def close(case):
    if case.outcome == "started":
        case.outcome = "passed"


def judge(program, cases, code, output):
    """Adds what only the exit code and the output tell."""
    broken = [case for case in cases if case.outcome == "started"]
    for case in broken:
        case.outcome = "failed"
        case.detail += f"the program ended here, with exit code {code}:\n{tail(output)}"
    for case in cases:
        case.name = f"{program}/{case.name}"
    if code != 0 and not any(case.outcome == "failed" for case in cases):
        cases.append(Case(program, "failed", f"exit code {code}:\n{tail(output)}"))
    return cases


def tail(output):
    return output[-8000:]


class OtherProgram:
    """A program whose exit code is its whole answer: a check, or a test without Boost.Test."""

    def __init__(self, name, argv, timeout=TIMEOUT):
        self.name = name
        self._argv = argv
        self._timeout = timeout

    def run(self, pattern, environment):
        if pattern not in self.name:
            return []
        code, output = run_program(self._argv, self._timeout, environment)
        outcome = {0: "passed", SKIPPED: "skipped"}.get(code, "failed")
        return [Case(self.name, outcome, tail(output))]


class PythonFile:
    """A file of unittest cases, run in a process of its own."""

    def __init__(self, path):
        self.name = f"{path.parent.name}/{path.stem}"
        self._path = path

    def run(self, pattern, environment):
        with tempfile.TemporaryDirectory() as folder:
            log = pathlib.Path(folder, "log")
            code, output = run_program([sys.executable, "-B", str(CASE_LOG), str(self._path), str(log), pattern],
                                       TIMEOUT, environment)
            lines = log.read_text().splitlines() if log.exists() else []
        cases = {}
        for record in map(json.loads, lines):
            case = cases.setdefault(record["case"], Case(record["case"], "started"))
            if case.outcome != "failed" and record["event"] != "start":
                case.outcome = record["event"]
            case.detail += record["detail"]
        return judge(self.name, list(cases.values()), code, output)
