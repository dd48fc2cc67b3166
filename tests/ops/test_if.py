"""IF and WHILE over subgraphs equal TFLM: nested, with state inside, with handles of variables handed in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.lib.graphs import const, graph
from tests.lib.proof import Rng, ints, pick, quantized, refused, shape
from tests.lib.streams import many_streams, stream_sample
from tinyml_compress.frontend import read, write
from tinyml_compress.ir import Attrs, DType, Graph, Node, Quant, Tensor
from tinyml_compress.ops._addsub import FusedAttrs
from tinyml_compress.ops._flow import IfAttrs, WhileAttrs

_Quants = tuple[Quant | None, Quant | None]


def _pair(rng: Rng, dtype: DType) -> _Quants:
    if dtype is not DType.INT8:
        return None, None
    one = quantized(rng, dtype)
    return one, Quant((one.scale * 1.9,), (int(rng.integers(-128, 128)),))


def _branch(
    name: str, rng: Rng, size: tuple[int, ...], dtype: DType, quants: tuple[Quant | None, Quant | None]
) -> Graph:
    """(a, b) -> one or two sums or products in a row, or one of the inputs as it is."""
    one, two = quants
    a, b = Tensor(f"{name}_a", size, dtype, one), Tensor(f"{name}_b", size, dtype, one)
    steps = int(rng.integers(1, 4))
    tensors, nodes, last = [a, b], [], a
    for step in range(steps):
        made = Tensor(f"{name}_{step}", size, dtype, two)
        kind = pick(rng, ("ADD", "MUL"))
        nodes.append(Node(kind, (last.name, b.name), (made.name,), FusedAttrs(), f"{name}{step}"))
        tensors.append(made)
        last = made
    return graph(tensors, nodes, [a.name, b.name], [last.name], name)


def conditional(rng: Rng) -> Graph:
    """y = (c ? f : g)(x, x or z), and x is needed behind it; sometimes the condition is computed."""
    dtype, size = pick(rng, (DType.INT8, DType.INT8, DType.FLOAT32)), shape(rng, 1, 3, 60)
    one, two = _pair(rng, dtype)
    x, z, y = (Tensor(name, size, dtype, quant) for name, quant in (("x", one), ("z", one), ("y", two)))
    last = Tensor("last", size, dtype, two)
    bodies = [_branch(name, rng, size, dtype, (one, two)) for name in ("then", "else")]
    flag = Tensor("flag", (1,), DType.BOOL)
    nodes = [Node("IF", ("flag", "x", pick(rng, ("x", "z"))), ("y",), IfAttrs(0, 1), "branch")]
    outputs = ["y"]
    if rng.random() < 0.5:
        nodes.append(Node("ADD", ("x", "y"), ("last",), FusedAttrs(), "after"))
        outputs = pick(rng, (["last"], ["y", "last"]))
    tensors = [flag, x, z, y, last]
    made = graph(tensors, nodes, ["flag", "x", "z"], outputs)
    return made.rebuilt(subgraphs=tuple(bodies))


def loop(rng: Rng) -> Graph:
    """From n on, count up to a limit: values change places, one of them grows, one body is an IF."""
    size = shape(rng, 1, 2, 30)
    limit = int(rng.integers(1, 6))
    n, a, b = (
        Tensor("n", (1,), DType.INT32),
        Tensor("a", size, DType.FLOAT32),
        Tensor("b", size, DType.FLOAT32),
    )
    outs = [replace(tensor, name=f"{tensor.name}_end") for tensor in (n, a, b)]

    def inner(prefix: str) -> list[Tensor]:
        return [replace(tensor, name=f"{prefix}_{tensor.name}") for tensor in (n, a, b)]

    cond, body = inner("c"), inner("d")
    again = Tensor("again", (1,), DType.BOOL)
    condition = graph(
        [*cond, ints("limit", [limit]), again],
        [Node("LESS", ("c_n", "limit"), ("again",), Attrs(), "less")],
        [t.name for t in cond],
        ["again"],
        "condition",
    )
    more, total = Tensor("more", (1,), DType.INT32), Tensor("total", size, DType.FLOAT32)
    kind = int(rng.integers(3))
    steps = [
        Node("ADD", ("d_n", "one"), ("more",), FusedAttrs(), "count"),
        Node("ADD", ("d_a", "d_b"), ("total",), FusedAttrs(), "sum"),
    ]
    results = (["more", "total", "d_a"], ["more", "d_b", "total"], ["more", "d_b", "d_a"])[kind]
    if kind == 2:
        steps = steps[:1]
    working = graph([*body, ints("one", [1]), more, total], steps, [t.name for t in body], results, "body")
    start = Tensor("start", (1,), DType.INT32)
    nodes = [
        Node("MAXIMUM", ("start", "least"), ("n",), Attrs(), "start"),  # not too many rounds
        Node("WHILE", ("n", "a", "b"), tuple(t.name for t in outs), WhileAttrs(0, 1), "loop"),
    ]
    tensors = [start, ints("least", [-3]), n, a, b, *outs]
    made = graph(tensors, nodes, ["start", "a", "b"], [t.name for t in outs[1:]])
    return made.rebuilt(subgraphs=(condition, working))


test_if = stream_sample(conditional, 16, 6)
test_while = stream_sample(loop, 12, 6)
test_many_if = many_streams(conditional, 80, 8)
test_many_while = many_streams(loop, 80, 8)


def test_round_trip() -> None:
    for make in (conditional, loop):
        file = write(make(np.random.default_rng(0)))
        assert write(read(file, "model")) == file


def test_refuses() -> None:
    made = conditional(np.random.default_rng(4))
    tensors = {**made.tensors, "flag": replace(made.tensors["flag"], dtype=DType.INT8)}
    refused(made.rebuilt(tensors=tensors), "condition flag")
    small = graph([const("k", [1.0], dtype=DType.FLOAT32)], [], [], ["k"], "small")
    refused(made.rebuilt(subgraphs=(small, small)), "number of inputs")
    turned = loop(np.random.default_rng(4))
    refused(turned.rebuilt(nodes=turned.nodes[1:], subgraphs=turned.subgraphs[::-1]), "number of outputs")
