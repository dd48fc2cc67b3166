"""`compile` as people call it: for a device, with kernels and memories by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tinyml_compress.data import load
from tinyml_compress.errors import UsageError
from tinyml_compress.ir import ByRows, ConstantsIn
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compile.front_end import manifest_preprocessing
from tinyml_compress.pipeline.compile.places import kernels_for, memories_for, numbers_for, prices_for
from tinyml_compress.pipeline.compile.verb import to_folder
from tinyml_compress.results import Compiled
from tinyml_compress.schedule import Asked
from tinyml_compress.support.c_names import c_name
from tinyml_compress.support.instruction_sets import Isa
from tinyml_compress.support.words import word


def compile_c(
    model: str | Path,
    *,
    output: str | Path,
    name: str | None = None,
    isa: str | None = None,
    device: str | None = None,
    optimize: str = "balanced",
    kernels: Sequence[str] = (),
    memory: Sequence[str] = (),
    flash: Sequence[str] = (),
    constants: str = "flash",
    data: str | None = None,
    trigger: str | Path | None = None,
    frontend: str = "fixed",
    max_ram: int | None = None,
    by_rows: Sequence[str] = (),
    targets_dir: Path | None = None,
) -> Compiled:
    """An int8 .tflite file to self-contained C in `output`, with a project that tests it.

    `kernels` says which kernels some layers get: "LAYER=FAMILY", a layer by its name or a pattern. `memory`
    and `flash` ("dtcm=64K") are what the model is spread over, by default the RAM of the `device`;
    `constants` "ram" copies weights and tables to the fastest at boot, as far as it has room. `data` is the
    set whose front end is written too; without it, the manifest beside the model says what there is.
    `trigger` is a result of `evaluate --recording`, whose thresholds become a trigger stage in C.
    `frontend` "float" makes features in floats, within a step of int8, for cores with an FPU.
    `max_ram` is what the arena may take, inputs and outputs included: the fastest form within it is written,
    some layers strip by strip where they have to. What `by_rows` names, "input" or "output", does not lie in
    it: the firmware's functions give and take rows while an inference runs.
    """
    path, level = Path(model), word(Level, "optimize", optimize)
    isas = kernels_for(None if isa is None else word(Isa, "isa", isa), device, targets_dir)
    where = word(ConstantsIn, "constants", constants)
    memories = memories_for(device, targets_dir, memory, flash, where)
    asked = tuple(map(_asked, kernels))
    described = manifest_preprocessing(path) if data is None else load(data).preprocessing
    done = replace(described, generated=numbers_for(frontend, device, targets_dir))
    title, prices = name or c_name(path.stem), prices_for(device, targets_dir)
    ends = tuple(word(ByRows, "by-rows", one) for one in by_rows)
    return to_folder(
        path, Path(output), title, isas, level, asked, memories, prices, done, trigger, max_ram, ends
    )


def _asked(text: str) -> Asked:
    layer, mark, family = text.rpartition("=")
    if not mark or not layer or not family:
        raise UsageError(
            "not a layer and a kernel",
            which=f"--kernel {text}",
            allowed="LAYER=FAMILY, as compile --explain names them: stem=rows, or 'block*=words'",
        )
    return layer, family
