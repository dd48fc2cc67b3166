"""TensorFlow Lite's own instructions on AArch64, counted under user-mode QEMU where the user has a Python of
that architecture.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tinyml_compress.devices import Core
from tinyml_compress.errors import EmulationError, MissingDependency
from tinyml_compress.runners import toolchain
from tinyml_compress.runners.emulated import arm64_script, qemu
from tinyml_compress.runners.toolchain import Build
from tinyml_compress.support import proc
from tinyml_compress.support.resources import package_folder
from tinyml_compress.support.scratch import scratch

VARIABLE = "TINYML_COMPRESS_ARM64_PYTHON"
"""Names that Python; QEMU finds its libraries by QEMU_LD_PREFIX."""
_QEMU = "qemu-aarch64"
_TIMEOUT = 600.0
_DELEGATE = "XNNPACK delegate"
_PYTHONS_OWN = 100
"""Instructions by which two inferences may differ: around them Python keeps its own books."""
_MARKS = 3
"""Of one inference: two without anything between them, then one behind it."""


@dataclass(frozen=True)
class RuntimeCount:
    """One inference in one thread: the smaller of two counts."""

    instructions: int
    runtime: str
    """Which in which version, and whose kernels it took."""
    emulator: str


def counted(model: bytes, core: Core) -> RuntimeCount | None:
    """None where no such Python is named."""
    python = os.environ.get(VARIABLE)
    if not python:
        return None
    if shutil.which(_QEMU) is None:
        raise MissingDependency(
            "QEMU is not installed",
            which=_QEMU,
            next_step="install qemu-user with your system's package manager",
        )
    with scratch() as folder:
        (folder / "model.tflite").write_bytes(model)
        words = [_QEMU, "-cpu", _cpu(core.name), "-plugin", f"{_plugin()},out=counts.txt", python]
        done = proc.run(
            [*words, Path(arm64_script.__file__), "model.tflite"],
            timeout=_TIMEOUT,
            what="TensorFlow Lite under user-mode QEMU",
            cwd=folder,
        )
        marks = [int(line) for line in (folder / "counts.txt").read_text().split()]
    rows = [marks[at : at + _MARKS] for at in range(0, len(marks), _MARKS)]
    counts = sorted(last - second - (second - first) for first, second, last in rows)
    if not counts or counts[-1] - counts[0] > _PYTHONS_OWN:
        raise EmulationError("inferences took different numbers of instructions", found=counts)
    kernels = "XNNPACK" if _DELEGATE in done.stderr else "its own kernels"
    return RuntimeCount(counts[0], f"{done.stdout.strip()}, {kernels}", qemu.version(_QEMU))


@lru_cache(maxsize=8)
def _cpu(name: str) -> str:
    """QEMU's own model of the core; where it has none, one with all that AArch64 has."""
    known = proc.run([_QEMU, "-cpu", "help"], timeout=30, what=_QEMU, check=False).stdout.split()
    return name if name in known else "max"


@lru_cache(maxsize=1)
def _plugin() -> Path:
    name, zig = "user_plugin.c", toolchain.zig()
    files = {name: (package_folder("tinyml_compress.runners.emulated.c") / name).read_text()}
    return toolchain.build(Build(zig, files, "plugin.so", ("-shared", "-fPIC", "-O2", *zig.host_flags)))
