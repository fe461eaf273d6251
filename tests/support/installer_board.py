"""An installer of each kind, and a device on which it is called: fails, waits or loses its power when told to."""

# Keeps what it replaces; a state in which it shall fail or wait has a file of that name.
INSTALLER = """#!/bin/sh
set -e
home={home}
echo "$1" >> $home/calls
state=${{1%WithFileSizes}}
[ ! -e $home/fails-$state ] || {{ echo "told to fail in $1" >&2; exit 7; }}
[ ! -e $home/holds-$state ] || {{ echo "holding $1" >&2; exec sleep 600; }}
take_streams() {{
    while line=$(cat stream-next) && [ -n "$line" ]; do
        file=${{line%% *}}
        {take}
    done
}}
case $1 in
    ProvidePayloadFileSizes) echo {sizes} ;;
    Download | DownloadWithFileSizes) {download} ;;
    SupportsRollback) echo {rollback} ;;
    NeedsArtifactReboot) echo {reboot} ;;
    ArtifactReboot | ArtifactRollbackReboot) echo "holding $1" >&2; exec sleep 600 ;;
    ArtifactInstall)
        mkdir -p $home/old
        cp $home/VERSION $home/payload $home/old/
        [ -e $home/passive ] || cp files/* $home/passive
        mv $home/passive $home/payload
        head -n 1 $home/payload > $home/VERSION ;;
    ArtifactRollback) [ ! -e $home/old ] || cp $home/old/* $home/ ;;
    Cleanup) rm -rf $home/old $home/passive ;;
esac
"""
TAKE = {"files": ("", ":"), "streams": ("cat $file > $home/passive", "take_streams"),
        "half a stream": ("head -c 100 $file > $home/passive; exit 0", "take_streams")}
QUERIES = {"ProvidePayloadFileSizes", "SupportsRollback", "NeedsArtifactReboot"}


def installer(home, data, sizes, reboot, rollback):
    """Its script: how it takes its data, and what it answers to the queries."""
    take, download = TAKE[data]
    return INSTALLER.format(home=home, take=take, download=download, sizes=sizes, reboot=reboot, rollback=rollback)


class Board:
    """A device under a client: calls what `update` calls, and loses its power when told to."""

    def __init__(self, update):
        self.update = update
        self.device = update.device

    def restart(self):
        self.device.restart()

    def call(self, state, trouble):
        if trouble == "power cut":
            return self.cut(state)
        marker = self.device.installed / f"fails-{state.removesuffix('WithFileSizes')}"
        if trouble:
            marker.touch()
        try:
            return self.run(state)
        finally:
            marker.unlink(missing_ok=True)

    def run(self, state):
        return self.update.call(state)

    def cut(self, state):
        marker = self.device.installed / f"holds-{state.removesuffix('WithFileSizes')}"
        marker.touch()
        process = self.update.start(state)
        try:
            self.update.read_until(process, f"holding {state}")
        finally:
            self.update.kill(process)
            marker.unlink()
        self.restart()
        return -9, ""
