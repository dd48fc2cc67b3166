"""A smaller .tflite with the same outputs, for users of TensorFlow Lite Micro."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinyml_compress import passes
from tinyml_compress.errors import MismatchError, UnsupportedOperator
from tinyml_compress.frontend.ledger import ledger
from tinyml_compress.frontend.reader import read
from tinyml_compress.frontend.strip import strip
from tinyml_compress.frontend.writer import write
from tinyml_compress.ir import DType, Graph
from tinyml_compress.ir.ledger import Ledger
from tinyml_compress.ops import operator
from tinyml_compress.runners import tflm
from tinyml_compress.runners.vectors import random
from tinyml_compress.support import files
from tinyml_compress.support.notebook import Displayed
from tinyml_compress.support.table import Block, Column, Numbers, Row, Table

__all__ = ["Narrowed", "Shrunk", "shrink_file", "stripped"]

# All passes but the one that folds PAD into a convolution: the file has no place for explicit padding.
_WRITABLE: tuple[passes.Pass, ...] = tuple(p for p in passes.PASSES if p is not passes.fold_padding)


@dataclass(frozen=True)
class Narrowed:
    """A layer that lost channels."""

    layer: str
    op: str
    before: int
    after: int


@dataclass(frozen=True)
class Shrunk(Displayed):
    """Both ledgers, what was cut, and on how many inputs the outputs were compared (0: no TFLM on this
    machine).
    """

    before: Ledger
    after: Ledger
    vectors: int
    narrowed: tuple[Narrowed, ...] = ()
    nodes: tuple[int, int] = (0, 0)
    macs: tuple[int, int] = (0, 0)
    not_analysed: str | None = None
    """Why nothing but names was touched, where more was asked for."""

    def as_json(self) -> dict[str, object]:
        result: dict[str, object] = {
            "schema": 1,
            "before": vars(self.before),
            "after": vars(self.after),
            "saved": self.before.file - self.after.file,
            "identical_outputs": self.vectors,
            "narrowed": [vars(layer) for layer in self.narrowed],
            "nodes": list(self.nodes),
            "macs": list(self.macs),
        }
        return result if self.not_analysed is None else {**result, "not_analysed": self.not_analysed}

    def blocks(self) -> list[Block]:
        """Bytes by cause before and after, what was cut, and what proves the outputs."""
        rows: list[Row] = [
            (part, Numbers((size,), "{:,} B"), Numbers((now,), "{:,} B"))
            for (part, size, _), (_, now, _) in zip(self.before.parts(), self.after.parts(), strict=True)
        ]
        if self.nodes[0] != self.nodes[1]:
            rows.append(("operators", *self.nodes))
        if self.macs[0] != self.macs[1]:
            rows.append(("MACs", *self.macs))
        saved = self.before.file - self.after.file
        title = (
            f"{self.before.file:,} B -> {self.after.file:,} B, {saved:,} B "
            f"saved ({saved / self.before.file:.1%})"
        )
        columns = (Column("part"), Column("before", "{:,}"), Column("after", "{:,}"))
        return [Table(columns, tuple(rows), title, tuple(self._notes(saved)), indent=2)]

    def _notes(self, saved: int) -> Iterator[str]:
        for layer in self.narrowed:
            yield f"{layer.op} {layer.layer}: {layer.before} -> {layer.after} channels; the rest was dead"
        if not saved:
            yield "nothing to remove: the file stays as it is, byte for byte; --names-only removes names"
        if self.not_analysed is not None:
            yield f"dead channels were not looked for: {self.not_analysed}"
        if self.vectors:
            yield f"outputs identical under TensorFlow Lite Micro on {self.vectors} inputs"
        else:
            yield "outputs not compared: tflite-micro is not installed here (Linux x86-64 only)"


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
    expected, found = (tflm.run(file, inputs).outputs for file in (before, after))
    for number, (want, got) in enumerate(zip(expected, found, strict=True)):
        if any(w.tobytes() != g.tobytes() for w, g in zip(want, got, strict=True)):
            raise MismatchError("the smaller file gives another output", which=f"input {number}")
    return vectors


def shrink_file(
    model: Path, output: Path, vectors: int = 10, seed: int = 0, *, names_only: bool = False
) -> Shrunk:
    """Write the smaller file to `output`, once its outputs were found identical to those of `model`.

    Without dead channels that is the same file, byte for byte; `names_only` removes names all the same.
    """
    before = model.read_bytes()
    graph = read(before, "model")
    smaller, why_not = (graph, None) if names_only else _simplified(graph)
    if not names_only and not _narrowed(graph, smaller):
        smaller, after = graph, before
    else:
        after = strip(before if smaller is graph else write(smaller))
    compared = _compared(before, after, vectors, seed)
    files.write_bytes(output, after)
    return Shrunk(
        ledger(before),
        ledger(after),
        compared,
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
    found = []
    for node in after.nodes:
        if node.op not in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
            continue
        name = node.outputs[0]
        old, new = before.tensors[name].shape, after.tensors[name].shape
        if len(node.inputs) > 1 and old != new:
            found.append(Narrowed(node.name, node.op, old[-1], new[-1]))
    return tuple(found)
