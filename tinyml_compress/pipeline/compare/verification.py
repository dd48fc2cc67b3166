"""Do two engines give the same bytes? Mismatches, the largest difference, and the first node that
diverges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress import frontend
from tinyml_compress.errors import MismatchError, TinymlError, UsageError
from tinyml_compress.ir import Graph, Tensor
from tinyml_compress.ops import keeps_state
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compare.differences import (
    all_outputs,
    compare_arrays,
    cut_at,
    divergence_at,
    results,
    shapes_of,
)
from tinyml_compress.pipeline.evaluate.engines import EngineFile, inputs_of, run_graph, runner, subject_of
from tinyml_compress.results import Difference, Divergence, Engine, Verification
from tinyml_compress.runners import host
from tinyml_compress.runners.vectors import Edge, edge, pattern, random
from tinyml_compress.support import files
from tinyml_compress.support.instruction_sets import Isa
from tinyml_compress.support.words import word

Array = npt.NDArray[np.generic]
_CHUNK_BYTES = 64 << 20
_TRACED = 3
"""So many differing vectors are followed through the graph."""


def verify(
    a: str | Path,
    b: str | Path | None = None,
    *,
    vectors: int = 20,
    isa: str = "c",
    optimize: str = "balanced",
    seed: int = 0,
) -> Verification:
    """Two of FILE or FILE@ENGINE on the same inputs (a pattern, the edges, and `vectors` random ones):
    mismatches, and the first node that differs.

    One .tflite file alone: our C against TensorFlow Lite Micro. `isa` and `optimize` choose kernels of our C.
    Models with state take the inputs as one sequence, from their start on.
    """
    first, second = _subjects(str(a), None if b is None else str(b))
    kernels, level = word(Isa, "isa", isa), word(Level, "optimize", optimize)
    inputs = _same_inputs(first, second)
    history = _keeps_state(first) or _keeps_state(second)
    run_a, run_b = runner(first, kernels, level), runner(second, kernels, level)
    parts: list[Difference] = []
    differing: list[str] = []
    traced: list[list[Array]] = []
    for chunk in _chunks(inputs, vectors, seed):
        rows = [row for _, row in chunk]
        for at, ((name, row), found_a, found_b) in enumerate(
            zip(chunk, run_a(rows), run_b(rows), strict=True)
        ):
            parts.append(compare_arrays(found_a, found_b))
            if parts[-1].mismatches:
                differing.append(name)
                if history:
                    traced = traced or rows[: at + 1]
                elif len(traced) < _TRACED:
                    traced.append(row)
    litert = (
        host.runtime(newest=True)
        if {first.engine, second.engine} & {Engine.LITERT, Engine.LITERT_REF}
        else None
    )
    divergence, why = _first_divergence(first, second, traced, kernels, level) if differing else (None, None)
    return Verification(
        a=str(first),
        b=str(second),
        vectors=len(parts),
        differing=tuple(differing),
        elements=sum(part.elements for part in parts),
        mismatches=sum(part.mismatches for part in parts),
        largest=max((part.largest for part in parts), default=0.0),
        litert=litert,
        divergence=divergence,
        why_no_divergence=why,
    )


def _subjects(a: str, b: str | None) -> tuple[EngineFile, EngineFile]:
    """The two sides. One file alone, or named twice: our C against TensorFlow Lite Micro."""
    first = subject_of(a)
    if b is None:
        if first.engine is Engine.C:
            raise UsageError(
                "generated C alone says nothing",
                which=a,
                next_step="name the .tflite file it was made from as the second model",
            )
        left = replace(first, engine=Engine.AOT) if first.engine is Engine.TFLM else first
        return left, replace(first, engine=Engine.TFLM)
    second = subject_of(b)
    if a == b and "@" not in a:
        first = replace(first, engine=Engine.AOT)  # one file twice without an engine: the two that must agree
    return first, second


def _keeps_state(subject: EngineFile) -> bool:
    """Whether what came before matters; False where that cannot be told, as then no result is followed
    either.
    """
    try:
        return keeps_state(frontend.read(files.read_bytes(subject.path), "model"))
    except TinymlError:
        return False


def _same_inputs(a: EngineFile, b: EngineFile) -> tuple[Tensor, ...]:
    ours, theirs = inputs_of(a), inputs_of(b)
    sides = [[(tensor.shape, tensor.dtype) for tensor in tensors] for tensors in (ours, theirs)]
    if sides[0] != sides[1]:
        raise MismatchError(
            "the two do not take the same inputs",
            found="\n".join(f"{s}: {_described(t)}" for s, t in ((a, ours), (b, theirs))),
            allowed="equal number, shapes and types",
            next_step="compare models by accuracy with `tinyml-compress compare` or `evaluate`",
        )
    return ours


def _described(tensors: Sequence[Tensor]) -> str:
    return ", ".join(f"{t.dtype.numpy} {list(t.shape)}" for t in tensors) or "none"


def _chunks(inputs: Sequence[Tensor], count: int, seed: int) -> Iterator[list[tuple[str, list[Array]]]]:
    """Named vectors, a bounded number of bytes at a time."""
    size = max(1, sum(tensor.nbytes for tensor in inputs))
    chunk: list[tuple[str, list[Array]]] = []
    for vector in _vectors(inputs, count, seed):
        chunk.append(vector)
        if len(chunk) * size >= _CHUNK_BYTES:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _vectors(inputs: Sequence[Tensor], count: int, seed: int) -> Iterator[tuple[str, list[Array]]]:
    yield "pattern", [pattern(tensor) for tensor in inputs]
    for which in Edge:
        yield which.value, [edge(tensor, which) for tensor in inputs]
    rng = np.random.default_rng(seed)
    for index in range(count):
        yield f"random {index}", [random(tensor, rng) for tensor in inputs]


# --- the first node that differs ----------------------------------------------------------------------------


def _first_divergence(
    a: EngineFile, b: EngineFile, rows: Sequence[Sequence[Array]], isa: Isa, level: Level
) -> tuple[Divergence | None, str | None]:
    """Where the two part, or why that cannot be told."""
    if Engine.C in (a.engine, b.engine):
        return None, "generated C shows its outputs only; verify the .tflite file it was made from, with @aot"
    try:
        graphs = [frontend.read(files.read_bytes(subject.path), "model") for subject in (a, b)]
    except TinymlError as error:
        return None, f"the file cannot be taken apart ({error.what})"
    if [shapes_of(graphs[0], node) for node in graphs[0].nodes] != [
        shapes_of(graphs[1], node) for node in graphs[1].nodes
    ]:
        return None, "the two models have different operators"

    def compare(cut: Callable[[Graph], Graph]) -> list[Difference]:
        """Per output of the cut graphs."""
        sides = [
            run_graph(cut(graph), subject.engine, rows, isa, level)
            for graph, subject in zip(graphs, (a, b), strict=True)
        ]
        width = len(sides[0][0])
        return [
            compare_arrays([row[output] for row in sides[0]], [row[output] for row in sides[1]])
            for output in range(width)
        ]

    graph = graphs[0]
    try:
        # All results at once: one run. It keeps every tensor alive, so a fault of fusing or of memory may
        # vanish.
        for (index, _), difference in zip(results(graph), compare(all_outputs), strict=True):
            if difference.mismatches:
                return divergence_at(graph, index, difference), None
        for index in dict.fromkeys(index for index, _ in results(graph)):
            difference = compare(lambda whole, at=index: cut_at(whole, at))[0]  # type: ignore[misc]
            if difference.mismatches:
                return divergence_at(graph, index, difference), None
    except TinymlError as error:
        return None, f"a part of the model does not run by itself ({error.what})"
    return None, "no part of the model differs by itself"
