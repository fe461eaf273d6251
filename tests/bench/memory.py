"""What processes hold of the machine's memory, in KiB (proc_pid_smaps(5))."""

import pathlib


def of(pid):
    """{field: KiB} of smaps_rollup."""
    lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {name.rstrip(":"): int(size) for name, size, *_ in map(str.split, lines)}


def pss(pid):
    return of(pid)["Pss"]


def private(pid):
    rollup = of(pid)
    return rollup["Private_Clean"] + rollup["Private_Dirty"]
