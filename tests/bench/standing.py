"""What stands still costs: connections, sessions, the first path, the module's memory."""

import os
import pathlib
import tempfile

DISK = "/var/tmp"  # commits are measured there


def conditions():
    """What a reader of the figures must know, beside the machine."""
    import standing_control as control
    import standing_plugin as plugin
    return {"first_path_committed_on": f"{DISK} ({control.file_system(DISK)})",
            "settings": ", ".join(f"{key} = {value}" for key, value in plugin.SETTINGS.items()),
            "connections_per_address": plugin.PER_ADDRESS}


def figures(folder, build, quick=False):
    """{key: [values]}. Files go to `folder`, but for those of the first path, which is measured on a disk. `quick`
    shows that all of it works, with too few connections for some of the bars."""
    os.environ["TWO_PATH_BUILD"] = str(build)
    import standing_connections as connections
    import standing_control as control
    import standing_module as module
    folder = pathlib.Path(folder)
    samples = 2 if quick else 5
    found = connections.logins(folder / "logins", samples, 100 if quick else 500)
    with tempfile.TemporaryDirectory(prefix="two-path-bench-", dir=DISK) as disk:
        found |= control.updates(disk, samples, 10 if quick else 100)
    found |= connections.idle_and_held(folder / "idle", 500 if quick else 10_000, samples)
    found |= connections.running_sessions(folder / "sessions", 1000)
    for push in (False, True):
        found |= module.receiving(folder / ("push" if push else "pull"), 64 if quick else 512, samples, push)
    return found
