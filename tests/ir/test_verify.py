"""verify() raises GraphError, naming node, operator, type and shape, for each rule a graph can break."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.lib.graphs import const, graph, tensor
from tinyml_compress.errors import GraphError
from tinyml_compress.ir import Attrs, DType, Graph, Node, Quant, Tensor, verify

X = tensor("x", (1, 4), 0.5, 3)
C = const("c", [1, 2, 3, 4], 0.25)
M = tensor("m", (1, 4), 0.5)
Y = tensor("y", (1, 4), 0.5)
FIRST = Node("ADD", ("x", "c"), ("m",), Attrs(), "net/first")
SECOND = Node("RELU", ("m",), ("y",), Attrs(), "net/second")
SOUND = graph([X, C, M, Y], [FIRST, SECOND], ["x"], ["y"])


def _with(*tensors: Tensor) -> Graph:
    return replace(SOUND, tensors={**SOUND.tensors, **{t.name: t for t in tensors}})


def test_sound_graph() -> None:
    verify(SOUND)
    verify(SOUND.rebuilt(outputs=("y", "y", "m")))
    verify(graph([X], [], ["x"], ["x"]))


def _writable() -> Tensor:
    return Tensor("c", (4,), DType.INT8, None, np.zeros(4, np.int8))


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (
            replace(SOUND, nodes=(SECOND, FIRST)),
            ["before it is made", "m (INT8 [1, 4])", "node 0, RELU net/second"],
        ),
        (replace(SOUND, nodes=(FIRST, replace(SECOND, inputs=("y",)))), ["before it is made", "y (INT8"]),
        (
            replace(SOUND, nodes=(FIRST, replace(FIRST, name="twin"), SECOND)),
            ["two origins", "node 1, ADD twin"],
        ),
        (replace(SOUND, nodes=(FIRST, replace(SECOND, outputs=("x",)))), ["two origins", "x (INT8"]),
        (replace(SOUND, nodes=(replace(FIRST, outputs=("c",)), SECOND)), ["two origins", "c (INT8"]),
        (replace(SOUND, nodes=(FIRST, replace(SECOND, outputs=()))), ["no output", "node 1, RELU"]),
        (
            replace(SOUND, nodes=(FIRST, replace(SECOND, inputs=("gone",)))),
            ["not there", "gone", "node 1, RELU"],
        ),
        (replace(SOUND, outputs=("gone",)), ["not there", "graph output", "gone"]),
        (replace(SOUND, outputs=()), ["no output"]),
        (replace(SOUND, nodes=(FIRST,)), ["nothing makes", "y (INT8"]),
        (replace(SOUND, inputs=("x", "x")), ["two origins", "x (INT8"]),
        (replace(SOUND, inputs=("x", "c")), ["two origins", "c (INT8"]),
        (_with(tensor("extra", (1,))), ["belongs to no node", "extra"]),
        (replace(SOUND, tensors={**SOUND.tensors, "m": replace(M, name="n")}), ["another name", "n (INT8"]),
        (_with(replace(M, shape=(0, 4))), ["dimension", "m (INT8 [0, 4])"]),
        (_with(replace(M, shape=(-1, 4))), ["dimension", "[-1, 4]"]),
        (_with(replace(C, shape=(2, 2))), ["another type or shape", "c (INT8 [2, 2])", "int8 [4]"]),
        (_with(replace(C, dtype=DType.INT16)), ["another type or shape", "c (INT16 [4])", "int8 [4]"]),
        (_with(_writable()), ["written to", "c (INT8"]),
        (_with(const("c", [9, 1, 1, 1], dtype=DType.INT4)), ["int4", "c (INT4"]),
        (_with(replace(M, quant=Quant((), ()))), ["do not match", "0 scales", "m (INT8"]),
        (_with(replace(M, quant=Quant((0.5,), (1, 2)))), ["do not match", "1 scales, 2 zero points"]),
    ],
)
def test_broken_graphs(broken: Graph, words: list[str]) -> None:
    with pytest.raises(GraphError) as caught:
        verify(broken)
    for word in words:
        assert word in str(caught.value)
    assert caught.value.next_step
