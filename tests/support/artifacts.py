"""Mender Artifacts as operators make them: with Mender's own tool."""

import io
import pathlib
import subprocess
import tarfile
import tempfile


def write(path, payload_type, name, files, device_type="test-device", options=(), scripts=None):
    """`mender-artifact write module-image`; files, and state scripts: {name: bytes}. Gives the path."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["mender-artifact", "write", "module-image", "-T", payload_type, "-n", name, "-t", device_type,
                   "-o", str(path)]
        for option, named in (("-f", files), ("-s", scripts or {})):
            for file_name, content in named.items():
                file = pathlib.Path(folder, file_name)
                file.write_bytes(content)
                command += [option, str(file)]
        subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL)
    return path


def directory(files, destination="/opt/app"):
    """For Debian's `directory` module: files {name: bytes} replace the folder `destination`."""
    return {"update.tar": tar(files), "dest_dir": f"{destination}\n".encode()}


def single_file(content, destination="/opt/app", file_name="app", permissions="644"):
    """For Debian's `single-file` module."""
    settings = {"dest_dir": destination, "filename": file_name, "permissions": permissions}
    return {**{setting: f"{value}\n".encode() for setting, value in settings.items()}, file_name: content}


def write_directory(path, name, files, **more):
    return write(path, "directory", name, directory(files), **more)


def write_single_file(path, name, content, **more):
    return write(path, "single-file", name, single_file(content), **more)


def key_pair(folder, name):
    """An RSA key, private and public: `mender-artifact` signs with the one (option -k) and validates with the other."""
    private, public = folder / f"{name}.pem", folder / f"{name}.pub"
    for command in (["genrsa", "-traditional", "-out", private, "2048"],
                    ["pkey", "-in", private, "-pubout", "-out", public]):
        subprocess.run(["openssl", *command], check=True, capture_output=True)
    return private, public


def tar(files, mode=0o644):
    # Owner 0: root of a user namespace cannot give files to anybody else, and tar would fail.
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            member.mode = mode
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()
