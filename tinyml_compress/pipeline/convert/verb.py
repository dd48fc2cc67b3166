"""A Keras model becomes a .tflite file and the C files, vectors and manifest that go with it."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from tinyml_compress import converter, data
from tinyml_compress.converter import ConvertSettings, Io, Mode
from tinyml_compress.data import DataSet
from tinyml_compress.data.split import split_data
from tinyml_compress.errors import ConversionError, UsageError
from tinyml_compress.models import LoadedModel
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compile.verb import compile_to_folder
from tinyml_compress.pipeline.convert.artifacts import Artifacts, Converted, make_artifacts
from tinyml_compress.pipeline.convert.npu import NpuFiles, npu_named, write_npu
from tinyml_compress.pipeline.convert.whole import Calibration, Wanted, no_calibration
from tinyml_compress.pipeline.shrinking import stripped
from tinyml_compress.pipeline.sources.kinds._keras import KerasSource
from tinyml_compress.pipeline.sources.source import source_of
from tinyml_compress.pipeline.stream import told
from tinyml_compress.results import Compiled, Conversion, Manifest, Mixed
from tinyml_compress.support import c_names, files
from tinyml_compress.support.instruction_sets import Isa
from tinyml_compress.support.progress import stage
from tinyml_compress.support.trust import trusting
from tinyml_compress.support.words import word

Floats = npt.NDArray[np.float32]
AOT_FOLDER = "aot"
_NPU_FOLDER = "npu"


def convert(
    model: str | Path | LoadedModel,
    calibration: Calibration = None,
    *,
    output: str | Path,
    mode: str = "int8",
    name: str | None = None,
    io: str | None = None,
    per_tensor_dense: bool = False,
    allow_float: bool = False,
    strip: bool = False,
    samples: int | None = None,
    seed: int = 0,
    timeout: float = ConvertSettings.timeout,
    torch_train: str | None = None,
    engine: str = "tflm",
    isa: str | None = None,
    optimize: str | None = None,
    wide: tuple[str, ...] = (),
    weight_bits: int = 8,
    mixed_drop: float | None = None,
    eval_data: str | Path | DataSet | None = None,
    stream: int | None = None,
    npu: str | None = None,
    trust: bool = False,
) -> Conversion:
    """A model to .tflite with its C array, resolver, test vectors and manifest, in `output`, whole or not at
    all.

    `calibration` is the name of a data set, a DataSet, or one array (count, *shape) per input. `torch_train`
    names the function that fine-tunes a PyTorch model during quantization-aware training. With `engine` aot
    the folder also gets `aot/`: self-contained C, its kernels chosen by `isa` and `optimize`. With `strip`,
    the .tflite file loses the names, metadata and scales that no kernel reads. Layers that `wide` names stay
    in int16x8; with `mixed_drop`, as many layers stay in int16x8 as it takes to lose no more than that part
    of the score on `eval_data`, else on the set's own test part. `weight_bits` = 4 packs the
    weights of convolutions and dense layers where the kernels have that form. With `stream`, the file takes
    so many new frames of time at a step and remembers the rest (`stream` says how). With `npu`, a board with
    an Ethos-U, the folder also gets `npu/`: the file as Vela places it, its array and resolver; a quantized
    .tflite file then stays as it is, and takes no `calibration`.
    `trust` is your word for a model file that holds code.
    """
    started = time.perf_counter()
    number_form, port_form = word(Mode, "mode", mode), None if io is None else word(Io, "io", io)
    settings = ConvertSettings(
        number_form, port_form, per_tensor_dense, allow_float, timeout, wide, weight_bits
    )
    wanted = Wanted(settings, samples, seed, torch_train)
    kernels = _kernels(engine, isa, optimize)
    board = None if npu is None else npu_named(npu)
    source = KerasSource.of(model) if isinstance(model, LoadedModel) else source_of(model)
    if torch_train is not None:
        source.check_training(settings, torch_train)
    # The name and the data are checked before TensorFlow is loaded, which takes seconds.
    chosen = c_names.check_c_name(name or c_names.c_name(source.title))
    if isinstance(calibration, (str, Path)) and mixed_drop is None:
        calibration = data.load(calibration)
    as_it_is = None if board is None or calibration is not None else source.quantized(wanted)
    if number_form.full_integer and calibration is None and as_it_is is None:
        raise no_calibration(number_form)
    folder = Path(output)
    files.require_place(folder / f"{chosen}.tflite")
    mixed: Mixed | None = None
    with trusting(trust):
        if as_it_is is not None:
            converted = as_it_is
        elif mixed_drop is None:
            converted = source.to_tflite(calibration, wanted)
        else:
            train, tests = _parts_for_mixing(calibration, eval_data, number_form, seed)
            mixed, converted = source.to_mixed(train, tests, wanted, mixed_drop)
        origin = source.origin
    if stream is not None:
        converted = _told(converted, stream)
    if strip:
        converted = _without_names(converted)
    with stage("measure with TensorFlow Lite Micro"):
        artifacts = make_artifacts(chosen, converted, origin.given)
    if artifacts.crash is not None and number_form.full_integer:
        raise ConversionError(
            "TensorFlow Lite Micro aborts on the converted model: no device could run it",
            which=origin.spec,
            found=artifacts.why_no_arena,
            next_step=artifacts.crash.next_step,
        ) from artifacts.crash
    placed = None if board is None else board.files_beside(chosen, converted.tflite)
    compiled = _write(folder, chosen, artifacts, kernels, placed)
    manifest = {field: getattr(artifacts.manifest, field) for field in Manifest.__struct_fields__}
    return Conversion(
        **manifest,
        origin=origin.summary(),
        tflm_failed=artifacts.has_failed or None,
        notes=converted.notes or None,
        mixed=mixed,
        npu=None if placed is None else placed.told,
        aot=compiled,
        folder=folder,
        seconds=round(time.perf_counter() - started, 3),
    )


def _kernels(engine: str, isa: str | None, optimize: str | None) -> tuple[Isa, Level] | None:
    """Of the generated C, where it is asked for."""
    if engine == "aot":
        return word(Isa, "isa", isa or Isa.C.value), word(Level, "optimize", optimize or Level.BALANCED.value)
    if isa or optimize:
        words = (f"--{name} {given}" for name, given in (("isa", isa), ("optimize", optimize)) if given)
        raise UsageError("generated C was not asked for", which=" ".join(words), next_step="add --engine aot")
    return None


def _write(
    output: Path,
    name: str,
    artifacts: Artifacts,
    kernels: tuple[Isa, Level] | None,
    placed: NpuFiles | None,
) -> Compiled | None:
    """Write everything, whole or not at all; the generated C too, where it was asked for."""
    with files.output_folder(output) as staging:
        for file_name, content in artifacts.files.items():
            files.write_bytes(staging / file_name, content)
        if placed is not None:
            write_npu(staging / _NPU_FOLDER, placed)
        if kernels is None:
            return None
        with stage("compile to C"):
            compiled = compile_to_folder(staging / f"{name}.tflite", staging / AOT_FOLDER, name, *kernels)
    return msgspec.structs.replace(compiled, folder=output / AOT_FOLDER)


def _told(converted: Converted, frames: int) -> Converted:
    """The form that takes the newest frames."""
    content, form = told(converted.tflite, frames, seed=converted.seed)
    note = (
        f"takes {form.frames} of {form.window_frames} frames at a step, "
        f"{form.part:.0%} of the window's multiply-accumulates; outputs equal at {form.compared} steps"
    )
    notes = (*converted.notes, note)
    return replace(converted, tflite=content, file=converter.read(content), notes=notes)


def _without_names(converted: Converted) -> Converted:
    smaller = stripped(converted.tflite, seed=converted.seed)
    return replace(converted, tflite=smaller, stripped=len(converted.tflite) - len(smaller))


def _parts_for_mixing(
    calibration: Calibration, eval_data: str | Path | DataSet | None, mode: Mode, seed: int
) -> tuple[DataSet, DataSet]:
    """What calibrates, and what the score is measured on."""
    if mode is not Mode.INT8:
        raise UsageError(
            "layers can be kept in int16x8 where a Keras model becomes int8",
            which="--mixed",
            found=f"--mode {mode.value}",
        )
    if not isinstance(calibration, (str, Path, DataSet)):
        raise UsageError("--mixed needs a data set with labels", which="--calibration", found="arrays")
    return split_data(calibration, eval_data, seed)
