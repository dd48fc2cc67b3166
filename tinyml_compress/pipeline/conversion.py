"""A Keras model becomes a .tflite file and the C files, vectors and manifest that go with it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress import converter, data
from tinyml_compress._version import __version__
from tinyml_compress.converter import Arena, FlatFile, FlatTensor, Io, Mode, Settings
from tinyml_compress.data import DataSet
from tinyml_compress.errors import (
    DataError,
    MissingDependency,
    ModelError,
    OutputError,
    UnsupportedOperator,
    UsageError,
)
from tinyml_compress.models import LoadedModel, Origin, backend, load
from tinyml_compress.pipeline.foreign_conversion import foreign_to_tflite, is_foreign
from tinyml_compress.runners import tflm
from tinyml_compress.support import c_names, files
from tinyml_compress.support.progress import stage

__all__ = ["Artifacts", "ConversionResult", "Converted", "convert", "convert_model", "make_artifacts"]

Floats = npt.NDArray[np.float32]
Array = npt.NDArray[np.generic]
Calibration = str | Path | DataSet | Sequence[Floats] | None
_VECTORS = 4
_VECTOR_BYTES = 256 * 1024
"""Test vectors are C text that someone compiles: large inputs get fewer."""
_DEFAULT_SAMPLES = 256


@dataclass(frozen=True, eq=False)
class Converted:
    """A .tflite file in memory."""

    tflite: bytes
    file: FlatFile
    settings: Settings
    seed: int
    calibration: str | None
    calibration_sha256: str | None
    samples: int
    float_operators: tuple[str, ...]
    """Kinds of operators that stayed float, where that was allowed."""


@dataclass(frozen=True, eq=False)
class Artifacts:
    """Everything that goes into the output folder, by file name, and what TensorFlow Lite Micro said."""

    files: dict[str, bytes]
    arena: Arena | None
    why_no_arena: str
    """Empty when there is an arena."""
    vectors: int


@dataclass(frozen=True, eq=False)
class ConversionResult:
    """What `convert` made and where."""

    name: str
    origin: Origin
    converted: Converted
    artifacts: Artifacts
    folder: Path
    seconds: float

    @property
    def path(self) -> Path:
        """The .tflite file."""
        return self.folder / f"{self.name}.tflite"

    def as_json(self) -> dict[str, object]:
        """The result as `convert --json` prints it: the manifest, and where the files are."""
        manifest: dict[str, object] = json.loads(self.artifacts.files["manifest.json"])
        return {**manifest, "folder": str(self.folder), "seconds": round(self.seconds, 3)}

    def summary(self) -> str:
        """The result in a few lines for the terminal."""
        done = self.converted
        operators = ", ".join(done.file.operator_names)
        lines = [
            f"{self.origin.summary()}",
            f"  {self.path}: {len(done.tflite):,} B (exact), {done.settings.mode.value}, "
            f"inputs and outputs {done.settings.port_type.value}",
            f"  operators  {len(done.file.operators)}: {operators}"
            + (f"; float: {', '.join(done.float_operators)}" if done.float_operators else ""),
        ]
        arena = self.artifacts.arena
        if arena is not None:
            lines.append(
                f"  arena      {arena.nbytes:,} B to reserve for TensorFlow Lite Micro: {arena.measured:,} B measured "
                f"+ {arena.headroom:,} B headroom"
            )
        else:
            lines.append(f"  arena      not measured: {self.artifacts.why_no_arena}")
        lines.append(f"  wrote      {', '.join(sorted(self.artifacts.files))} in {self.folder} ({self.seconds:.1f} s)")
        return "\n".join(lines)


def convert(
    model: str | Path | LoadedModel,
    calibration: Calibration,
    mode: Mode = Mode.INT8,
    *,
    output: Path,
    name: str | None = None,
    io: Io | None = None,
    per_tensor_dense: bool = False,
    allow_float: bool = False,
    samples: int | None = None,
    seed: int = 0,
    timeout: float = Settings.timeout,
    torch_train: str | None = None,
) -> ConversionResult:
    """Convert `model` and write all artifacts into `output`, whole or not at all.

    `calibration` is the name of a data set, a DataSet, or one array (count, *shape) per input. `torch_train` names
    the function that fine-tunes a PyTorch model during quantization-aware training.
    """
    started = time.perf_counter()
    settings = Settings(mode, io, per_tensor_dense, allow_float, timeout)
    if not isinstance(model, LoadedModel) and is_foreign(model):
        chosen = c_names.check_c_name(name or _name_from(str(model).partition("@")[0]))
        return _convert_foreign(str(model), calibration, settings, chosen, output, samples, seed, torch_train, started)
    if torch_train is not None:
        raise UsageError("a training function goes with torch: models", which=f"--torch-train {torch_train}")
    if isinstance(model, LoadedModel):
        loaded, chosen = model, c_names.check_c_name(name or c_names.c_name(model.model.name))
    else:
        # The name and the data are checked before TensorFlow is loaded, which takes seconds.
        chosen = c_names.check_c_name(name or _name_from(str(model)))
        if isinstance(calibration, (str, Path)):
            calibration = data.load(calibration)
        if mode.full_integer and calibration is None:
            raise _no_calibration(mode)
        _check_place(output)
        with stage("load the model"):
            loaded = load(model)
    with stage(f"convert to {mode.value}"):
        converted = convert_model(loaded, calibration, settings, samples=samples, seed=seed)
    with stage("measure with TensorFlow Lite Micro"):
        artifacts = make_artifacts(chosen, converted, loaded.origin)
    with files.output_folder(output) as staging:
        for file_name, content in artifacts.files.items():
            files.write_bytes(staging / file_name, content)
    return ConversionResult(chosen, loaded.origin, converted, artifacts, output, time.perf_counter() - started)


def _convert_foreign(
    spec: str,
    calibration: Calibration,
    settings: Settings,
    name: str,
    output: Path,
    samples: int | None,
    seed: int,
    train: str | None,
    started: float,
) -> ConversionResult:
    if isinstance(calibration, (str, Path)):
        calibration = data.load(calibration)
    described = calibration.name if isinstance(calibration, DataSet) else None if calibration is None else "arrays"
    digest = calibration.sha256 if isinstance(calibration, DataSet) else None
    given = calibration if calibration is None or isinstance(calibration, DataSet) else list(calibration)
    with files.output_folder(output) as staging:
        made = foreign_to_tflite(spec, given, settings, samples=samples, seed=seed, train=train)
        floats = converter.float_operators(made.file) if settings.mode.full_integer else ()
        kinds = tuple(sorted({use.operator for use in floats}))
        converted = Converted(made.tflite, made.file, settings, seed, described, digest, made.samples, kinds)
        artifacts = make_artifacts(name, converted, made.origin)
        for file_name, content in artifacts.files.items():
            files.write_bytes(staging / file_name, content)
    return ConversionResult(name, made.origin, converted, artifacts, output, time.perf_counter() - started)


def convert_model(
    loaded: LoadedModel, calibration: Calibration, settings: Settings, *, samples: int | None = None, seed: int = 0
) -> Converted:
    """The .tflite file of a loaded model, in memory; refuses float operators unless the settings allow them."""
    arrays, described, digest = _representative(loaded, calibration, settings, samples, seed)
    with backend.quiet():
        tflite = converter.to_tflite(loaded.model, arrays, settings, environment=backend.quiet_variables(), seed=seed)
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
    )


def make_artifacts(name: str, converted: Converted, origin: Origin) -> Artifacts:
    """All files of the output folder, made in memory."""
    tflite, file = converted.tflite, converted.file
    digest = files.sha256(tflite)
    made: dict[str, str] = dict(converter.model_data_files(name, tflite, file))
    inputs = _test_inputs(file, converted.seed)
    arena, why, vectors = None, "", 0
    try:
        # Also for files that the interpreter refuses later: an operator without a method has no resolver.
        converter.resolver_methods(file.operator_names)
        result = tflm.run(tflite, inputs)
        arena, vectors = converter.measured_arena(result.arena_bytes, file), len(inputs)
        made[f"{name}_test_vectors.h"] = converter.vectors_header(name, digest, inputs, result.outputs)
        made[f"{name}_resolver.h"] = converter.resolver_header(name, digest, file, arena)
    except UnsupportedOperator as error:
        why = f"{error.what}: {error.which}"
    except (ModelError, MissingDependency) as error:
        why = f"{error.what} ({_last_line(error.found)})" if error.found else error.what
        made[f"{name}_resolver.h"] = converter.resolver_header(name, digest, file, None, why)
    content = {file_name: text.encode() for file_name, text in made.items()}
    content[f"{name}.tflite"] = tflite
    content["manifest.json"] = _manifest(name, converted, origin, content, arena, why, vectors).encode()
    return Artifacts(content, arena, why, vectors)


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


def _name_from(spec: str) -> str:
    """`zoo:resnet8` is resnet8, `nets.small:build` is build, `runs/best.keras` is best."""
    return c_names.c_name(Path(spec).stem if ":" not in spec else spec.rpartition(":")[2])


def _representative(
    loaded: LoadedModel, calibration: Calibration, settings: Settings, samples: int | None, seed: int
) -> tuple[list[Floats], str | None, str | None]:
    """Arrays per input, and name and digest of the set."""
    if calibration is None:
        if settings.mode.full_integer:
            raise _no_calibration(settings.mode)
        return [], None, None
    shapes = loaded.input_shapes
    if isinstance(calibration, (str, Path)):
        calibration = data.load(calibration)
    if isinstance(calibration, DataSet):
        if len(shapes) != 1:
            raise DataError(
                "a data set has one input, the model has several",
                which=loaded.origin.spec,
                found=", ".join(loaded.input_names),
                next_step="call tinyml_compress.convert from Python with one array per input",
            )
        chosen = calibration.fitted(shapes[0]).take(samples or _DEFAULT_SAMPLES, seed)
        return [chosen.inputs], calibration.name, chosen.sha256
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
                "calibration arrays differ in length or are empty", which=name, found=[len(item) for item in arrays]
            )
        if not np.isfinite(array).all():
            raise DataError("calibration data holds values that are not finite numbers", which=name)
    return arrays


def _test_inputs(file: FlatFile, seed: int) -> list[list[Array]]:
    """Vectors over the whole range of the inputs; at least one, fewer where they are large."""
    rng = np.random.default_rng(seed)
    size = sum(_nbytes(port) for port in (*file.inputs, *file.outputs))
    count = max(1, min(_VECTORS, _VECTOR_BYTES // max(size, 1)))
    return [[_random(port, rng) for port in file.inputs] for _ in range(count)]


def _random(port: FlatTensor, rng: np.random.Generator) -> Array:
    if port.dtype is None or port.dtype.is_float:
        return rng.random(port.shape, dtype=np.float32)
    if port.dtype.numpy == np.bool_:
        return rng.integers(0, 2, port.shape).astype(np.bool_)
    bits = 8 * port.dtype.itemsize
    low = 0 if port.dtype.numpy.kind == "u" else -(1 << (bits - 1))
    return rng.integers(low, low + (1 << bits) - 1, port.shape, endpoint=True).astype(port.dtype.numpy)


def _nbytes(port: FlatTensor) -> int:
    return int(np.prod(port.shape, dtype=np.int64)) * (port.dtype.itemsize if port.dtype is not None else 4)


def _last_line(text: str) -> str:
    return text.strip().splitlines()[-1][:200]


def _manifest(
    name: str,
    converted: Converted,
    origin: Origin,
    content: dict[str, bytes],
    arena: Arena | None,
    why: str,
    vectors: int,
) -> str:
    """What was made, of what, how; no date and no path of the output, so that the same input gives the same bytes."""
    settings = converted.settings
    bridge = origin.bridge
    numbers: dict[str, object] = {
        "model_bytes": {"value": len(converted.tflite), "kind": "exact"},
        "operators": {"value": len(converted.file.operators), "kind": "exact"},
    }
    if arena is not None:
        how = "used by TensorFlow Lite Micro's interpreter on a 64-bit host, reference kernels"
        numbers["tflm_arena_bytes"] = {"value": arena.measured, "kind": "measured", "how": how}
        numbers["tflm_arena_headroom_bytes"] = {"value": arena.headroom, "kind": "modelled"}
        numbers["tflm_arena_reserve_bytes"] = {"value": arena.nbytes, "kind": "modelled"}
    manifest: dict[str, object] = {
        "schema": 1,
        "tool": f"tinyml-compress {__version__}",
        "name": name,
        "model": {
            "spec": _without_folder(origin.spec),
            "format": origin.format.value,
            "sha256": origin.sha256,
            **({} if bridge is None else {"bridge_largest_difference": bridge.largest_difference}),
        },
        "conversion": {
            "mode": settings.mode.value,
            "io": settings.port_type.value,
            "per_tensor_dense": settings.per_tensor_dense,
            "allow_float": settings.allow_float,
            "seed": converted.seed,
            "samples": converted.samples,
            **({} if converted.calibration is None else {"calibration": _without_folder(converted.calibration)}),
            **({} if converted.calibration_sha256 is None else {"calibration_sha256": converted.calibration_sha256}),
        },
        "operators": list(converted.file.operator_names),
        "float_operators": list(converted.float_operators),
        "inputs": [_port_json(port) for port in converted.file.inputs],
        "outputs": [_port_json(port) for port in converted.file.outputs],
        "numbers": numbers,
        "test_vectors": vectors,
        **({"tflm": why} if why else {}),
        "files": {file_name: files.sha256(data) for file_name, data in sorted(content.items())},
    }
    return json.dumps(manifest, indent=2) + "\n"


def _without_folder(spec: str) -> str:
    """Names stay, paths lose their folders: the same input in another place gives the same bytes."""
    return Path(spec).name


def _port_json(port: FlatTensor) -> dict[str, object]:
    shown: dict[str, object] = {
        "name": port.name,
        "shape": list(port.shape),
        "dtype": port.dtype.name.lower() if port.dtype is not None else "unknown",
    }
    if port.quant is not None and not port.quant.per_channel:
        shown.update(scale=port.quant.scale, zero_point=port.quant.zero_point)
    return shown
