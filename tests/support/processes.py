"""Programs that end with the test, however the test ends."""

import subprocess

# The kernel sends the signal when the *thread* that started the program ends: start them from the main thread.
TETHER = ["/usr/bin/setpriv", "--pdeathsig=KILL", "--"]


def popen(argv, enter=(), **options):
    """subprocess.Popen of a program that is killed when this process dies, even by SIGKILL."""
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.Popen([*enter, *TETHER, *map(str, argv)], **options)


def stop(process, timeout=20):
    """SIGTERM, and SIGKILL to one that does not go; gives the exit code."""
    process.terminate()
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
