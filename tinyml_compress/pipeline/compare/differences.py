"""Outputs of two engines compared bit by bit, and graphs cut so that their inner results can be
compared too.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import MismatchError
from tinyml_compress.ir import DType, Graph, Node
from tinyml_compress.results import Difference, Divergence

Array = npt.NDArray[np.generic]


def compare_arrays(a: Sequence[Array], b: Sequence[Array]) -> Difference:
    kinds = [[(array.shape, array.dtype) for array in arrays] for arrays in (a, b)]
    if kinds[0] != kinds[1]:
        raise MismatchError(
            "the two do not give the same outputs",
            found=" against ".join(", ".join(f"{t} {list(s)}" for s, t in kind) for kind in kinds),
            allowed="equal number, shapes and types",
            next_step="compare models by accuracy with `tinyml-compress compare` or `evaluate`",
        )
    elements = mismatches = 0
    largest = 0.0
    for left, right in zip(a, b, strict=True):
        elements += left.size
        bits = [
            np.ascontiguousarray(x).reshape(-1).view(np.uint8).reshape(left.size, -1) for x in (left, right)
        ]
        wrong = (bits[0] != bits[1]).any(axis=1)
        mismatches += int(wrong.sum())
        if wrong.any():
            wide = np.float64 if left.dtype.kind == "f" else np.int64
            apart = np.abs(left.reshape(-1)[wrong].astype(wide) - right.reshape(-1)[wrong].astype(wide))
            finite = apart[np.isfinite(apart)]
            largest = max(largest, float(finite.max()) if finite.size == apart.size else float("inf"))
    return Difference(elements=elements, mismatches=mismatches, largest=largest)


def shapes_of(graph: Graph, node: Node) -> tuple[object, ...]:
    return node.op, tuple((graph.tensors[name].shape, graph.tensors[name].dtype) for name in node.outputs)


def results(graph: Graph) -> list[tuple[int, str]]:
    """Every tensor that a node makes in the arena, with the node's index."""
    return [
        (index, name)
        for index, node in enumerate(graph.nodes)
        for name in node.outputs
        if graph.tensors[name].in_arena and graph.tensors[name].dtype is not DType.RESOURCE
    ]


def all_outputs(graph: Graph) -> Graph:
    """The same with all `results` as its outputs."""
    return graph.rebuilt(outputs=tuple(name for _, name in results(graph)))


def cut_at(graph: Graph, index: int) -> Graph:
    """The model up to a node, whose first result is the output."""
    return graph.rebuilt(nodes=graph.nodes[: index + 1], outputs=graph.nodes[index].outputs[:1])


def divergence_at(graph: Graph, index: int, difference: Difference) -> Divergence:
    node = graph.nodes[index]
    return Divergence(
        index=index, op=node.op, layer=node.name, tensor=node.outputs[0], **msgspec.structs.asdict(difference)
    )
