"""What a firmware bundle holds, made of a .tflite file: for generated C, or for TensorFlow Lite Micro."""

from __future__ import annotations

import math
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import numpy as np

from tinyml_compress import converter
from tinyml_compress.codegen.project import GoldenVectors, describe_port, usage, vectors_header
from tinyml_compress.codegen.weights_check import with_weights_check
from tinyml_compress.converter import FileTensor
from tinyml_compress.exporters import Bundle, Runtime
from tinyml_compress.exporters.bundle import SelfTest
from tinyml_compress.exporters.mlperf_tiny import line_facts
from tinyml_compress.frontends.preprocessing import Arithmetic, Preprocessing, c_header
from tinyml_compress.ir import ByRows, DType, Memories, Port, Prices, Program
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compile.front_end import front_end
from tinyml_compress.pipeline.compile.trigger import trigger_beside
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.pipeline.convert.golden_vectors import golden_vectors, input_vectors, tflm_vectors
from tinyml_compress.runners import tflm
from tinyml_compress.support import files
from tinyml_compress.support.instruction_sets import Isa, firmware_needs

_VECTOR_BYTES = 16 * 1024
"""The self-test lies in a device's flash."""
_TFLM_ALIGN = 16


@dataclass(frozen=True)
class Metadata:
    """What the library's metadata say beside what follows from the model."""

    name: str
    release: str
    author: str
    url: str


def aot_bundle(
    model: bytes,
    words: Metadata,
    preprocessing: Preprocessing,
    isas: tuple[Isa, ...],
    level: Level,
    memories: Memories,
    prices: Prices | None,
    trigger: str | Path | None = None,
    most_ram: int | None = None,
    ends: Collection[ByRows] = (),
) -> tuple[Bundle, Program]:
    """The bundle of generated C, and the program in it; its arena takes `most_ram` bytes at most, its `ends`
    come and go by rows.
    """
    name, upper = words.name, words.name.upper()
    compiled = compile_model(
        model, name, isas, level, memories=memories, most_ram=most_ram, prices=prices, ends=ends
    )
    program = with_weights_check(compiled)
    vectors = golden_vectors(model, program, _VECTOR_BYTES)
    arena = f"{upper}_ARENAS_BYTES" if len(program.arenas) > 1 else f"{upper}_ARENA_BYTES"
    if program.state_bytes:  # the self-test's own state lies behind its arena
        align = f"{upper}_ARENA_ALIGN"
        arena = f"(({arena} + {align} - 1) / {align} * {align} + {upper}_STATE_BYTES)"
    headers, sources = _stages(name, model, program.inputs, program.outputs, preprocessing, trigger)
    bundle = Bundle(
        name=name,
        engine=Runtime.AOT,
        release=words.release,
        author=words.author,
        url=words.url,
        model_sha256=program.model_sha256,
        headers={f"{name}.h": program.header, **_preprocessing_header(name, preprocessing), **headers},
        sources={f"{name}.c": program.source, **sources},
        vectors=_vectors(name, program.model_sha256, program.inputs, program.outputs, vectors),
        crc32=f"{upper}_WEIGHTS_CRC32",
        arena_bytes=arena,
        arena_align=f"{upper}_ARENA_ALIGN",
        stateful=program.state_bytes > 0,
        inputs=tuple(describe_port(port) for port in program.inputs),
        outputs=tuple(describe_port(port) for port in program.outputs),
        hears=f"{name}_frontend.h" in headers
        and preprocessing.audio is not None
        and program.outputs[0].dtype is not DType.FLOAT32,
        firmware=firmware_needs(node.kernel for node in program.nodes),
        facts={
            "arena": f"{program.arena_bytes:,}",
            "state": f" and {program.state_bytes:,} B of state" if program.state_bytes else "",
            "weights": f"{program.weight_bytes:,}",
            "tables": f"{program.table_bytes:,}",
            "options": f"{'+'.join(isa.value for isa in isas)}, chosen for {level.value}",
            "frontend": _frontend(name, preprocessing, headers),
            **usage(program),
            **line_facts(name, program.inputs, program.outputs),
        },
    )
    return bundle, program


def tflm_bundle(
    model: bytes, words: Metadata, preprocessing: Preprocessing, trigger: str | Path | None = None
) -> Bundle:
    """The bundle for a project that has TensorFlow Lite Micro: array, resolver, arena."""
    name, digest = words.name, files.sha256(model)
    file = converter.read(model)
    converter.resolver_methods(file.operator_names)  # refuses what the interpreter has no kernel for
    inputs, outputs = ([_port(port) for port in ports] for ports in (file.inputs, file.outputs))
    tflm.require()
    vectors = tflm_vectors(model, input_vectors(inputs, outputs, _VECTOR_BYTES))
    arena = converter.measured_arena(tflm.arena_bytes(model), file)
    data = converter.model_data_files(name, model, file)
    header, source = f"{name}_model_data.h", f"{name}_model_data.c"
    headers, sources = _stages(name, model, inputs, outputs, preprocessing, trigger)
    return Bundle(
        name=name,
        engine=Runtime.TFLM,
        release=words.release,
        author=words.author,
        url=words.url,
        model_sha256=digest,
        headers={
            header: data[header],
            f"{name}_resolver.h": converter.resolver_header(name, digest, file, arena),
            **_preprocessing_header(name, preprocessing),
            **headers,
        },
        sources={source: data[source], **sources},
        vectors=_vectors(name, digest, inputs, outputs, vectors),
        crc32=f"0x{zlib.crc32(model):08x}u",
        arena_bytes=str(arena.nbytes),
        arena_align=str(_TFLM_ALIGN),
        stateful=False,
        inputs=tuple(describe_port(port) for port in inputs),
        outputs=tuple(describe_port(port) for port in outputs),
        facts={
            "arena": f"{arena.nbytes:,}",
            "measured": f"{arena.measured:,}",
            "model_bytes": f"{len(model):,}",
            "operators": ", ".join(file.operator_names),
            "frontend": _frontend(name, preprocessing, headers),
        },
    )


def _preprocessing_header(name: str, preprocessing: Preprocessing) -> dict[str, str]:
    if preprocessing == Preprocessing():
        return {}
    return {f"{name}_preprocessing.h": c_header(name, preprocessing)}


def _stages(
    name: str,
    model: bytes,
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    preprocessing: Preprocessing,
    trigger: str | Path | None,
) -> tuple[dict[str, str], dict[str, str]]:
    """The C of the front end and of the trigger stage: headers and sources."""
    front = front_end(name, inputs, preprocessing)
    parts: dict[str, dict[str, str]] = {".h": {}, ".c": {}}
    generated = {} if front is None else front.files
    for file, content in {**generated, **trigger_beside(name, model, outputs, trigger)}.items():
        parts[PurePath(file).suffix][file] = content
    return parts[".h"], parts[".c"]


def _frontend(name: str, preprocessing: Preprocessing, headers: Mapping[str, str]) -> str:
    if f"{name}_frontend.h" in headers:
        floats = preprocessing.generated is Arithmetic.FLOAT
        how = "in floats, within a step of int8 of" if floats else "exactly as in"
        return f"`{name}_frontend.h` makes them of what a sensor gives, {how} training and calibration"
    if preprocessing == Preprocessing():
        return "none is described: the inputs are what the model takes"
    return f"`{name}_preprocessing.h` has the numbers that training and calibration used"


def _vectors(
    name: str, digest: str, inputs: Sequence[Port], outputs: Sequence[Port], vectors: GoldenVectors
) -> SelfTest:
    return SelfTest(
        len(vectors.inputs), vectors.oracle, vectors_header(name, digest, inputs, outputs, vectors)
    )


def _port(tensor: FileTensor) -> Port:
    dtype = tensor.dtype or DType.FLOAT32
    nbytes = math.prod(tensor.shape) * np.dtype(dtype.numpy).itemsize
    quant = None if tensor.quant is None else tensor.quant.for_values(dtype)
    return Port(tensor.name, tensor.shape, dtype, quant, 0, nbytes)
