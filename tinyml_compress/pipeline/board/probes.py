"""Debug probes, by pyOCD where it is installed: which are there, and a firmware through one of them."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from tinyml_compress.errors import MissingDependency, ProcessError, UsageError
from tinyml_compress.support import proc

_LIST_S = 20.0
_FLASH_S = 300.0


def probes() -> tuple[tuple[str, str], ...]:
    """Number and description of each; none without pyOCD."""
    program = _pyocd()
    if program is None:
        return ()
    try:
        said = proc.run([program, "json", "--probes"], timeout=_LIST_S, what="pyocd json").stdout
        listed: list[dict[str, Any]] = json.loads(said)["boards"]
        return tuple((str(one["unique_id"]), str(one["info"])) for one in listed)
    except (ProcessError, ValueError, KeyError, TypeError):
        return ()  # a probe that is not to be had is none


def flash(image: Path) -> None:
    """Write a firmware to the one board that pyOCD finds and knows."""
    if not image.is_file():
        raise UsageError("no such firmware", which=image, allowed="an .elf, .hex or .bin file")
    program = _pyocd()
    if program is None:
        raise MissingDependency(
            "--flash needs pyOCD",
            next_step=f"{sys.executable} -m pip install 'pyocd>=0.36,<1', or take your board's tool",
        )
    # Without --no-wait it waits for a probe to be plugged in, and says so to nobody.
    proc.run([program, "flash", "--no-wait", str(image)], timeout=_FLASH_S, what="pyocd flash")


def _pyocd() -> str | None:
    """On the path, or installed beside this program."""
    return shutil.which("pyocd") or shutil.which("pyocd", path=str(Path(sys.executable).parent))
