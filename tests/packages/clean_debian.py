"""A clean Debian that boots: debootstrap's files below an overlay, systemd as its first process, in systemd-nspawn.

The caller is root in a mount namespace of its own (tools/check-packages), so that no mount outlives it.
"""

import contextlib
import ctypes
import hashlib
import inspect
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import tempfile

import processes
import unpacked

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8",
               "DEBIAN_FRONTEND": "noninteractive"}
BOOT_SECONDS = 120
CLONE_NEWNET = 0x40000000


def sources():
    """(codename, URI) that this machine's apt takes Debian's own packages from."""
    codename = next(line.split("=")[1].strip() for line in open("/etc/os-release", encoding="utf-8")
                    if line.startswith("VERSION_CODENAME="))
    found = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages",
                            "Origin: Debian", f"Codename: {codename}", "Component: main"], check=True,
                           capture_output=True, text=True).stdout.split()
    if not found:
        raise RuntimeError(f"apt knows no source of Debian {codename}, which a clean root is made from")
    return codename, found[0]


def clean_root(packages, kind="clean", finish=None):
    """A folder with Debian's smallest system and these packages; made once, then found in the cache.

    kind      the cache keeps one of each
    finish    called with the folder before it is kept; a change of its text makes the folder anew
    """
    codename, source = sources()
    wanted = sorted({"systemd-sysv", *packages})
    recipe = " ".join(wanted) + (inspect.getsource(inspect.getmodule(finish)) if finish else "")
    name = f"{kind}-{codename}-" + hashlib.sha256(recipe.encode()).hexdigest()[:12]
    root = unpacked.cache_folder() / name
    if root.exists():
        return root
    root.parent.mkdir(parents=True, exist_ok=True)
    print(f"making a clean Debian {codename} for the cache, {root}", flush=True)
    for outdated in root.parent.glob(f"{kind}-{codename}-*"):
        shutil.rmtree(outdated)
    with tempfile.TemporaryDirectory(dir=root.parent) as folder:
        done = subprocess.run(["debootstrap", "--variant=minbase", "--include=" + ",".join(wanted), codename,
                               f"{folder}/root", source], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
        if done.returncode != 0:
            raise RuntimeError("debootstrap failed:\n" + done.stdout[-3000:])
        if finish:
            finish(pathlib.Path(folder) / "root")
        os.rename(f"{folder}/root", root)
    return root


def dependencies(package):
    """Names of what a .deb file depends on, of alternatives the first."""
    text = subprocess.run(["dpkg-deb", "--field", package, "Depends"], check=True, capture_output=True,
                          text=True).stdout
    return {entry.split("|")[0].split("(")[0].strip() for entry in text.split(",")}


def enter_network(descriptor):
    """The calling thread's network from now on."""
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "no way into that network")


class Machine:
    """One boot of a clean root. What it writes is in `folder` and gone with it; of the network it has loopback, and a
    device that leads nowhere."""

    def __init__(self, folder, clean):
        self.folder = pathlib.Path(folder)
        self.root = self.folder / "root"
        for name in ("root", "upper", "work"):
            (self.folder / name).mkdir()
        layers = f"lowerdir={clean},upperdir={self.folder}/upper,workdir={self.folder}/work"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, self.root], check=True)
        self._process = None
        self._leader = None

    def start(self):
        notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notices.bind(str(self.folder / "notify"))
        with notices, open(self.folder / "console", "wb") as console:
            self._process = processes.popen(
                ["systemd-nspawn", "--quiet", "--boot", "--directory", self.root, "--register=no", "--keep-unit",
                 "--network-veth", "--notify-ready=yes", "--console=pipe",
                 f"--machine=clean{os.getpid()}"],  # names the network device on this side, in 15 characters
                stdout=console, stderr=console, env={**os.environ, "NOTIFY_SOCKET": str(self.folder / "notify")})
            words = ""
            while "\nREADY=1" not in words:
                words += "\n" + self._notice(notices)
        self._leader = int(words.split("X_NSPAWN_LEADER_PID=")[1].split()[0])

    def _notice(self, notices):
        """The next one; that the machine has ended instead is told with its last words."""
        ended = os.pidfd_open(self._process.pid)
        try:
            ready, _, _ = select.select([notices, ended], [], [], BOOT_SECONDS)
        finally:
            os.close(ended)
        if notices not in ready:
            raise RuntimeError("the machine does not boot:\n" + (self.folder / "console").read_text()[-3000:])
        return notices.recv(4096).decode()

    def stop(self):
        """At once, as a power cut."""
        if self._process:
            if self._leader:
                os.kill(self._leader, signal.SIGKILL)
            else:
                self._process.kill()
            self._process.wait()
        subprocess.run(["umount", self.root], check=True)

    def run(self, *argv, check=True, text_input=None, **environment):
        """Runs a program inside, as root; gives its CompletedProcess, both outputs in stdout."""
        done = subprocess.run(["nsenter", f"--target={self._leader}", "--all", "--", *map(str, argv)], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, input=text_input, timeout=120,
                              env={**ENVIRONMENT, **environment}, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"{argv} ended with {done.returncode}:\n{done.stdout[-3000:]}")
        return done

    @contextlib.contextmanager
    def network(self):
        """Sockets made meanwhile are on the machine's network, and so is what threads do that are started meanwhile."""
        with open("/proc/thread-self/ns/net", "rb") as ours, open(f"/proc/{self._leader}/ns/net", "rb") as machines:
            enter_network(machines.fileno())
            try:
                yield
            finally:
                enter_network(ours.fileno())

    def path(self, inside):
        return self.root / str(inside).lstrip("/")

    def write(self, inside, text, mode=0o644):
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def install(self, *packages):
        """As an operator would who is asked nothing and keeps his own configuration."""
        for package in packages:
            shutil.copy(package, self.path("/root"))
        names = [f"/root/{pathlib.Path(package).name}" for package in packages]
        return self.run("dpkg", "--force-confold", "--install", *names).stdout
