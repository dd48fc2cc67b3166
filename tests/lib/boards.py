"""The firmware of `export --format mlperf-tiny` built for this host, at a pseudo-terminal."""

from __future__ import annotations

import os
import re
import subprocess
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tinyml_compress.runners import toolchain

_CLOCK = """    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u);
"""


def firmware(folder: Path, *flags: str, **replaced: str) -> Path:
    """The device with this host's monotonic clock; `replaced` are words of its C and what stands instead."""
    sources = {path.name: path.read_text() for path in folder.iterdir() if path.suffix in (".c", ".h")}
    clock = re.compile(r"    return \(uint32_t\)\(\(double\)clock\(\).*?;\n")
    assert clock.search(sources["main.c"])
    sources["main.c"] = "#define _POSIX_C_SOURCE 199309L\n" + clock.sub(_CLOCK, sources["main.c"])
    for word, other in replaced.items():
        changed = {name: text.replace(word, other) for name, text in sources.items()}
        assert changed != sources, word
        sources = changed
    return toolchain.executable(sources, flags=("-O1", *flags))


@contextmanager
def terminal() -> Iterator[tuple[int, str]]:
    """The far end of a raw line, and the path of the near one."""
    master, slave = os.openpty()
    tty.setraw(slave)
    try:
        yield master, os.ttyname(slave)
    finally:
        os.close(master)
        os.close(slave)


@contextmanager
def board(program: Path) -> Iterator[str]:
    """The port of a device that runs."""
    with terminal() as (master, port), subprocess.Popen([program], stdin=master, stdout=master) as running:
        try:
            yield port
        finally:
            running.kill()


Speaker = Callable[[str], bytes]
"""All that a made-up device sends for a command, `m-ready` too."""


def words(*lines: str) -> bytes:
    """An answer as the protocol has it."""
    return "".join(f"{line}\r\n" for line in (*lines, "m-ready")).encode("latin-1")


@contextmanager
def speaking(speaker: Speaker) -> Iterator[str]:
    """The port of a made-up device. One that raises OSError closes its end for good."""
    with terminal() as (master, port):

        def serve() -> None:
            pending = b""
            with suppress(OSError):
                while data := os.read(master, 4096):
                    *commands, pending = (pending + data).split(b"%")
                    for command in commands:
                        os.write(master, speaker(command.decode("latin-1").strip()))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield port
