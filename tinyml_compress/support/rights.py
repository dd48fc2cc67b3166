"""Whether what lies in a folder can be somebody else's: asked before it is run."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

_ROOT = 0
_WRITE, _ENTER = 0o022, 0o011
"""For all but the owner."""


@dataclass(frozen=True)
class Doubt:
    """Where somebody else could have put something, and how."""

    path: Path
    why: str


def doubt(root: Path, path: Path) -> Doubt | None:
    """The first step on the way from `root` to `path` that belongs to another user, or that others may write
    to. Root can do everything anyway.

    Below a folder that others cannot enter their rights are of no use to them, and so a umask of 0 does no
    harm there; whose something is counts still, for it may have been put there earlier.
    """
    entered = True
    for step in accumulate(path.relative_to(root).parts, Path.joinpath, initial=root):
        try:
            status = step.stat()
        except OSError:  # it is not there, or cannot be looked into: then nothing in it can be run
            return None
        if status.st_uid not in (os.geteuid(), _ROOT):
            return Doubt(step, f"it belongs to user {status.st_uid}")
        if entered and status.st_mode & _WRITE:
            return Doubt(step, f"its rights are {status.st_mode & 0o7777:04o}")
        entered = entered and bool(status.st_mode & _ENTER)
    return None
