"""What lies under everything that is printed: what a file says is shown on the terminal, never obeyed.

Verbs and tables escape the names they print. This is the second lock, for what others print: warnings,
tracebacks, libraries, the parser of the command line.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from tinyml_compress.support.escape import for_terminal


class _Guarded:
    """A stream that writes control characters out.

    `rich_proxied_file` is the name under which rich looks for the stream below: its tables and bars style
    what they write, and their texts are escaped before.
    """

    def __init__(self, stream: TextIO) -> None:
        self.rich_proxied_file = stream

    def write(self, text: str) -> int:
        self.rich_proxied_file.write(for_terminal(text, lines=True))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)


def guard_streams() -> None:
    """For a program's start: filters both outputs, lets them write any name, and opens what the caller
    closed.

    A closed descriptor would become that of the next file that is opened, and what a child prints would land
    in it.
    """
    for descriptor, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one
            os.set_inheritable(descriptor, True)
            setattr(sys, name, io.TextIOWrapper(io.FileIO(descriptor, mode, closefd=False), encoding="utf-8"))
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, _Guarded):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(
                    errors="backslashreplace"
                )  # for names that the encoding lacks, or that are no text
            setattr(sys, name, _Guarded(stream))
