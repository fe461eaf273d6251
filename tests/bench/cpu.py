"""Processor seconds, user and system, of processes that run and of those that have ended."""

import os
import pathlib
import re
import time

TICK = 1 / os.sysconf("SC_CLK_TCK")


def of_running(pid):
    """Of all threads of a process, to the nanosecond (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)


def of_running_and_its_children(pid):
    """The same, and what its ended children and theirs have used, to a tick (proc_pid_stat(5): cutime, cstime)."""
    behind_the_name = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return of_running(pid) + (int(behind_the_name[13]) + int(behind_the_name[14])) * TICK


def of_ended(process):
    """Waits for a subprocess.Popen and gives what it and its children have used."""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime


def printed(output):
    """What one of the bench's own programs tells of itself."""
    return float(re.search(r"cpu_seconds ([\d.]+)", output)[1])
