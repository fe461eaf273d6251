"""What a power cut can leave of a folder, by what disk_log.so wrote down.

Only what was synced is sure: a file's bytes by a sync of the file, a name by a sync of its folder. Of the rest a cut
leaves all, nothing, or something in between, in each of these ways (`images`):

    names    the changes of each folder since its last sync: none, the first half, all
    bytes    what was written since a file's last sync: lost; kept; kept without the second half of the last write;
             zeros, the file having its size

Nothing of this is the order that one file system keeps: code that passes holds on all of them.
"""

import dataclasses
import pathlib
import struct

OPERATIONS = ("create", "cut", "write", "sync", "sync_folder", "rename", "unlink", "make_folder", "tell")
HEAD = struct.Struct("=BQQIII")
NAMES = ("none", "half", "all")
BYTES = ("lost", "kept", "torn", "zeros")
FOLDER = "folder"  # what its name stands for


@dataclasses.dataclass(frozen=True)
class Operation:
    kind: str
    file: int
    offset: int
    path: str
    other_path: str
    content: bytes

    def __str__(self):
        return f"{self.kind} {self.path or self.file} {self.other_path}".rstrip()


def read_log(path):
    """The Operations in order; `path` of those on an open file is the name it had then."""
    log = pathlib.Path(path).read_bytes()
    operations, at = [], 0
    while at < len(log):
        kind, file, offset, *sizes = HEAD.unpack_from(log, at)
        at += HEAD.size
        parts = []
        for size in sizes:
            parts.append(log[at:at + size])
            at += size
        operations.append(Operation(OPERATIONS[kind], file, offset, parts[0].decode(), parts[1].decode(), parts[2]))
    return operations


class File:
    """`safe`: its bytes at the last sync; `since`: what changed them since, as (offset, bytes), or (size, None)."""

    def __init__(self, content=b""):
        self.safe = bytes(content)
        self.since = []

    def sync(self):
        self.safe = self.content("kept")
        self.since = []

    def content(self, how):
        if how == "lost" or not self.since:
            return self.safe
        changes = self.since
        if how == "torn" and changes[-1][1] is not None:
            offset, written = changes[-1]
            changes = [*changes[:-1], (offset, written[:len(written) // 2])]
        content = bytearray(self.safe)
        for offset, written in changes:
            if written is None:
                content = content[:offset].ljust(offset, b"\0")
            else:
                content.extend(bytes(max(0, offset - len(content))))
                content[offset:offset + len(written)] = bytes(len(written)) if how == "zeros" else written
        return bytes(content)


class Disk:
    """A folder that is empty at first, while operations are done to it."""

    def __init__(self):
        self._files = {}  # by inode: the one that has it now
        self._now = {}  # name: File or FOLDER
        self._safe = {}
        self._changes = {}  # folder: [(name that goes or "", name that comes or "", what it stands for)] since its sync

    def do(self, operation):
        getattr(self, "_" + operation.kind)(operation)

    def now(self):
        """{name: bytes} as programs see it."""
        return {name: file.content("kept") for name, file in self._now.items() if file is not FOLDER}

    def images(self):
        """Each {name: bytes} that a power cut could leave now, with how it came about; equal ones once."""
        seen = set()
        for names in NAMES:
            for how in BYTES:
                image = self._image(names, how)
                key = frozenset(image.items())
                if key not in seen:
                    seen.add(key)
                    yield f"names: {names}, bytes: {how}", image

    # Inner workings

    def _image(self, names, how):
        entries = dict(self._safe)
        for changes in self._changes.values():
            kept = {"none": 0, "half": len(changes) // 2, "all": len(changes)}[names]
            apply(entries, changes[:kept])
        return {name: file.content(how) for name, file in entries.items()
                if file is not FOLDER and all(str(above) in entries for above in list(pathlib.PurePath(name).parents)[:-1])}

    def _change(self, gone, come, what):
        folders = {str(pathlib.PurePath(name).parent) for name in (gone, come) if name}
        for folder in folders:
            mine = [name if name and str(pathlib.PurePath(name).parent) == folder else "" for name in (gone, come)]
            self._changes.setdefault(folder, []).append((*mine, what))
        apply(self._now, [(gone, come, what)])

    def _create(self, operation):
        self._files[operation.file] = File()
        self._change("", operation.path, self._files[operation.file])

    def _cut(self, operation):
        self._files[operation.file].since.append((operation.offset, None))

    def _write(self, operation):
        self._files[operation.file].since.append((operation.offset, operation.content))

    def _sync(self, operation):
        self._files[operation.file].sync()

    def _sync_folder(self, operation):
        apply(self._safe, self._changes.pop(operation.path, []))

    def _rename(self, operation):
        self._change(operation.path, operation.other_path, self._now[operation.path])

    def _unlink(self, operation):
        self._change(operation.path, "", None)

    def _make_folder(self, operation):
        if operation.path != ".":
            self._change("", operation.path, FOLDER)

    def _tell(self, operation):
        pass


def apply(entries, changes):
    for gone, come, what in changes:
        if gone:
            entries.pop(gone, None)
        if come:
            entries[come] = what


def write_image(image, folder):
    """Puts it where the folder was."""
    for name, content in image.items():
        path = pathlib.Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o600)
