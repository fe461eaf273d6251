#!/usr/bin/python3
"""The first process of a sandbox: builds the root, starts the bus, lives until it is told to go.

Called inside fresh mount and pid namespaces with a JSON plan as its only argument:

    root    folder that becomes the root
    binds   [outside, inside, read_only] in order; both ends exist
    tmpfs   [inside, options]
    bus     path of the bus configuration, seen from inside

It prints its pid, as the host counts, when everything is up. The end of its standard input ends it, and
with it, because it is the first process of its pid namespace, every other process of the sandbox: so
nothing outlives a test, however the test ends. A SIGUSR1 (from the `reboot` stub) or a byte on standard
input ends it with REBOOT.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys

REBOOT = 77

MS_BIND, MS_REC = 0x1000, 0x4000
MS_NOSUID, MS_NODEV = 0x2, 0x4
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
SYS_MOUNT_SETATTR = 442  # the same number on every architecture
MOUNT_ATTR_RDONLY = 0x1

libc = ctypes.CDLL(None, use_errno=True)


class MountAttributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "user_namespace")]


def check(result, what):
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")


def mount(source, target, kind, flags, options=""):
    check(libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode()),
          f"mount {source} on {target}")


def make_read_only(target):
    attributes = MountAttributes(set=MOUNT_ATTR_RDONLY)
    check(libc.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, target.encode(), AT_RECURSIVE,
                       ctypes.byref(attributes), ctypes.sizeof(attributes)), f"make {target} read-only")


def build_root(plan):
    root = plan["root"]
    for target, options in plan["tmpfs"]:
        mount("tmpfs", root + target, "tmpfs", MS_NOSUID | MS_NODEV, options)
    for source, target, read_only in plan["binds"]:
        mount(source, root + target, "", MS_BIND | MS_REC)
        if read_only:
            make_read_only(root + target)
    os.chroot(root)
    os.chdir("/")


def start_bus(configuration):
    os.makedirs("/run/dbus")
    ready, write_end = os.pipe()
    with open("/var/log/bus.log", "ab") as log:
        subprocess.Popen(["/usr/bin/dbus-daemon", "--nofork", "--nopidfile", "--config-file", configuration,
                          f"--print-address={write_end}"],
                         pass_fds=[write_end], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    os.close(write_end)
    if not os.read(ready, 4096):
        raise RuntimeError("the bus did not start; see var/log/bus.log in the sandbox")
    os.close(ready)


def leave(status):
    os._exit(status)


def main():
    plan = json.loads(sys.argv[1])
    signal.signal(signal.SIGUSR1, lambda *_: leave(REBOOT))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pid = os.readlink("/proc/self")  # still the host's /proc: the pid that nsenter needs
    build_root(plan)
    start_bus(plan["bus"])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # orphans are reaped by the kernel
    print(pid, flush=True)
    leave(REBOOT if os.read(0, 1) else 0)


if __name__ == "__main__":
    main()
