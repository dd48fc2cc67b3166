"""What `convert --npu` makes besides: the model as Vela places it on a board's NPU, with its files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tinyml_compress import converter
from tinyml_compress.devices import Npu
from tinyml_compress.errors import ModelError, UsageError
from tinyml_compress.pipeline.convert.npu_program import npu_program
from tinyml_compress.pipeline.measure.target import Target, all_targets
from tinyml_compress.results import ForNpu, Refused
from tinyml_compress.runners import vela
from tinyml_compress.support import files
from tinyml_compress.support.progress import stage

_END = "_npu"
_CORE = "core"
"""Folder of the C that calls the driver."""


@dataclass(frozen=True)
class NpuFiles:
    """Files for an NPU, not yet written."""

    content: dict[str, bytes]
    told: ForNpu


def npu_named(name: str) -> Target:
    """The target of that name, which has something beside its core."""
    known = {one.name: one for one in all_targets()}
    if name not in known or known[name].beside_core is None:
        raise UsageError(
            "no such board" if name not in known else "the board has no NPU that Vela knows",
            which=f"--npu {name}",
            allowed=", ".join(one.name for one in known.values() if one.beside_core is not None),
            next_step="`tinyml-compress targets show BOARD` tells of its NPU",
        )
    return known[name]


def files_for_npu(name: str, tflite: bytes, npu: Npu, left: Sequence[Refused]) -> NpuFiles:
    """Vela's file with C array, resolver and arena; and C that calls the driver itself. `left` is what stays
    on the core.
    """
    with stage("place on the NPU") as shown:
        placed = vela.placed(tflite, npu, shown.note)
    content = converter.npu_files(f"{name}{_END}", placed.tflite, placed.sram_bytes, placed.by)
    own = converter.interpreter_bytes(converter.read(placed.tflite))
    core, refused = _around(f"{name}{_END}", placed.tflite, npu)
    content |= {f"{_CORE}/{path}": text.encode() for path, text in core.items()}
    told = ForNpu(
        device=npu.name,
        accelerator=npu.accelerator,
        by=placed.by,
        nbytes=len(placed.tflite),
        tensors=placed.sram_bytes,
        interpreter=own,
        refused=refused,
        left=tuple(left),
        files={path: files.sha256(data) for path, data in sorted(content.items())},
    )
    return NpuFiles(content, told)


def _around(name: str, tflite: bytes, npu: Npu) -> tuple[dict[str, str], str | None]:
    """C without an interpreter around the command streams, or why there is none."""
    core = npu.board.core
    if npu.is_apart:
        return {}, f"no C around the command streams for {npu.memory_mode}: two arenas, of which it knows one"
    try:
        return converter.program_files(npu_program(name, tflite, core.kernels, core.prices)), None
    except ModelError as error:
        return {}, f"{error.what}: {error.which}"


def write_npu(folder: Path, done: NpuFiles) -> None:
    """All of them."""
    for path, data in done.content.items():
        files.write_bytes(folder / path, data)
