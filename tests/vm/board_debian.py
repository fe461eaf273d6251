"""Debian as a board has it: its cloud kernel, an initrd for virtual disks, and nothing that is only for people."""

import os
import pathlib
import shutil
import subprocess

# zstd: of the initrd. ext4's checksums are asked for by name, so no dependency tells of them.
PACKAGES = {"linux-image-cloud-amd64", "initramfs-tools", "zstd", "dbus", "mender-client"}
MODULES = ["virtio_pci", "virtio_blk", "virtio_net", "virtio_rng", "ext4", "crc32c_generic", "crc32c-intel"]
# The identity and inventory scripts among the examples are a board's.
EXAMPLES = "usr/share/doc/mender-client/examples"
# In the initrd nobody asks udev: the kernel itself names the disk, and all drivers are loaded.
UDEV_IN_INITRD = ["hooks/udev", "scripts/init-top/udev", "scripts/init-bottom/udev"]
NEEDLESS = ["usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/locale", "usr/share/i18n",
            "usr/share/zoneinfo", "usr/share/lintian", "usr/share/gcc", "usr/lib/x86_64-linux-gnu/gconv", "var/cache/apt", "var/lib/apt/lists", "var/cache/debconf"]


def finish(root):
    """Makes of what debootstrap left what a board needs."""
    keep_modules(root)
    configuration = root / "etc/initramfs-tools"
    (configuration / "conf.d/board").write_text("MODULES=list\nCOMPRESS=zstd\nFSTYPE=ext4\n")
    with open(configuration / "modules", "a", encoding="utf-8") as file:
        file.write("\n".join(MODULES) + "\n")
    for path in UDEV_IN_INITRD:
        (root / "usr/share/initramfs-tools" / path).unlink()
    inside(root, "update-initramfs", "-u", "-k", "all")
    scripts = root / "usr/share/mender"
    for kind, name in (("identity", "mender-device-identity"), ("inventory", "mender-inventory-update-modules")):
        shutil.copy(root / EXAMPLES / name, scripts / kind)
        (scripts / kind / name).chmod(0o755)
    for path in NEEDLESS:
        shutil.rmtree(root / path, ignore_errors=True)


def keep_modules(root):
    """Deletes the kernel modules that nothing here needs."""
    [folder] = (root / "usr/lib/modules").iterdir()
    needs = {}
    for line in (folder / "modules.dep").read_text().splitlines():
        path, _, others = line.partition(":")
        needs[path] = others.split()
    names = {name.replace("-", "_") for name in MODULES}
    wanted = {path for path in needs if pathlib.Path(path).name.split(".ko")[0].replace("-", "_") in names}
    wanted |= {other for path in wanted for other in needs[path]}
    for path in needs.keys() - wanted:
        (folder / path).unlink()
    inside(root, "depmod", folder.name)


def inside(root, *argv):
    """Runs a program of the root file system in it."""
    for name in ("proc", "dev"):
        subprocess.run(["mount", "--rbind", f"/{name}", root / name], check=True)
    try:
        done = subprocess.run(["chroot", root, *argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env={**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}, check=False)
    finally:
        for name in ("proc", "dev"):
            subprocess.run(["umount", "--recursive", root / name], check=True)
    if done.returncode != 0:
        raise RuntimeError(f"{argv} in {root} ended with {done.returncode}:\n{done.stdout[-3000:]}")
