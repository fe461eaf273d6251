"""Two slots of a board that are files, for the update module ab-image: what its boot loader does, and the commands that
tell the module what runs."""

import pathlib

MODULE = pathlib.Path(__file__).resolve().parents[2] / "packaging/ab/ab-image"
MODULES = "usr/share/mender/modules/v3"
GRUBENV_SIZE = 1024

# `running` names the slot that is /.
COMMANDS = {
    "mountpoint": '#!/bin/sh\n[ "$2" = / ] && cat {folder}/running || basename "$2"\n',
    "mount": '#!/bin/sh\n[ "$1 $2" = "-o ro" ] && {mount}\n',
    "umount": '#!/bin/sh\nrm -rf "$1"/*\n',
}


class Slots:
    """In a folder, which the module perhaps sees under another name, `inside`. Slot a runs."""

    def __init__(self, folder, inside=None):
        self.folder = pathlib.Path(folder)
        self.inside = inside or folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.tell_loader(slot="a")
        self.run("a")

    def settings(self):
        """ab-image.conf."""
        return "".join(f"{name}={self.inside}/{file}\n"
                       for name, file in (("slot_a", "a"), ("slot_b", "b"), ("grubenv", "grubenv")))

    def write_commands(self, folder, mount):
        """mount: in shell, what has the files of the slot $3 in the folder $4."""
        for name, text in COMMANDS.items():
            path = folder / name
            path.write_text(text.format(folder=self.inside, mount=mount))
            path.chmod(0o755)

    def running(self):
        return (self.folder / "running").read_text()

    def run(self, slot):
        (self.folder / "running").write_text(slot)

    def tell_loader(self, slot, next_slot="", tried="0"):
        words = f"# GRUB Environment Block\nslot={slot}\nnext={next_slot}\ntried={tried}\n"
        (self.folder / "grubenv").write_text(words.ljust(GRUBENV_SIZE, "#"))

    def loader(self):
        """What the loader was told."""
        header, *lines = (self.folder / "grubenv").read_text().rstrip("#").splitlines()
        if header != "# GRUB Environment Block":
            raise ValueError(f"GRUB does not read a file that begins with: {header}")
        return dict(line.split("=") for line in lines)

    def restart(self):
        """As grub.cfg does."""
        words = self.loader()
        if words["next"] and words["tried"] != "1":
            self.tell_loader(words["slot"], words["next"], "1")
            self.run(words["next"])
        else:
            self.run(words["slot"])
