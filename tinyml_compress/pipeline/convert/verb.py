"""A Keras model becomes a .tflite file and the C files, vectors and manifest that go with it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from tinyml_compress import converter, data, frontend
from tinyml_compress.converter import Io, Mode, Settings
from tinyml_compress.converter.four_bits import four_bits
from tinyml_compress.data import DataSet
from tinyml_compress.data.preprocessing import Preprocessing
from tinyml_compress.errors import ConversionError, DataError, OutputError, UsageError
from tinyml_compress.frontend.writer import write
from tinyml_compress.models import LoadedModel, Origin, load
from tinyml_compress.ops.base import Isa, Level
from tinyml_compress.pipeline.compile.verb import compile_to_folder
from tinyml_compress.pipeline.convert.artifacts import Artifacts, Converted, make_artifacts
from tinyml_compress.pipeline.convert.collapse import refuse_collapsed
from tinyml_compress.pipeline.convert.foreign import foreign_to_tflite, is_foreign
from tinyml_compress.pipeline.convert.mixing import by_names, mix, mixer_of
from tinyml_compress.pipeline.shrinking import stripped
from tinyml_compress.results import Compiled, Conversion, Manifest, Mixed
from tinyml_compress.support import backend, c_names, files
from tinyml_compress.support.progress import stage
from tinyml_compress.support.trust import trusting
from tinyml_compress.support.words import word

__all__ = [
    "AOT_FOLDER",
    "Artifacts",
    "Converted",
    "convert",
    "convert_model",
    "make_artifacts",
]

Floats = npt.NDArray[np.float32]
Calibration = str | Path | DataSet | Sequence[Floats] | None
_DEFAULT_SAMPLES = 256
_ATTEMPTS = 8
AOT_FOLDER = "aot"


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
    timeout: float = Settings.timeout,
    torch_train: str | None = None,
    engine: str = "tflm",
    isa: str | None = None,
    optimize: str | None = None,
    wide: tuple[str, ...] = (),
    weight_bits: int = 8,
    mixed_drop: float | None = None,
    eval_data: str | Path | DataSet | None = None,
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
    weights of convolutions and dense layers where the kernels have that form. `trust` is your word for a
    model file that holds code.
    """
    started = time.perf_counter()
    number_form, port_form = word(Mode, "mode", mode), None if io is None else word(Io, "io", io)
    settings = Settings(number_form, port_form, per_tensor_dense, allow_float, timeout, wide, weight_bits)
    kernels = _kernels(engine, isa, optimize)
    foreign = not isinstance(model, LoadedModel) and is_foreign(model)
    if torch_train is not None and not foreign:
        raise UsageError("a training function goes with torch: models", which=f"--torch-train {torch_train}")
    # The name and the data are checked before TensorFlow is loaded, which takes seconds.
    given = model.model.name if isinstance(model, LoadedModel) else _stem(str(model).partition("@")[0])
    chosen = c_names.check_c_name(name or c_names.c_name(given))
    tests: DataSet | None = None
    if mixed_drop is not None:
        calibration, tests = _parts_for_mixing(calibration, eval_data, number_form, foreign)
    if isinstance(calibration, (str, Path)):
        calibration = data.load(calibration)
    if number_form.full_integer and calibration is None:
        raise _no_calibration(number_form)
    folder = Path(output)
    _check_place(folder)
    mixed: Mixed | None = None
    with trusting(trust):
        if foreign:
            spec = str(model)
            converted, origin = _convert_foreign(spec, calibration, settings, samples, seed, torch_train)
        else:
            with stage("load the model"):
                loaded = model if isinstance(model, LoadedModel) else load(model)
            if mixed_drop is not None:
                assert isinstance(calibration, DataSet)
                assert tests is not None
                made = mix(loaded, calibration, tests, settings, mixed_drop, samples=samples, seed=seed)
                mixed = made.found
                kept = replace(settings, wide=mixed.wide)  # as with the names of the wide layers
                converted = mixed_file(made.tflite, calibration, kept, samples, seed)
            else:
                with stage(f"convert to {number_form.value}"):
                    converted = convert_model(loaded, calibration, settings, samples=samples, seed=seed)
            origin = loaded.origin
    if strip:
        converted = _without_names(converted)
    with stage("measure with TensorFlow Lite Micro"):
        artifacts = make_artifacts(chosen, converted, origin)
    if artifacts.crash is not None and number_form.full_integer:
        raise ConversionError(
            "TensorFlow Lite Micro aborts on the converted model: no device could run it",
            which=origin.spec,
            found=artifacts.why_no_arena,
            next_step=artifacts.crash.next_step,
        ) from artifacts.crash
    compiled = _write(folder, chosen, artifacts, kernels)
    manifest = {field: getattr(artifacts.manifest, field) for field in Manifest.__struct_fields__}
    return Conversion(
        **manifest,
        origin=origin.summary(),
        tflm_failed=artifacts.has_failed or None,
        notes=converted.notes or None,
        mixed=mixed,
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
    output: Path, name: str, artifacts: Artifacts, kernels: tuple[Isa, Level] | None
) -> Compiled | None:
    """Write everything, whole or not at all; the generated C too, where it was asked for."""
    with files.output_folder(output) as staging:
        for file_name, content in artifacts.files.items():
            files.write_bytes(staging / file_name, content)
        if kernels is None:
            return None
        with stage("compile to C"):
            compiled = compile_to_folder(staging / f"{name}.tflite", staging / AOT_FOLDER, name, *kernels)
    return msgspec.structs.replace(compiled, folder=output / AOT_FOLDER)


def _without_names(converted: Converted) -> Converted:
    smaller = stripped(converted.tflite, seed=converted.seed)
    return replace(converted, tflite=smaller, stripped=len(converted.tflite) - len(smaller))


def _convert_foreign(
    spec: str,
    calibration: DataSet | Sequence[Floats] | None,
    settings: Settings,
    samples: int | None,
    seed: int,
    train: str | None,
) -> tuple[Converted, Origin]:
    """A PyTorch model or a float .tflite file."""
    described = (
        calibration.name if isinstance(calibration, DataSet) else None if calibration is None else "arrays"
    )
    digest = calibration.sha256 if isinstance(calibration, DataSet) else None
    given = calibration if calibration is None or isinstance(calibration, DataSet) else list(calibration)
    made = foreign_to_tflite(spec, given, settings, samples=samples, seed=seed, train=train)
    if settings.mode.full_integer:
        refuse_collapsed(made.tflite, spec)
    floats = converter.float_operators(made.file) if settings.mode.full_integer else ()
    kinds = tuple(sorted({use.operator for use in floats}))
    converted = Converted(
        made.tflite,
        made.file,
        settings,
        seed,
        described,
        digest,
        made.samples,
        kinds,
        _preprocessing(calibration),
    )
    return converted, made.origin


def convert_model(
    loaded: LoadedModel,
    calibration: Calibration,
    settings: Settings,
    *,
    samples: int | None = None,
    seed: int = 0,
) -> Converted:
    """The .tflite file of a loaded model, in memory; refuses float operators unless the settings
    allow them.
    """
    if isinstance(calibration, (str, Path)):
        calibration = data.load(calibration)
    arrays, described, digest = _representative(loaded, calibration, settings, samples, seed)
    if settings.wide:
        if not isinstance(calibration, DataSet):
            raise UsageError(
                "layers stay wide only with a data set for calibration", which="wide", found=settings.wide
            )
        mixer = mixer_of(loaded, calibration, settings, samples, seed)
        tflite = mixer.file(by_names(mixer, settings.wide))
        return mixed_file(tflite, calibration, settings, samples, seed)
    tflite = _steady(loaded, arrays, settings, seed)
    if settings.mode.full_integer:
        with backend.quiet():
            refuse_collapsed(tflite, loaded.origin.spec, loaded.model, arrays)
    notes: tuple[str, ...] = ()
    if settings.weight_bits == 4:
        packed = four_bits(frontend.read(tflite, loaded.model.name))
        tflite, notes = write(packed.graph), tuple(packed.notes())
    file = converter.read(tflite)
    layers = [layer.name for layer in loaded.model.layers]
    if settings.mode.full_integer and not settings.allow_float:
        converter.check_integer(file, loaded.origin.spec, layers)
    floats = converter.float_operators(file, layers) if settings.mode.full_integer else ()
    return Converted(
        tflite,
        file,
        settings,
        seed,
        described,
        digest,
        len(arrays[0]) if arrays else 0,
        tuple(sorted({use.operator for use in floats})),
        _preprocessing(calibration),
        notes=notes,
    )


def _steady(loaded: LoadedModel, arrays: Sequence[Floats], settings: Settings, seed: int) -> bytes:
    """The converter's file; asked again where it left an operator in float that it often makes integer.

    What becomes of a GRU's SPLIT differs between two runs of TensorFlow's converter on the same model, and
    does not where addresses are the same in each run. A run here is a process of its own, at other addresses.
    """

    def once() -> bytes:
        with backend.quiet():
            return converter.to_tflite(
                loaded.model, arrays, settings, environment=backend.quiet_variables(), seed=seed
            )

    tflite = once()
    for attempt in range(2, _ATTEMPTS + 1):
        if not settings.mode.full_integer or not converter.left_by_chance(converter.read(tflite)):
            break
        with stage(f"convert again, since a SPLIT stayed in float by chance ({attempt} of {_ATTEMPTS})"):
            tflite = once()
    return tflite


def mixed_file(
    tflite: bytes, calibration: DataSet, settings: Settings, samples: int | None, seed: int
) -> Converted:
    """A spliced file with what is known of it."""
    chosen = calibration.take(samples or _DEFAULT_SAMPLES, seed)
    return Converted(
        tflite,
        converter.read(tflite),
        settings,
        seed,
        calibration.name,
        chosen.sha256,
        chosen.count,
        (),
        _preprocessing(calibration),
    )


def _parts_for_mixing(
    calibration: Calibration, eval_data: str | Path | DataSet | None, mode: Mode, foreign: bool
) -> tuple[DataSet, DataSet]:
    """What calibrates, and what the score is measured on."""
    from tinyml_compress.pipeline.compress.inputs import split_data
    from tinyml_compress.techniques.recipe import parse

    if mode is not Mode.INT8 or foreign:
        raise UsageError(
            "layers can be kept in int16x8 where a Keras model becomes int8",
            which="--mixed",
            found="another kind of model" if foreign else f"--mode {mode.value}",
        )
    if calibration is None:
        raise _no_calibration(mode)
    if not isinstance(calibration, (str, Path, DataSet)):
        raise UsageError("--mixed needs a data set with labels", which="--calibration", found="arrays")
    train, tests = split_data(calibration, eval_data, parse('[[stage]]\nuse = "convert"', "mixed"))
    assert train is not None
    assert tests is not None
    return train, tests


def _preprocessing(calibration: object) -> Preprocessing:
    return calibration.preprocessing if isinstance(calibration, DataSet) else Preprocessing()


def _no_calibration(mode: Mode) -> UsageError:
    return UsageError(
        "full-integer conversion needs representative data",
        which=f"--mode {mode.value}",
        next_step="give --calibration: a .npz or .npy file, or a shipped set such as data:digits",
    )


def _check_place(output: Path) -> None:
    """Refuse early what cannot become a folder of ours; the writing itself comes after the long work."""
    there = next(path for path in (output.absolute(), *output.absolute().parents) if path.exists())
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        raise OutputError(
            "cannot write",
            which=output,
            found=f"{there} is not a folder" if not there.is_dir() else f"no right to write in {there}",
            next_step="choose another folder with -o, or make room and rights for this one",
        )


def _stem(spec: str) -> str:
    """`zoo:resnet8` is resnet8, `nets.small:build` is build, `runs/best.keras` is best."""
    return Path(spec).stem if ":" not in spec else spec.rpartition(":")[2]


def _representative(
    loaded: LoadedModel,
    calibration: DataSet | Sequence[Floats] | None,
    settings: Settings,
    samples: int | None,
    seed: int,
) -> tuple[list[Floats], str | None, str | None]:
    """Arrays per input, and name and digest of the set."""
    if calibration is None:
        if settings.mode.full_integer:
            raise _no_calibration(settings.mode)
        return [], None, None
    shapes = loaded.input_shapes
    if isinstance(calibration, DataSet):
        chosen = calibration.take(samples or _DEFAULT_SAMPLES, seed)
        return chosen.for_inputs(loaded.input_names, shapes), calibration.name, chosen.sha256
    arrays = _checked_arrays(loaded, calibration)
    count = min(len(arrays[0]), samples or _DEFAULT_SAMPLES)
    keep = np.sort(np.random.default_rng(seed).permutation(len(arrays[0]))[:count])
    chosen_arrays = [array[keep] for array in arrays]
    return chosen_arrays, "arrays", files.sha256(b"".join(array.tobytes() for array in chosen_arrays))


def _checked_arrays(loaded: LoadedModel, calibration: Sequence[Floats]) -> list[Floats]:
    shapes, names = loaded.input_shapes, loaded.input_names
    arrays = [np.ascontiguousarray(array, dtype=np.float32) for array in calibration]
    if len(arrays) != len(shapes):
        raise DataError(
            "calibration data and inputs differ in number",
            which=loaded.origin.spec,
            found=f"{len(arrays)} arrays",
            allowed=f"one per input: {', '.join(names)}",
        )
    for array, shape, name in zip(arrays, shapes, names, strict=True):
        fits = array.ndim == len(shape) + 1 and all(
            wanted in (None, size) for size, wanted in zip(array.shape[1:], shape, strict=True)
        )
        if not fits:
            raise DataError(
                "calibration data is not of the model's input shape",
                which=name,
                found=f"array of shape {array.shape}",
                allowed=f"(count, {', '.join('?' if size is None else str(size) for size in shape)})",
            )
        if len(array) == 0 or len(array) != len(arrays[0]):
            raise DataError(
                "calibration arrays differ in length or are empty",
                which=name,
                found=[len(item) for item in arrays],
            )
        if not np.isfinite(array).all():
            raise DataError("calibration data holds values that are not finite numbers", which=name)
    return arrays
