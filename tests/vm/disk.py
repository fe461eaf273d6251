"""A board's disk: GRUB, its partition, two slots for root file systems, data."""

import json
import pathlib
import shutil
import subprocess

import board_image

MIB = 1024 * 1024
GRUB = pathlib.Path("/usr/lib/grub/i386-pc")
GRUB_MODULES = ["biosdisk", "part_msdos", "ext2", "normal", "configfile", "linux", "loadenv", "serial", "terminal",
                "test", "echo", "boot", "minicmd"]
SECTOR = 512
GRUB_SIZE, DATA_SIZE = 16, 640  # MiB


def make(disk, image, slot_size, server_url, certificate, folder):
    """Writes a disk whose slot a has this image and is started.

    slot_size   of each of the two, in MiB
    """
    sizes = [GRUB_SIZE, slot_size, slot_size, DATA_SIZE]
    starts = [1 + sum(sizes[:i]) for i in range(4)]
    table = "label: dos\n" + "".join(f"start={start * MIB // SECTOR}, size={size * MIB // SECTOR}, type=83\n"
                                     for start, size in zip(starts, sizes))
    with open(disk, "wb") as file:
        file.truncate((starts[-1] + sizes[-1]) * MIB)
    subprocess.run(["sfdisk", "--quiet", disk], input=table, text=True, check=True)
    put_loader(disk, folder)
    put(disk, image, starts[1])
    grub, data = folder / "grub.img", folder / "data.img"
    board_image.make_file_system(grub, loader_files(folder / "grub"), f"{GRUB_SIZE}M")
    put(disk, grub, starts[0])
    board_image.make_file_system(data, data_files(folder / "data", server_url, certificate), f"{DATA_SIZE}M")
    put(disk, data, starts[3])


def put(disk, content, at):
    subprocess.run(["dd", f"if={content}", f"of={disk}", "bs=1M", f"seek={at}", "conv=notrunc,sparse", "status=none"],
                   check=True)


def put_loader(disk, folder):
    """GRUB's first sector keeps the table of partitions; the rest lies before the first of them."""
    core = folder / "core.img"
    subprocess.run(["grub-mkimage", "-O", "i386-pc", "-p", "(hd0,msdos1)", "-o", core, *GRUB_MODULES], check=True)
    if core.stat().st_size > MIB - SECTOR:
        raise RuntimeError("GRUB does not fit before the first partition")
    for source, position, size in ((GRUB / "boot.img", 0, 440), (core, SECTOR, None)):
        with open(disk, "r+b") as file:
            file.seek(position)
            file.write(source.read_bytes()[:size])


def loader_files(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    text = (board_image.AB / "grub.cfg").read_text(encoding="utf-8")
    # An emulated timer may come too late for the kernel's test of it, which panics then.
    (folder / "grub.cfg").write_text(text.replace("panic=5", "panic=5 no_timer_check"), encoding="utf-8")
    words = "# GRUB Environment Block\nslot=a\nnext=\ntried=0\n"
    (folder / "grubenv").write_text(words.ljust(1024, "#"))
    return folder


def data_files(folder, server_url, certificate):
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("mender", "two-path"):
        (folder / name).mkdir(parents=True, mode=0o700)
    (folder / "mender/device_type").write_text("device_type=board\n")
    shutil.copy(certificate, folder / "server.crt")
    (folder / "mender.conf").write_text(json.dumps({
        "ServerURL": server_url, "ServerCertificate": "/data/server.crt", "UpdatePollIntervalSeconds": 5,
        "InventoryPollIntervalSeconds": 3600, "RetryPollIntervalSeconds": 5,
        "Security": {"AuthPrivateKey": "/data/mender/device.key"}}))
    # Made here, where it takes no time.
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out",
                    folder / "mender/device.key"], check=True, capture_output=True)
    return folder
