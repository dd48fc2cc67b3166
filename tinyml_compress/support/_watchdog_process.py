"""The process of `watchdog.py`: reads what its owner holds, and when the owner is gone, ends and removes
that.

A script that imports next to nothing, because every run of the tool that starts a program starts it too. A
line is a sign and a thing: `+` for held, `-` for let go; `p` and the number of a process group, `f` and a
folder's name in hex.
"""

import os
import sys

_REMOVE_S = 10.0
_STEP_S = 0.02


def _watch() -> None:
    held: dict[bytes, None] = {}
    for line in sys.stdin.buffer:
        sign, thing = line[:1], line[1:].strip()
        if sign == b"+":
            held[thing] = None
        else:
            held.pop(thing, None)
    # The pipe is closed: the owner let everything go and ended, or it was killed.
    groups = [int(thing[1:]) for thing in held if thing[:1] == b"p"]
    folders = [os.fsdecode(bytes.fromhex(thing[1:].decode())) for thing in held if thing[:1] == b"f"]
    for group in groups:
        _kill(group)
    for folder in folders:
        _remove(folder)
    os._exit(0)


def _remove(folder: str) -> None:
    """Until it is gone: processes that were killed a moment ago may still lay files into it."""
    import shutil
    import time

    limit = time.monotonic() + _REMOVE_S
    shutil.rmtree(folder, ignore_errors=True)
    while os.path.lexists(folder) and time.monotonic() < limit:
        time.sleep(_STEP_S)
        shutil.rmtree(folder, ignore_errors=True)


def _kill(group: int) -> None:
    import signal

    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:  # it ended together with its owner
        return
    except PermissionError:  # macOS says so of a group of which only the unburied are left
        return


if __name__ == "__main__":
    _watch()
