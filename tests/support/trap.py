"""What a program is about to do fails, or ends it: a plan for fault_at.so.

    trap = Trap(folder, "two-path")
    device.more_environment = trap.environment
    trap.set(7)                                        # seven steps pass, and the next one kills
    trap.set(7, WRITES, errno.ENOSPC, times=FOREVER)   # or: from the eighth on nothing can be written
    trap.release()
"""

import dataclasses
import mmap
import os
import struct

from plugin import BUILD

KINDS = ("open", "write", "sync", "rename", "unlink", "connect", "send", "recv", "malloc", "tell", "hear")
STEPS = ("sync", "rename", "unlink", "connect", "tell", "hear")  # what another process, the disk or the peer could see
CALLS = tuple(kind for kind in KINDS if kind not in ("tell", "hear"))
NEVER = FOREVER = 2**40

# As `Plan` in fault_at.cpp.
ORDER = struct.Struct("=qq")
CHOSEN = struct.Struct("=IiI")
PASSED = struct.Struct(f"={len(KINDS)}I")
SIZE = ORDER.size + CHOSEN.size + PASSED.size


@dataclasses.dataclass
class Passed:
    steps: list  # in words, when they were noted
    calls: dict  # how many of each kind
    struck: bool  # whether the one that was chosen came


class Trap:
    """fault_at.so in one program."""

    def __init__(self, folder, program):
        file = folder / f"trap-{program}"
        self._steps = folder / f"trap-{program}.steps"
        file.write_bytes(bytes(-(-SIZE // 8) * 8))
        with open(file, "r+b") as opened:
            self._plan = mmap.mmap(opened.fileno(), 0)
        sanitizer = os.environ.get("ASAN_OPTIONS", "")
        self.environment = {"LD_PRELOAD": str(BUILD / "tests/support/fault_at.so"), "TWO_PATH_FAULT_IN": program,
                            "TWO_PATH_FAULT_PLAN": str(file), "ASAN_OPTIONS": f"{sanitizer}:verify_asan_link_order=0"}

    def set(self, left, kinds=STEPS, error=0, times=1, note=False):
        """From now on `left` calls of these kinds pass, and the next `times` ones fail with `error`; 0: the next one
        kills. `note`: those that pass are kept in words."""
        self._steps.write_text("")
        ORDER.pack_into(self._plan, 0, left, times)
        PASSED.pack_into(self._plan, ORDER.size + CHOSEN.size, *[0] * len(KINDS))
        CHOSEN.pack_into(self._plan, ORDER.size, sum(1 << KINDS.index(kind) for kind in kinds), error, note)

    def release(self):
        """Nothing happens any more; gives what Passed since it was set."""
        CHOSEN.pack_into(self._plan, ORDER.size, 0, 0, 0)
        left, _ = ORDER.unpack_from(self._plan, 0)
        calls = dict(zip(KINDS, PASSED.unpack_from(self._plan, ORDER.size + CHOSEN.size)))
        return Passed(self._steps.read_text().splitlines(), calls, left < 0)
