"""A verb in this process, before a terminal of a given width or before a pipe: what it prints, letter by
letter.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import pty
import struct
import termios
import threading
from collections.abc import Iterator
from pathlib import Path

import click

import tinyml_compress.cli as cli
from tinyml_compress.errors import TinymlError

PIPED = 0
"""A width: standard output is no terminal."""


def printed(*words: str | Path, columns: int, codes: tuple[int, ...] = (0,)) -> str:
    """Standard output of the verb that `words` call, which must end with one of `codes`."""
    text: list[str] = []
    with _pipe(text) if columns == PIPED else _terminal(columns, text):
        code = _called([str(word) for word in words])
    assert code in codes, f"{words} ended with {code}:\n{text[0]}"
    return text[0]


def _called(words: list[str]) -> int:
    try:
        code = cli._group(words, prog_name="tinyml-compress", standalone_mode=False, obj=words)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except TinymlError as error:
        return error.exit_code
    return code if isinstance(code, int) else 0


@contextlib.contextmanager
def _terminal(columns: int, text: list[str]) -> Iterator[None]:
    ours, theirs = pty.openpty()
    plain = termios.tcgetattr(theirs)
    plain[1] &= ~termios.OPOST  # no carriage returns
    termios.tcsetattr(theirs, termios.TCSANOW, plain)
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with (
        _reading(ours, text),
        open(theirs, "w", encoding="utf-8") as stream,
        contextlib.redirect_stdout(stream),
    ):
        yield


@contextlib.contextmanager
def _pipe(text: list[str]) -> Iterator[None]:
    ours, theirs = os.pipe()
    with (
        _reading(ours, text),
        open(theirs, "w", encoding="utf-8") as stream,
        contextlib.redirect_stdout(stream),
    ):
        yield


@contextlib.contextmanager
def _reading(source: int, text: list[str]) -> Iterator[None]:
    """Take what comes while the block runs: neither a terminal nor a pipe holds much."""
    parts: list[bytes] = []
    reader = threading.Thread(target=_drain, args=(source, parts))
    reader.start()
    try:
        yield
    finally:
        reader.join(timeout=60)
        os.close(source)
        text.append(b"".join(parts).decode("utf-8"))


def _drain(source: int, parts: list[bytes]) -> None:
    while True:
        try:
            part = os.read(source, 65536)
        except OSError as error:
            if error.errno != errno.EIO:  # how a terminal says that its other side is closed
                raise
            return
        if not part:
            return
        parts.append(part)
