"""The images of a board's root file system that updates carry, and variants of one that differ in a file or two."""

import pathlib
import shutil
import subprocess

import board_debian

ROOT = pathlib.Path(__file__).resolve().parents[2]
AB = ROOT / "packaging/ab"
MODULES = "usr/share/mender/modules/v3"

HALT_AT_ONCE = "#!/bin/sh\nexit 1\n"

FILES = {
    "etc/fstab": """/dev/vda1 /boot/grub ext4 noatime 0 0
/dev/vda4 /data ext4 noatime 0 2
tmpfs /tmp tmpfs mode=1777 0 0
tmpfs /var/tmp tmpfs mode=1777 0 0
tmpfs /var/log tmpfs mode=755 0 0
""",
    "etc/hostname": "board\n",
    "etc/machine-id": "",
    "etc/systemd/network/board.network": "[Match]\nName=e*\n[Network]\nAddress={address}\nLinkLocalAddressing=no\n",
    "etc/systemd/system.conf.d/board.conf": "[Manager]\nShowStatus=no\n",
    # All that is logged goes to the serial console, which outlives a power cut.
    "etc/systemd/journald.conf.d/board.conf":
        "[Journal]\nStorage=volatile\nForwardToConsole=yes\nTTYPath=/dev/ttyS0\nMaxLevelConsole=info\n",
    # Debian's unit starts a client that ends by itself no more.
    "etc/systemd/system/mender-client.service.d/board.conf": "[Service]\nRestart=always\nRestartSec=1\n",
    "etc/systemd/system/board-says.service":
        "[Unit]\nBefore=mender-client.service\n[Service]\nType=oneshot\nExecStart=/usr/local/sbin/board-says\n",
    "etc/mender/artifact_info": "artifact_name=delivered\n",
    "etc/two-path/two-path.conf": '{"store": "preferred"}\n',
}
SAYS = """#!/bin/sh
. /etc/os-release
echo "board: runs version $IMAGE_VERSION from $(sed 's/.*root=\\([^ ]*\\).*/\\1/' /proc/cmdline)"
"""
WANTED = ["systemd-networkd.service", "mender-client.service", "board-says.service"]
# What a small board that has its drivers from the initrd can do without: each start is emulated.
MASKED = ["serial-getty@.service", "getty@tty1.service", "systemd-logind.service", "modprobe@.service",
          "systemd-modules-load.service", "systemd-random-seed.service", "systemd-networkd-wait-online.service",
          "systemd-update-utmp.service", "systemd-update-utmp-runlevel.service", "systemd-pstore.service",
          "dev-hugepages.mount", "dev-mqueue.mount", "sys-kernel-debug.mount", "sys-kernel-tracing.mount",
          "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer",
          "e2scrub_reap.service", "fstrim.timer"]
UDEV_RULES = {"50-udev-default.rules", "60-block.rules", "99-systemd.rules"}


def os_release(version):
    return f'PRETTY_NAME="A board"\nID=debian\nVERSION_ID="12"\nIMAGE_VERSION={version}\n'


def make(clean, package, address, folder):
    """An image of version 1.0 with the device package in it, as small as it can be; gives its path.

    address     ADDRESS/BITS of the board
    """
    root, image = folder / "root", folder / "root.img"
    shutil.rmtree(root, ignore_errors=True)
    subprocess.run(["cp", "--archive", "--reflink=auto", clean, root], check=True)
    shutil.copy(package, root / "device.deb")
    board_debian.inside(root, "dpkg", "--install", "/device.deb")
    (root / "device.deb").unlink()
    for path, text in FILES.items():
        write(root / path, text.replace("{address}", address))
    write(root / "usr/lib/os-release", os_release("1.0"))
    write(root / "usr/local/sbin/board-says", SAYS, 0o755)
    write(root / MODULES / "ab-image", (AB / "ab-image").read_text(), 0o755)
    write(root / "etc/ab-image.conf", (AB / "ab-image.conf").read_text())
    for name in ("mender", "two-path"):
        link(root / f"var/lib/{name}", f"/data/{name}")
    link(root / "etc/mender/mender.conf", "/data/mender.conf")
    for folder_name in ("boot/grub", "data"):
        (root / folder_name).mkdir(exist_ok=True)
    for unit in WANTED:
        where = "/etc" if (root / "etc/systemd/system" / unit).exists() else "/lib"
        link(root / "etc/systemd/system/multi-user.target.wants" / unit, f"{where}/systemd/system/{unit}")
    link(root / "etc/systemd/system/default.target", "/lib/systemd/system/multi-user.target")
    for rules in (root / "usr/lib/udev/rules.d").iterdir():
        if rules.name not in UDEV_RULES:
            rules.unlink()
    for unit in MASKED:
        link(root / "etc/systemd/system" / unit, "/dev/null")
    # Never written to on the board: no journal, and no room.
    make_file_system(image, root, "512M", "-O", "^has_journal", "-m", "0")
    subprocess.run(["resize2fs", "-M", image], check=True, capture_output=True)
    shutil.rmtree(root)
    return image


def make_file_system(image, root, size, *options):
    image.unlink(missing_ok=True)
    subprocess.run(["mkfs.ext4", "-q", *options, "-d", root, image, size], check=True, capture_output=True)


def variant(image, to, version, replaced=None, removed=()):
    """A copy that calls itself `version`; `replaced`: {path: text}, of programs."""
    subprocess.run(["cp", "--reflink=auto", image, to], check=True)
    commands = [f"rm {path}" for path in removed]
    for path, text in {"/usr/lib/os-release": os_release(version), **(replaced or {})}.items():
        source = to.with_name(f"{to.name}.{path.rsplit('/', 1)[1]}")
        source.write_text(text)
        commands += [f"rm {path}", f"write {source} {path}", f"sif {path} mode 0100755"]
    done = subprocess.run(["debugfs", "-w", "-f", "/dev/stdin", to], input="\n".join(commands), text=True, check=True,
                          capture_output=True)
    wrong = [line for line in done.stderr.splitlines()[1:] if line.strip()]
    if wrong:
        raise RuntimeError(f"debugfs on {to}: {wrong}")
    return to


def write(path, text, mode=0o644):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def link(path, target):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(target)
