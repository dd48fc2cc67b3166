"""What can run a model here, named as `FILE@ENGINE`: one way to feed and read them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress import frontend
from tinyml_compress.errors import ModelError, UnsupportedOperator, UsageError
from tinyml_compress.formats import flat, schema
from tinyml_compress.ir import Graph, Quant, Tensor
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compile.generated_folder import GeneratedC
from tinyml_compress.pipeline.compile.verb import compile_graph
from tinyml_compress.results import Engine
from tinyml_compress.runners import host, native, tflm
from tinyml_compress.support import files
from tinyml_compress.support.instruction_sets import Isa

Array = npt.NDArray[np.generic]
Rows = list[list[Array]]
_ENGINES = (Engine.AOT, Engine.TFLM, Engine.LITERT, Engine.LITERT_REF, Engine.C)
"""The words behind the @."""
Run = Callable[[Sequence[Sequence[Array]]], Rows]
"""For a model with state the vectors are one sequence, from its start on; one without a result gives an empty
list.
"""


@dataclass(frozen=True)
class EngineFile:
    """A file or folder, and the engine that is to run it."""

    path: Path
    engine: Engine

    def __str__(self) -> str:
        return f"{self.path}@{self.engine.value}"


def subject_of(text: str, default: Engine = Engine.TFLM) -> EngineFile:
    """`FILE` or `FILE@ENGINE`; a folder, a .c or a .h file is generated C."""
    path, engine = Path(text), default
    name, mark, word = text.rpartition("@")
    if mark and not path.exists():
        known = {choice.value: choice for choice in _ENGINES}
        if word not in known:
            raise UsageError("unknown engine", which=text, found=word, allowed=", ".join(known))
        path, engine = Path(name), known[word]
    if not path.exists():
        raise UsageError(
            "no such file or folder",
            which=path,
            allowed="a .tflite file, or a folder that `compile` wrote; FILE@ENGINE names the engine",
        )
    generated = path.is_dir() or path.suffix in (".c", ".h")
    if mark and not Path(text).exists() and generated != (engine is Engine.C):
        raise UsageError(
            "this engine does not run that",
            which=text,
            allowed="@c for a folder that `compile` wrote, the other engines for .tflite files",
        )
    return EngineFile(path, Engine.C if generated else engine)


def inputs_of(subject: EngineFile) -> tuple[Tensor, ...]:
    """Names, shapes, types and quantization of the inputs."""
    if subject.engine is Engine.C:
        return GeneratedC(subject.path).inputs
    model = files.read_bytes(subject.path)
    try:
        graph = frontend.read(model, "model")
    except UnsupportedOperator:
        if subject.engine is Engine.AOT:
            raise
        return described_inputs(model)  # the other engines may know the operator
    return tuple(graph.tensors[name] for name in graph.inputs)


def described_inputs(content: bytes) -> tuple[Tensor, ...]:
    """The inputs of a .tflite file, whatever operators it holds."""
    model = flat.decode(content)
    inputs: list[Tensor] = []
    for index in model.inputs:
        if not 0 <= index < len(model.tensors):
            raise ModelError("a tensor index is out of range", which="graph input", found=index)
        tensor = model.tensors[index]
        if tensor.type not in schema.DTYPE_OF or min(tensor.shape, default=1) < 0:
            raise ModelError("an input cannot be filled", which=tensor.name, found=f"shape {tensor.shape}")
        given, dtype = tensor.quant, schema.DTYPE_OF[tensor.type]
        quant = None if given is None else Quant(given.scales[:1], given.zero_points[:1]).for_values(dtype)
        inputs.append(Tensor(tensor.name, tensor.shape, dtype, quant))
    return tuple(inputs)


def runner(subject: EngineFile, isa: Isa = Isa.C, level: Level = Level.BALANCED) -> Run:
    """A function from input vectors to outputs; isa and level matter for `aot` alone."""
    if subject.engine is Engine.C:
        return GeneratedC(subject.path).run
    model = files.read_bytes(subject.path)
    if subject.engine is Engine.AOT:
        return _ours(frontend.read(model, "model"), files.sha256(model), isa, level)
    return _interpreted(model, subject.engine)


def run_graph(graph: Graph, engine: Engine, rows: Sequence[Sequence[Array]], isa: Isa, level: Level) -> Rows:
    """Outputs of a graph that is no file: part of a model, say."""
    if engine is Engine.AOT:
        return _ours(graph, "0" * 64, isa, level)(rows)
    return _interpreted(frontend.write(graph), engine)(rows)


def _interpreted(model: bytes, engine: Engine) -> Run:
    if engine is Engine.TFLM:
        return lambda rows: tflm.run(model, rows).outputs
    return lambda rows: host.run(model, rows, reference=engine is Engine.LITERT_REF, newest=True)


def _ours(graph: Graph, sha256: str, isa: Isa, level: Level) -> Run:
    program = compile_graph(graph, "model", model_sha256=sha256, isas=isa.sets, level=level)
    loaded = native.load([program])[0]

    def run(rows: Iterable[Sequence[Array]]) -> Rows:
        loaded.restart()
        return [loaded.step(row) or [] for row in rows]

    return run
