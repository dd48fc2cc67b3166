"""A smaller .tflite with the same outputs, for users of TensorFlow Lite Micro."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tinyml_compress import passes
from tinyml_compress.errors import MismatchError, UnsupportedOperator
from tinyml_compress.frontend.ledger import ledger
from tinyml_compress.frontend.reader import read
from tinyml_compress.frontend.strip import strip
from tinyml_compress.frontend.writer import write
from tinyml_compress.ir import DType, Graph
from tinyml_compress.ops import operator
from tinyml_compress.results import Narrowed, Shrunk
from tinyml_compress.runners import tflm
from tinyml_compress.runners.vectors import random
from tinyml_compress.support import files

# The file has no place for explicit padding, and its layers stay what they are.
_WRITABLE: tuple[passes.Pass, ...] = tuple(
    one
    for one in passes.PASSES
    if one not in (passes.fold_padding, passes.single_channels, passes.dense_pixels, passes.keep_windows)
)


def stripped(file: bytes, vectors: int = 3, seed: int = 0) -> bytes:
    """The file without names, metadata and unread scales, once its outputs were found identical."""
    after = strip(file)
    _compared(file, after, vectors, seed)
    return after


def _compared(before: bytes, after: bytes, vectors: int, seed: int) -> int:
    """On how many random inputs the outputs were found equal: 0 without TensorFlow Lite Micro; MismatchError
    if not.
    """
    if not vectors or not tflm.available():
        return 0
    graph = read(before, "model")
    rng = np.random.default_rng(seed)
    inputs = [[random(graph.tensors[name], rng) for name in graph.inputs] for _ in range(vectors)]
    expected, actual = (tflm.run(file, inputs).outputs for file in (before, after))
    for number, (want, got) in enumerate(zip(expected, actual, strict=True)):
        if any(w.tobytes() != g.tobytes() for w, g in zip(want, got, strict=True)):
            raise MismatchError("the smaller file gives another output", which=f"input {number}")
    return vectors


def shrink(
    model: str | Path, *, output: str | Path, names_only: bool = False, vectors: int = 10, seed: int = 0
) -> Shrunk:
    """Write a .tflite file without its dead channels to `output`, once its outputs were found identical.

    Without dead channels that is the same file, byte for byte; `names_only` removes names all the same.
    """
    before = files.read_bytes(Path(model))
    graph = read(before, "model")
    smaller, why_not = (graph, None) if names_only else _simplified(graph)
    if not names_only and not _narrowed(graph, smaller):
        smaller, after = graph, before
    else:
        after = strip(before if smaller is graph else write(smaller))
    compared = _compared(before, after, vectors, seed)
    files.write_bytes(Path(output), after)
    return Shrunk(
        before=ledger(before),
        after=ledger(after),
        vectors=compared,
        narrowed=_narrowed(graph, smaller),
        nodes=(len(graph.nodes), len(smaller.nodes)),
        macs=(0, 0) if names_only or why_not is not None else (_macs(graph), _macs(smaller)),
        not_analysed=why_not,
    )


def _simplified(graph: Graph) -> tuple[Graph, str | None]:
    """The graph after all passes a file can hold, or as it is with the reason."""
    if graph.subgraphs or any(tensor.dtype is DType.RESOURCE for tensor in graph.tensors.values()):
        return graph, "the file has variables or several subgraphs, which stay as they are"
    try:
        return passes.run(graph, _WRITABLE), None
    except UnsupportedOperator as error:
        return graph, f"{error.what} ({error.which})"


def _macs(graph: Graph) -> int:
    return sum(operator(view.node.op).macs(view) for view in graph.views())


def _narrowed(before: Graph, after: Graph) -> tuple[Narrowed, ...]:
    """Layers with weights that have fewer channels than before."""
    layers = []
    for node in after.nodes:
        if operator(node.op, node.name).weights is None:
            continue
        name = node.outputs[0]
        old, new = before.tensors[name].shape, after.tensors[name].shape
        if old != new:
            layers.append(Narrowed(layer=node.name, op=node.op, before=old[-1], after=new[-1]))
    return tuple(layers)
