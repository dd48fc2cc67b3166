"""What the writer writes the reader reads back, and the published files survive the round trip."""

from __future__ import annotations

import numpy as np

from tests.lib.graphs import const, single, tensor
from tinyml_compress.frontend import read, write
from tinyml_compress.ops import operator
from tinyml_compress.ops.numerics import Activation


def test_options_survive() -> None:
    attrs = operator("ADD").attrs_type(activation=Activation.RELU6)
    graph = single(
        "ADD",
        [tensor("a", [1, 2, 3], 0.5, -3), const("b", [[1, 2, 3]], 0.25, 4)],
        tensor("c", [1, 2, 3], 1.0, 127),
        attrs,
    )
    back = read(write(graph), "model")
    assert back.nodes[0].attrs == attrs
    assert back.inputs == ("a",)
    assert back.outputs == ("c",)
    assert {n: (t.shape, t.dtype, t.quant) for n, t in back.tensors.items()} == {
        n: (t.shape, t.dtype, t.quant) for n, t in graph.tensors.items()
    }
    assert np.array_equal(back.tensors["b"].data, graph.tensors["b"].data)
    assert write(back) == write(graph)
