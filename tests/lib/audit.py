"""What a process does beyond computing, told by Python's audit events: code that runs, files that are opened
to write.

`install` begins the watch, for good: an audit hook cannot be removed. What should not have happened goes, one
line of JSON each, to a file that is open from the start; the process goes on, so that one run finds
everything.
"""

from __future__ import annotations

import json
import os
import sys
import sysconfig
from collections.abc import Collection, Iterable
from pathlib import Path
from types import CodeType
from typing import Any

LOG, ROOMS = "TINYML_TEST_AUDIT_LOG", "TINYML_TEST_AUDIT_ROOMS"
"""Environment variables: where to write, and below which folders files may be written."""
_RUNS = (
    "os.system",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "os.startfile",
    "subprocess.Popen",
    "pty.spawn",
    "pickle.find_class",
    "code.__new__",
    "socket.connect",
    "socket.bind",
    "socket.getaddrinfo",
    "urllib.Request",
    "ctypes.dlopen",
    "cpython.run_command",
    "cpython.run_file",
    "cpython.run_startup",
    "builtins.input",
    "webbrowser.open",
    "ftplib.connect",
    "smtplib.connect",
)
_CHANGES = (
    "os.chmod",
    "os.chown",
    "os.link",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.symlink",
    "os.truncate",
    "os.utime",
    "shutil.copyfile",
    "shutil.move",
    "shutil.rmtree",
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
AUTOGRAPH = "__autograph_generated_file"
"""How TensorFlow names the files of functions that it rewrites; no model file can write one."""
_IMPORTERS = ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>", "<frozen zipimport>")


def install(
    log: Path,
    rooms: Iterable[Path],
    *,
    code: Iterable[Path] = (),
    modules: Collection[str] | None = None,
    secrets: Collection[str] = (),
    commands: Collection[str] = (),
    importing: bool = False,
) -> None:
    """Watch this process from now on.

    Files may be written below `rooms`, code may come from what is installed and from below `code`. With
    `modules`, no module of another family may be imported. Whoever opens one of `secrets` is told. `commands`
    are texts one of which every program that is started has among its words. With `importing`, what modules
    do while they are imported is theirs, if they were installed: needed where the watch begins with the
    process.
    """
    channel = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    may_write = tuple(_below(room) for room in rooms)
    paths = sysconfig.get_paths()
    homes = {paths[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")} | set(map(str, code))
    homes |= {place for place in sys.path if Path(place).name == "site-packages"}
    may_run = tuple(_below(home) for home in homes)
    busy = False

    def hook(event: str, given: tuple[Any, ...]) -> None:
        nonlocal busy
        if busy:
            return
        busy = True
        try:
            found = _judged(event, given, may_write, may_run, modules, secrets, commands)
            if found is not None and not (importing and event != "exec" and _is_importing()):
                line = json.dumps({"event": event, "what": found[:300], "at": _where()})
                os.write(channel, f"{line}\n".encode())
        finally:
            busy = False

    sys.addaudithook(hook)


def told(log: Path) -> list[dict[str, str]]:
    """What was written so far."""
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def _judged(
    event: str,
    given: tuple[Any, ...],
    may_write: tuple[str, ...],
    may_run: tuple[str, ...],
    modules: Collection[str] | None,
    secrets: Collection[str],
    commands: Collection[str],
) -> str | None:
    if event == "exec":
        return _foreign(given[0], may_run)
    if event == "marshal.loads":
        return None if _caller() in _IMPORTERS else "bytecode"
    if event == "import":
        family = str(given[0]).partition(".")[0]
        return None if modules is None or family in modules else str(given[0])
    if event == "open":
        return _opened(given, may_write, secrets)
    if event == "subprocess.Popen":
        words = " ".join(map(str, given[1])) if isinstance(given[1], (list, tuple)) else str(given[1])
        return None if any(command in words for command in commands) else words
    if event.startswith(_CHANGES):
        return next(
            (place for place in _places(given) if not os.path.join(place, "").startswith(may_write)), None
        )
    if event == "cpython.run_file":
        return None if os.path.abspath(os.fsdecode(given[0])).startswith(may_run) else os.fsdecode(given[0])
    return repr(given) if event.startswith(_RUNS) else None


def _places(given: tuple[Any, ...]) -> list[str]:
    """The paths among the arguments, which may be relative to an open folder among them."""
    folders = [
        one for one in given if isinstance(one, int) and one > 2 and os.path.isdir(f"/proc/self/fd/{one}")
    ]
    start = os.readlink(f"/proc/self/fd/{folders[-1]}") if folders else os.getcwd()
    paths = [os.fsdecode(one) for one in given if isinstance(one, (str, bytes, os.PathLike))]
    return [os.path.normpath(os.path.join(start, path)) for path in paths]


def _opened(given: tuple[Any, ...], may_write: tuple[str, ...], secrets: Collection[str]) -> str | None:
    path, mode, flags = (*given, None, None)[:3]
    if not isinstance(path, (str, bytes, os.PathLike)):
        return None  # a descriptor that is open already
    place = os.path.abspath(os.fsdecode(path))
    if any(secret in place for secret in secrets):
        return f"the secret {place}"
    writes = (isinstance(flags, int) and flags & _WRITING) or (
        isinstance(mode, str) and set(mode) & set("wax+")
    )
    return (
        place
        if writes and place != os.devnull and not os.path.join(place, "").startswith(may_write)
        else None
    )


def _foreign(code: object, may_run: tuple[str, ...]) -> str | None:
    """Code that is not of a file that was installed."""
    if not isinstance(code, CodeType):
        return repr(code)
    name = code.co_filename
    if name.startswith(("<frozen ", *may_run)) or os.path.basename(name).startswith(AUTOGRAPH):
        return None
    # What libraries compile from texts of their own: named tuples, dataclasses, wrappers.
    ours = name.startswith("<") and _caller().startswith((*may_run, *_IMPORTERS))
    return None if ours else f"{code.co_name} of {name}"


def _below(place: str | Path) -> str:
    return os.path.join(os.path.abspath(place), "")


def _caller() -> str:
    """The file of whoever caused the event."""
    frame = sys._getframe()
    while frame is not None and frame.f_code.co_filename == __file__:
        assert frame.f_back is not None
        frame = frame.f_back
    return frame.f_code.co_filename


def _is_importing() -> bool:
    frame: Any = sys._getframe()
    while frame is not None:
        if frame.f_code.co_filename in _IMPORTERS:
            return True
        frame = frame.f_back
    return False


def _where() -> str:
    frame: Any = sys._getframe()
    lines = []
    while frame is not None and len(lines) < 6:
        if frame.f_code.co_filename != __file__:
            lines.append(f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}")
        frame = frame.f_back
    return " < ".join(lines)
