"""A small machine of its own, without root: own files, processes, bus and boot id.

The root is a plain folder, so a test reads and writes the machine's files directly (`path`). Programs come
from the host's /usr, read-only; /usr/share, /usr/local, /etc, /var, /data, /opt are the machine's own.
Everything that runs in it ends with it.
"""

import glob
import json
import os
import pathlib
import subprocess
import threading
import uuid

from sandbox_init import REBOOT

INIT = pathlib.Path(__file__).resolve().with_name("sandbox_init.py")

ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "USER": "root",
}

OWN_FOLDERS = ("data dev/shm etc/dbus-1 home host/etc opt proc root run srv tmp usr/local/bin "
               "usr/share/dbus-1/system.d var/lib var/log var/tmp").split()
HOST_DEVICES = "/dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty".split()
# What programs from the host's /usr need to find; all else of /etc is the machine's own.
HOST_SETTINGS = "alternatives ld.so.cache ssl localtime protocols services".split()
BOOT_ID = "/proc/sys/kernel/random/boot_id"

BUS_CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
  <includedir>/usr/share/dbus-1/system.d</includedir>
</busconfig>
"""

# A reboot takes everything down at once, as a power cut does. The caller waits for its own end.
REBOOT_STUB = """#!/bin/sh
kill -USR1 1
exec tail -f /dev/null
"""


class Sandbox:
    """One machine. `side` is a network.Side, or None to share the host's network.

    binds: {inside: outside}, files and folders of the host, mounted read-only.
    small: {inside: size}, folders on a file system of their own of that many bytes, empty after each boot and
           seen from inside only: the way to a full disk.
    hosts: {name: address}, for /etc/hosts.
    on_boot: called after each boot, after a reboot from the watching thread.
    """

    def __init__(self, folder, side=None, binds=None, small=None, hosts=None, on_boot=lambda: None):
        self.root = pathlib.Path(folder).resolve() / "root"
        self.boot_ids = []
        self._side = side
        self._binds = dict(binds or {})
        self._small = dict(small or {})
        self._on_boot = on_boot
        self._booted = threading.Condition()
        self._stopping = False
        self._init = None
        self._pid = None
        self._watcher = None
        self._make_files(hosts or {})

    # Files

    def path(self, inside):
        """Where the test finds the file that the machine sees as `inside`."""
        return self.root / str(inside).lstrip("/")

    def read(self, inside):
        return self.path(inside).read_text()

    def write(self, inside, content, mode=0o644):
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(mode)

    # Power

    def start(self):
        self._boot()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def stop(self):
        """Ends every process of the machine; its files stay until their folder is removed."""
        self._stopping = True
        if self._init is not None:
            self._init.stdin.close()
            self._watcher.join()
            self._init = None

    def power_cut(self):
        """Ends every process at once and boots again."""
        boots = len(self.boot_ids)
        self._init.stdin.write(b"!")
        self.wait_for_boot(boots + 1)

    def wait_for_boot(self, count, timeout=60):
        """Waits until the machine has booted `count` times in all."""
        with self._booted:
            if not self._booted.wait_for(lambda: len(self.boot_ids) >= count, timeout):
                raise TimeoutError(f"the machine has booted {len(self.boot_ids)} times, not {count}")

    # Programs

    def command(self, argv):
        """What the host has to run so that `argv` runs inside."""
        network = ["--net"] if self._side else []
        return ["/usr/bin/nsenter", f"--target={self._pid}", "--preserve-credentials", "--user", "--mount", "--pid",
                "--root", "--wd", *network, "--", *map(str, argv)]

    def popen(self, argv, **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        environment = {**ENVIRONMENT, **options.pop("env", {})}
        return subprocess.Popen(self.command(argv), env=environment, **options)

    def run(self, argv, timeout=120, **options):
        """Runs a program inside and gives its CompletedProcess (text, both outputs in stdout)."""
        with self.popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options) as process:
            try:
                output, _ = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return subprocess.CompletedProcess(argv, process.returncode, output)

    # Inner workings

    def _make_files(self, hosts):
        for folder in OWN_FOLDERS:
            self.path(folder).mkdir(parents=True, exist_ok=True)
        for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
            if os.path.islink(f"/{name}"):
                self.path(name).symlink_to(os.readlink(f"/{name}"))
        for name in HOST_SETTINGS:
            self.path(f"/etc/{name}").symlink_to(f"/host/etc/{name}")
        for number, name in enumerate(("stdin", "stdout", "stderr")):
            self.path(f"/dev/{name}").symlink_to(f"/proc/self/fd/{number}")
        self.path("/dev/fd").symlink_to("/proc/self/fd")
        self.path("/var/run").symlink_to("/run")
        self.write("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
        self.write("/etc/group", "root:x:0:\n")
        self.write("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
        self.write("/etc/hosts", "127.0.0.1 localhost\n" + "".join(f"{a} {n}\n" for n, a in hosts.items()))
        self.write("/etc/dbus-1/bus.conf", BUS_CONFIGURATION)
        self.write("/usr/local/bin/reboot", REBOOT_STUB, 0o755)

    def _plan(self, boot_id):
        programs = [folder for pattern in ("/usr/*bin", "/usr/lib*") for folder in glob.glob(pattern)]
        # The host's /proc and not a fresh one: a container may forbid to mount another.
        binds = [["/proc", "/proc", False], [str(boot_id), BOOT_ID, True], ["/etc", "/host/etc", True]]
        binds += [[device, device, False] for device in HOST_DEVICES]
        binds += [[folder, folder, True] for folder in programs]
        binds += [[str(outside), inside, True] for inside, outside in self._binds.items()]
        for outside, inside, _ in binds:
            self._make_mount_point(outside, self.path(inside))
        tmpfs = [[inside, ""] for inside in ("/run", "/tmp", "/dev/shm")]
        tmpfs += [[inside, f"size={size}"] for inside, size in self._small.items()]
        for inside in self._small:
            self.path(inside).mkdir(parents=True, exist_ok=True)
        return {"root": str(self.root), "tmpfs": tmpfs, "binds": binds, "bus": "/etc/dbus-1/bus.conf"}

    @staticmethod
    def _make_mount_point(outside, inside):
        if str(inside).endswith(BOOT_ID):
            return  # lies in /proc, which is mounted first
        if os.path.isdir(outside):
            inside.mkdir(parents=True, exist_ok=True)
        else:
            inside.parent.mkdir(parents=True, exist_ok=True)
            inside.touch()

    def _boot(self):
        boot_id = self.root.with_name("boot_id")
        boot_id.write_text(f"{uuid.uuid4()}\n")
        enter = self._side.enter if self._side else []
        unshare = ["/usr/bin/unshare", "--mount", "--pid", "--fork", "--kill-child"]
        unshare += [] if self._side else ["--user", "--map-root-user"]
        self._init = subprocess.Popen(
            [*enter, *unshare, "/usr/bin/python3", "-I", str(INIT), json.dumps(self._plan(boot_id))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, env=ENVIRONMENT)
        pid = self._init.stdout.readline()
        self._init.stdout.close()
        if not pid:
            raise RuntimeError(f"the sandbox did not start (exit code {self._init.wait()})")
        self._pid = int(pid)
        self._on_boot()
        with self._booted:
            self.boot_ids.append(boot_id.read_text().strip())
            self._booted.notify_all()

    def _watch(self):
        while self._init.wait() == REBOOT and not self._stopping:
            self._init.stdin.close()
            self._boot()
