"""The files of a converted model, made in memory: .tflite, C, test vectors, manifest."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress import converter
from tinyml_compress._version import __version__
from tinyml_compress.converter import ConvertSettings, FileTensor, FlatFile, TflmArena
from tinyml_compress.errors import MissingDependency, ModelError, RuntimeCrash, UnsupportedOperator
from tinyml_compress.frontends.preprocessing import Preprocessing, c_header
from tinyml_compress.ir import DType, Tensor
from tinyml_compress.ops import all_operators
from tinyml_compress.results import Kind, Manifest, Number, PortFacts
from tinyml_compress.results.base import plain
from tinyml_compress.results.convert import Given, Settings
from tinyml_compress.runners import tflm
from tinyml_compress.runners.vectors import random
from tinyml_compress.support import files
from tinyml_compress.support.document import SCHEMA

Array = npt.NDArray[np.generic]
_VECTORS = 4
_VECTOR_BYTES = 256 * 1024
"""Test vectors are C text that someone compiles: large inputs get fewer."""


@dataclass(frozen=True, eq=False)
class Converted:
    """A .tflite file in memory."""

    tflite: bytes
    file: FlatFile
    settings: ConvertSettings
    seed: int
    calibration: str | None
    calibration_sha256: str | None
    samples: int
    float_operators: tuple[str, ...]
    """Kinds of operators that stayed float, where that was allowed."""
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    """How the data set's inputs were made from sensor values; firmware has to do the same."""
    stripped: int | None = None
    """Bytes that stripping saved; `file` still knows the names."""
    notes: tuple[str, ...] = ()
    """What did not become as it was asked for, and why."""


@dataclass(frozen=True, eq=False)
class Artifacts:
    """Everything that goes into the output folder, by file name, and what TensorFlow Lite Micro said."""

    files: dict[str, bytes]
    manifest: Manifest
    arena: TflmArena | None
    why_no_arena: str
    """Empty when there is an arena."""
    vectors: int
    has_failed: bool = False
    """TensorFlow Lite Micro was asked and gave no answer to rely on: another time it may."""
    crash: RuntimeCrash | None = None
    """It ended abnormally."""


def make_artifacts(name: str, converted: Converted, model: Given) -> Artifacts:
    """All files of the output folder, made in memory."""
    tflite, file = converted.tflite, converted.file
    digest = files.sha256(tflite)
    texts: dict[str, str] = dict(converter.model_data_files(name, tflite, file))
    if converted.preprocessing != Preprocessing():
        texts[f"{name}_preprocessing.h"] = c_header(name, converted.preprocessing)
    inputs = _test_inputs(file, converted.seed)
    arena, why, vectors, has_failed = None, "", 0, False
    crash: RuntimeCrash | None = None
    try:
        # Also for files that the interpreter refuses later: an operator without a method has no resolver.
        converter.resolver_methods(file.operator_names)
        result = tflm.run(tflite, inputs)
        arena, vectors = converter.measured_arena(result.arena_bytes, file), len(inputs)
        texts[f"{name}_test_vectors.h"] = converter.vectors_header(name, digest, inputs, result.outputs)
        texts[f"{name}_resolver.h"] = converter.resolver_header(name, digest, file, arena)
    except UnsupportedOperator as error:
        why = f"{error.what}: {error.which}"
    except (ModelError, MissingDependency) as error:
        why = f"{error.what} ({_last_line(error.found)})" if error.found else error.what
        has_failed = isinstance(error, ModelError)
        crash = error if isinstance(error, RuntimeCrash) else None
        texts[f"{name}_resolver.h"] = converter.resolver_header(name, digest, file, None, why)
    content = {file_name: text.encode() for file_name, text in texts.items()}
    content[f"{name}.tflite"] = tflite
    digests = {file_name: files.sha256(data) for file_name, data in sorted(content.items())}
    manifest = _manifest(name, converted, model, digests, arena, why, vectors)
    head = {"schema": SCHEMA, "tool": f"tinyml-compress {__version__}"}
    content["manifest.json"] = (json.dumps({**head, **plain(manifest)}, indent=2) + "\n").encode()
    return Artifacts(content, manifest, arena, why, vectors, has_failed, crash)


def _test_inputs(file: FlatFile, seed: int) -> list[list[Array]]:
    """Vectors over the whole range of the inputs; at least one, fewer where they are large."""
    rng = np.random.default_rng(seed)
    size = sum(_nbytes(port) for port in (*file.inputs, *file.outputs))
    count = max(1, min(_VECTORS, _VECTOR_BYTES // max(size, 1)))
    ports = [Tensor(port.name, port.shape, port.dtype or DType.FLOAT32, port.quant) for port in file.inputs]
    # integers without a scale are places in a table, and TensorFlow Lite Micro checks them
    tables = {name: known.picks.table for name, known in all_operators().items() if known.picks is not None}
    picked = [use.inputs[tables[use.name]] for use in file.operators if use.name in tables]
    rows = min((table.shape[0] for table in picked), default=128)
    places = {DType.INT32: np.int32, DType.INT64: np.int64}
    return [
        [
            rng.integers(0, rows, port.shape).astype(places[port.dtype])
            if port.quant is None and port.dtype in places
            else random(port, rng)
            for port in ports
        ]
        for _ in range(count)
    ]


def _nbytes(port: FileTensor) -> int:
    return int(np.prod(port.shape, dtype=np.int64)) * (port.dtype.itemsize if port.dtype is not None else 4)


def _last_line(text: str) -> str:
    return text.strip().splitlines()[-1][:200]


def _manifest(
    name: str,
    converted: Converted,
    model: Given,
    digests: dict[str, str],
    arena: TflmArena | None,
    why: str,
    vectors: int,
) -> Manifest:
    """No date and no path of the output, so that the same input gives the same bytes."""
    settings, done = converted.settings, converted.preprocessing
    numbers = {
        "model_bytes": Number(value=len(converted.tflite), kind=Kind.EXACT),
        "operators": Number(value=len(converted.file.operators), kind=Kind.EXACT),
    }
    if arena is not None:
        how = "used by TensorFlow Lite Micro's interpreter on a 64-bit host, reference kernels"
        numbers["tflm_arena_bytes"] = Number(value=arena.measured, kind=Kind.MEASURED, how=how)
        numbers["tflm_arena_headroom_bytes"] = Number(value=arena.headroom, kind=Kind.MODELLED)
        numbers["tflm_arena_reserve_bytes"] = Number(value=arena.nbytes, kind=Kind.MODELLED)
    return Manifest(
        name=name,
        model=model,
        conversion=Settings(
            mode=settings.mode.value,
            io=settings.port_type.value,
            per_tensor_dense=settings.per_tensor_dense,
            allow_float=settings.allow_float,
            weight_bits=None if settings.weight_bits == 8 else settings.weight_bits,
            wide=settings.wide or None,
            stripped_bytes=converted.stripped,
            seed=converted.seed,
            samples=converted.samples,
            calibration=None if converted.calibration is None else _without_folder(converted.calibration),
            calibration_sha256=converted.calibration_sha256,
        ),
        preprocessing=None if done == Preprocessing() else done.as_json(),
        operators=tuple(converted.file.operator_names),
        float_operators=converted.float_operators,
        inputs=tuple(map(_port, converted.file.inputs)),
        outputs=tuple(map(_port, converted.file.outputs)),
        numbers=numbers,
        test_vectors=vectors,
        tflm=why or None,
        files=digests,
    )


def _without_folder(spec: str) -> str:
    """Names stay, paths lose their folders: the same input in another place gives the same bytes."""
    return Path(spec).name


def _port(port: FileTensor) -> PortFacts:
    quant = None if port.quant is None or port.dtype is None else port.quant.for_values(port.dtype)
    return PortFacts(
        name=port.name,
        shape=tuple(port.shape),
        dtype=port.dtype.name.lower() if port.dtype is not None else "unknown",
        scale=None if quant is None else quant.scale,
        zero_point=None if quant is None else quant.zero_point,
    )
