"""Calls of the tool that are ended at some moment, and what they leave: files, folders, processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tests.lib.poison import CONSOLE_SCRIPT

REPO = Path(__file__).parents[2]
_MARK = "TESTED_PLACE"
"""A variable that all processes of a call inherit."""
_MADE_AND_RENAMED = (".staging.", ".work.", ".making")


@dataclass(frozen=True)
class Killed:
    """How a call ended."""

    code: int
    seconds: float
    """From the signal to the end."""
    said: str


class Place:
    """A folder to call the tool in, with a cache and a folder for temporary files of its own."""

    def __init__(self, folder: Path, cache: Path | None = None) -> None:
        self.folder, self.temporary, self.cache = folder / "here", folder / "tmp", cache or folder / "cache"
        for path in (self.folder, self.temporary):
            path.mkdir(parents=True, exist_ok=True)
        (folder / "tinyml-compress").write_text(CONSOLE_SCRIPT)
        self._words = [sys.executable, str(folder / "tinyml-compress")]

    def start(self, words: str) -> subprocess.Popen[str]:
        """Begin a call."""
        env = {
            **os.environ,
            "PYTHONPATH": str(REPO),
            "TMPDIR": str(self.temporary),
            _MARK: str(self.folder),
            "TINYML_COMPRESS_CACHE": str(self.cache),
        }
        return subprocess.Popen(
            [*self._words, *words.split()],
            cwd=self.folder,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def end(self, run: subprocess.Popen[str], sign: signal.Signals) -> Killed:
        """Signal one that runs, as a shell does: the processes that it started hear nothing."""
        began = time.monotonic()
        run.send_signal(sign)
        said, _ = run.communicate(timeout=60)
        return Killed(run.returncode, time.monotonic() - began, said)

    def left(self, seconds: float = 10.0) -> list[str]:
        """What is still there of calls that have ended; those who tidy up after them have so long for it."""
        limit = time.monotonic() + seconds
        while (found := self._left()) and time.monotonic() < limit:
            time.sleep(0.1)
        return found

    def _left(self) -> list[str]:
        found = [f"temporary: {path.name}" for path in self.temporary.iterdir()]
        for top in (self.folder, self.cache):
            found += [
                f"half-made: {path}" for path in top.rglob(".*") if path.name.startswith(_MADE_AND_RENAMED)
            ]
        return found + self._half_written() + [f"process: {words}" for words in self.processes()]

    def _half_written(self) -> list[str]:
        """Results that cannot be read."""
        return [
            f"half-written: {path}"
            for path in self.folder.rglob("*")
            if path.is_file() and not _is_whole(path)
        ]

    def processes(self) -> list[str]:
        """Command lines of what the calls started and is still there."""
        mark = f"{_MARK}={self.folder}\0".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (process / "environ").read_bytes() and _lives(process):
                    found.append(
                        (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    )
            except OSError:  # it has just ended, or is somebody else's
                continue
        return found


def _is_whole(path: Path) -> bool:
    try:
        if path.suffix == ".json":
            json.loads(path.read_text())
        if path.suffix == ".keras":
            return zipfile.ZipFile(path).testzip() is None
        return path.suffix != ".tflite" or path.read_bytes()[4:8] == b"TFL3"
    except (ValueError, zipfile.BadZipFile):
        return False


def _lives(process: Path) -> bool:
    return (process / "stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
