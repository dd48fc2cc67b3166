"""The one way to have work done in another Python process: a job goes in, a reply or an error comes out.

Work goes to a process of its own where it may crash, never end, or clash with what is loaded here. Job and
reply lie in a folder that is the worker's current one; how the process begins, `_worker_start.py` says. A
worker is a function from `Job` to `Reply` in a module whose last function hands it to `serve`; it may run
under an interpreter that has numpy and nothing else of ours. From the second job of its kind on it is forked
from a process that has loaded the module and called its `prepare`, if there is one (`forerunner.py`).
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from tinyml_compress import errors
from tinyml_compress.errors import TinymlError
from tinyml_compress.support import forerunner, proc

Array = npt.NDArray[np.generic]
_START = Path(__file__).with_name("_worker_start.py")
_JOB, _ARRAYS_IN = "job.json", "in.npz"
_REPLY, _ARRAYS_OUT, _ERROR = "reply.json", "out.npz", "error.json"
_REFUSED = 3
# Lines that say nothing about the work.
_NOISE = re.compile(r"^(INFO|W\d+|I\d+|WARNING: All log messages|Aborted|\s*$)")


@dataclass(frozen=True)
class Job:
    """What the worker finds: options that JSON can hold, arrays and files by name."""

    options: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, Array] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    folder: Path = Path()
    """Where the worker finds them: set for it, and of no account to the asker."""


@dataclass(frozen=True)
class Reply:
    """What it answers."""

    values: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, Array] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    log: str = ""
    """All that the process printed."""


class Broken(Exception):
    """The work ended in neither a reply nor an error of ours: the caller knows what that means to
    the user.
    """

    def __init__(self, raised: str | None, how: str, log: str) -> None:
        super().__init__(raised or how)
        self.raised = raised
        """Kind and text of the exception that ended the work; None when the process died."""
        self.how = how
        """`signal SIGSEGV` or `exit code 1`."""
        self.log = log
        """What it said of use."""


def command(target: str, *arguments: str | Path, python: str | Path = sys.executable) -> list[str]:
    """How the function `target` (`package.module:function`) is called in another process, with words."""
    return [str(python), str(_START), target, *map(str, arguments)]


def environment(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a worker's environment has besides this process's: `env`, and a path that does not move with the
    folder.

    An empty entry of PYTHONPATH, as a stray colon leaves it, would be the current folder.
    """
    path = [os.path.abspath(place) for place in os.environ.get("PYTHONPATH", "").split(os.pathsep) if place]
    return {**({"PYTHONPATH": os.pathsep.join(path)} if "PYTHONPATH" in os.environ else {}), **(env or {})}


def ask(
    target: str,
    job: Job,
    folder: Path,
    *,
    what: str,
    timeout: float,
    env: Mapping[str, str] | None = None,
    python: str | Path = sys.executable,
) -> Reply:
    """Have `target` do the job in `folder`; `what` names it in errors.

    An error of ours that the worker raises is raised here as well. ProcessError: it did not end in time.
    Broken: all else.
    """
    (folder / _JOB).write_text(json.dumps({"options": dict(job.options), "files": list(job.files)}))
    np.savez(folder / _ARRAYS_IN, **job.arrays)
    for name, data in job.files.items():
        (folder / name).write_bytes(data)
    apart = environment({"TMPDIR": str(folder), **(env or {})})
    done = None
    if python == sys.executable:
        whole = {**os.environ, **apart}
        done = forerunner.run(target, folder, what=what, timeout=timeout, environment=whole)
    if done is None:
        words = command(target, folder, python=python)
        done = proc.run(words, timeout=timeout, what=what, cwd=folder, env=apart, check=False)
    complaint = folder / _ERROR
    if done.returncode == _REFUSED and complaint.is_file():
        _raise(json.loads(complaint.read_text()), _said(done))
    if done.returncode != 0 or not (folder / _REPLY).is_file():
        raise Broken(None, done.how, _said(done))
    reply = json.loads((folder / _REPLY).read_text())
    with np.load(folder / _ARRAYS_OUT) as stored:
        arrays = {key: stored[key] for key in stored.files}
    files = {name: (folder / name).read_bytes() for name in reply["files"]}
    return Reply(reply["values"], arrays, files, done.stdout + done.stderr)


def serve(folder: Path, work: Callable[[Job], Reply]) -> None:
    """The worker's side: do `work`, store what it gives, say in one line why it could not."""
    given = json.loads((folder / _JOB).read_text())
    with np.load(folder / _ARRAYS_IN) as stored:
        arrays = {key: stored[key] for key in stored.files}
    files = {name: (folder / name).read_bytes() for name in given["files"]}
    try:
        reply = work(Job(given["options"], arrays, files, folder))
    except TinymlError as error:
        parts = {name: getattr(error, name) for name in ("which", "found", "allowed", "next_step")}
        _leave(folder, {"kind": type(error).__name__, "told": (error.what, parts)})
    except (
        Exception
    ) as error:  # what libraries raise on a bad file is not documented: struct.error, ValueError, ...
        _leave(folder, {"kind": None, "told": f"{type(error).__name__}: {error}"})
    for name, data in reply.files.items():
        (folder / name).write_bytes(data)
    np.savez(folder / _ARRAYS_OUT, **reply.arrays)
    (folder / _REPLY).write_text(json.dumps({"values": dict(reply.values), "files": list(reply.files)}))


def _leave(folder: Path, error: Mapping[str, Any]) -> NoReturn:
    (folder / _ERROR).write_text(json.dumps(error))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(_REFUSED)  # the destructor of what refused may crash


def _raise(error: Mapping[str, Any], log: str) -> NoReturn:
    """The worker's error again."""
    kind = getattr(errors, str(error["kind"]), None)
    if not (isinstance(kind, type) and issubclass(kind, TinymlError)):
        raise Broken(str(error["told"]), "it raised an error", log)
    what, parts = error["told"]
    told: TinymlError = kind(what, **parts)
    told.__cause__ = Broken(None, "it raised an error", log)
    raise told


def _said(done: proc.Finished) -> str:
    lines = [line for line in (done.stdout + done.stderr).splitlines() if not _NOISE.match(line)]
    # A Python traceback would be of our worker's: its last line is what matters.
    if any(line.startswith("Traceback") for line in lines):
        lines = lines[-1:]
    return "\n".join(lines[-8:])
