"""Planted dead channels are found through every kind of layer, nothing else is, and the bytes
stay the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tests.lib.graph_text import to_text
from tests.lib.graphs import const, graph, tensor
from tests.lib.messy import messy, planted
from tinyml_compress.frontend import write
from tinyml_compress.ir import DType, Graph, Node, Tensor
from tinyml_compress.ops import operator
from tinyml_compress.ops.conv_2d.op import Conv2DAttrs
from tinyml_compress.ops.depthwise_conv_2d.op import DepthwiseConv2DAttrs
from tinyml_compress.ops.fully_connected.op import FullyConnectedAttrs
from tinyml_compress.ops.numerics import Activation, Padding
from tinyml_compress.ops.ranges import ranges
from tinyml_compress.passes import run
from tinyml_compress.passes.remove_dead_channels import remove_dead_channels
from tinyml_compress.runners import tflm
from tinyml_compress.runners.vectors import mixed

DEAD = [1, 4, 5, 9]
LIVE = [channel for channel in range(12) if channel not in DEAD]


class Net:
    """A chain whose convolutions have dead rows: zero weights, and a bias that says at which constant."""

    def __init__(self, seed: int, channels: int = 3) -> None:
        self.rng = np.random.default_rng(seed)
        self.tensors = [tensor("x", (1, 6, 6, channels), 0.05, 4)]
        self.nodes: list[Node] = []
        self.last = self.tensors[0]

    def _put(
        self, op: str, extra: list[Tensor], out: Tensor, attrs: object, first: Tensor | None = None
    ) -> Tensor:
        source = first or self.last
        self.tensors += [*extra, out]
        names = (source.name, *(t.name for t in extra))
        self.nodes.append(Node(op, names, (out.name,), attrs, f"net/{out.name}"))  # type: ignore[arg-type]
        self.last = out
        return out

    def products(self, shape: tuple[int, ...], axis: int, dead: Sequence[int], bias_at: int) -> list[Tensor]:
        rows = shape[axis]
        values = self.rng.integers(-127, 128, shape)
        bias = self.rng.integers(-3000, 3000, rows)
        np.moveaxis(values, axis, 0)[list(dead)] = 0
        bias[list(dead)] = bias_at
        number = len(self.nodes)
        scales = list(self.rng.uniform(0.004, 0.01, rows))
        return [
            const(f"w{number}", values, scales, axis=axis),
            const(f"b{number}", bias, [s * self.last.quant.scale for s in scales], dtype=DType.INT32),  # type: ignore[union-attr]
        ]

    def conv(
        self,
        rows: int,
        kernel: int,
        *,
        dead: Sequence[int] = (),
        bias_at: int = 0,
        padding: Padding = Padding.SAME,
        relu: bool = True,
    ) -> Tensor:
        channels, size = self.last.shape[3], self.last.shape[1]
        made = self.products((rows, kernel, kernel, channels), 0, dead, bias_at)
        size = size if padding is Padding.SAME else size - kernel + 1
        out = tensor(f"t{len(self.nodes)}", (1, size, size, rows), 0.1, -128 if relu else 3)
        act = Activation.RELU if relu else Activation.NONE
        return self._put("CONV_2D", made, out, Conv2DAttrs(padding, activation=act))

    def depthwise(
        self, multiplier: int = 1, padding: Padding = Padding.SAME, bias_at: int | None = None
    ) -> Tensor:
        channels, size = self.last.shape[3], self.last.shape[1]
        made = self.products((1, 3, 3, channels * multiplier), 3, [], 0)
        size = size if padding is Padding.SAME else size - 2
        out = tensor(f"t{len(self.nodes)}", (1, size, size, channels * multiplier), 0.2, -128)
        attrs = DepthwiseConv2DAttrs(padding, activation=Activation.RELU, depth_multiplier=multiplier)
        return self._put("DEPTHWISE_CONV_2D", made, out, attrs)

    def dense(self, rows: int) -> Tensor:
        made = self.products((rows, self.last.elements), 0, [], 0)
        return self._put(
            "FULLY_CONNECTED", made, tensor(f"t{len(self.nodes)}", (1, rows), 0.9, 7), FullyConnectedAttrs()
        )

    def add(self, other: Tensor) -> Tensor:
        out = tensor(f"t{len(self.nodes)}", self.last.shape, 0.15, -128)
        attrs = operator("ADD").attrs_type(activation=Activation.RELU)
        return (
            self._put("ADD", [], out, attrs, self.last)
            if other is self.last
            else self._sum(other, out, attrs)
        )

    def _sum(self, other: Tensor, out: Tensor, attrs: object) -> Tensor:
        self.tensors.append(out)
        self.nodes.append(Node("ADD", (self.last.name, other.name), (out.name,), attrs, "net/add"))  # type: ignore[arg-type]
        self.last = out
        return out

    def same(self, op: str, shape: tuple[int, ...], extra: list[Tensor], **attrs: object) -> Tensor:
        out = replace(self.last, name=f"t{len(self.nodes)}", shape=shape)
        return self._put(op, extra, out, operator(op).attrs_type(**attrs))

    def graph(self) -> Graph:
        return graph(self.tensors, self.nodes, ["x"], [self.last.name])


def _prove(before: Graph, vectors: int = 1000) -> Graph:
    """The graph without its dead channels, after both gave one answer under TFLM, each of its 1,000 times."""
    after = run(before, (remove_dead_channels,))
    old, new = (tflm.Interpreter(write(each)) for each in (before, after))
    for vector in mixed([before.tensors[name] for name in before.inputs], 5, vectors):
        for want, got in zip(old.invoke(vector), new.invoke(vector), strict=True):
            assert np.array_equal(want, got)
    return after


def _channels(graph: Graph) -> list[int]:
    return [graph.tensors[node.outputs[0]].shape[-1] for node in graph.nodes]


# At -1,000,000 the channel is clamped to the zero point; at 500 it is another constant; at 1,000,000 it
# saturates.
@pytest.mark.parametrize("bias_at", [-1_000_000, 0, 500, 1_000_000])
@pytest.mark.parametrize("padding", [Padding.VALID, Padding.SAME])
def test_convolution_to_convolution(bias_at: int, padding: Padding) -> None:
    net = Net(1)
    net.conv(12, 3, dead=DEAD, bias_at=bias_at)
    net.conv(5, 3, padding=padding, relu=False)
    after = _prove(net.graph())
    # At the border the window sees the zero point, not the constant: then only a zero-point constant can go.
    folds = padding is Padding.VALID or bias_at <= 0
    assert _channels(after) == [8 if folds else 12, 5]


@pytest.mark.parametrize(("bias", "kept"), [(2**31 - 2, 1), (2**31 - 1, 2)])
def test_no_bias_leaves_32_bits(bias: int, kept: int) -> None:
    """The constant of the channel that could go is 1, and its weight 1: the next layer's bias
    grows by one.
    """
    source = tensor("x", (1, 1, 1, 2), 0.5, 0)
    held = tensor("t", (1, 1, 1, 2), 0.5, -128)
    first = [
        const("w", np.array([[0, 0], [3, -5]]).reshape(2, 1, 1, 2), [0.5, 0.5], axis=0),
        const("b", np.array([2, 0]), [0.25, 0.25], dtype=DType.INT32),  # 2 * 0.25 is one step of t
    ]
    second = [
        const("v", np.array([[1, 7]]).reshape(1, 1, 1, 2), [0.5], axis=0),
        const("c", np.array([bias]), [0.25], dtype=DType.INT32),
    ]
    nodes = [
        Node("CONV_2D", ("x", "w", "b"), ("t",), Conv2DAttrs(Padding.VALID), "first"),
        Node("CONV_2D", ("t", "v", "c"), ("y",), Conv2DAttrs(Padding.VALID), "second"),
    ]
    last = tensor("y", (1, 1, 1, 1), 2.0**22, 0)
    after = run(graph([source, *first, held, *second, last], nodes, ["x"], ["y"]), (remove_dead_channels,))
    assert _channels(after) == [kept, 1]
    assert kept == 2 or int(after.tensors["c"].data[0]) == 2**31 - 1  # type: ignore[index]


@pytest.mark.parametrize("multiplier", [1, 2])
@pytest.mark.parametrize("bias_at", [-1_000_000, 500])
@pytest.mark.parametrize("padding", [Padding.VALID, Padding.SAME])
def test_through_depthwise(multiplier: int, bias_at: int, padding: Padding) -> None:
    net = Net(2)
    net.conv(12, 1, dead=DEAD, bias_at=bias_at)
    net.depthwise(multiplier, padding)
    net.conv(5, 1, relu=False)
    after = _prove(net.graph())
    gone = 4 if padding is Padding.VALID or bias_at < 0 else 0
    assert _channels(after) == [12 - gone, (12 - gone) * multiplier, 5]


@pytest.mark.parametrize("dead_too", [True, False])
def test_through_a_residual_sum(dead_too: bool) -> None:
    net = Net(3)
    trunk = net.conv(12, 1, dead=DEAD, bias_at=300)
    net.conv(12, 3, dead=DEAD if dead_too else [1], bias_at=-200, relu=False)
    net.add(trunk)
    net.conv(4, 1, relu=False)
    after = _prove(net.graph())
    # Both branches must agree; the trunk is also read with SAME padding at a constant that is no zero point.
    assert _channels(after) == [12, 12, 12, 4]
    net = Net(3)
    trunk = net.conv(12, 1, dead=DEAD, bias_at=-1_000_000)
    net.conv(12, 3, dead=DEAD if dead_too else [1], bias_at=-200, relu=False)
    net.add(trunk)
    net.conv(4, 1, relu=False)
    assert _channels(_prove(net.graph())) == ([8, 8, 8, 4] if dead_too else [12, 12, 12, 4])


def test_through_concatenation_pool_and_flatten() -> None:
    net = Net(4)
    one = net.conv(12, 3, dead=DEAD, bias_at=700)
    net.last = net.tensors[0]
    two = replace(net.conv(8, 3, dead=[0, 1, 2, 3], bias_at=-9999), quant=one.quant)
    both = replace(one, name="both", shape=(1, 6, 6, 20))
    net.tensors += [both]
    attrs = operator("CONCATENATION").attrs_type(axis=3)
    net.nodes.append(Node("CONCATENATION", (one.name, two.name), ("both",), attrs, "net/both"))
    net.last = both
    pooled = operator("AVERAGE_POOL_2D").attrs_type(Padding.VALID, 3, 3, 3, 3)
    net._put("AVERAGE_POOL_2D", [], replace(both, name="pooled", shape=(1, 2, 2, 20)), pooled)
    net.same("RESHAPE", (1, 80), [const("shape", [1, 80], dtype=DType.INT32)], new_shape=(1, 80))
    net.dense(6)
    after = _prove(net.graph())
    assert sorted(_channels(after)) == sorted([8, 4, 12, 12, 48, 6])
    assert np.array_equal(after.tensors["shape"].data, [1, 48])


def test_through_mean_relu_and_requantization() -> None:
    net = Net(5)
    net.conv(12, 3, dead=DEAD, bias_at=900, relu=False)
    net._put("RELU", [], replace(net.last, name="r"), operator("RELU").attrs_type())
    net._put("QUANTIZE", [], tensor("q", net.last.shape, 0.07, 11), operator("QUANTIZE").attrs_type())
    axes = const("axes", [1, 2], dtype=DType.INT32)
    net._put("MEAN", [axes], tensor("m", (1, 12), 0.06, 9), operator("MEAN").attrs_type(keep_dims=False))
    net.dense(3)
    assert _channels(_prove(net.graph())) == [8, 8, 8, 8, 3]


def test_channels_that_nobody_reads() -> None:
    net = Net(6)
    net.conv(12, 3)
    net.depthwise()
    net.conv(5, 1, relu=False)
    reads = net.tensors[[t.name for t in net.tensors].index("w2")]
    assert reads.data is not None
    data = reads.data.copy()
    data[..., DEAD] = 0
    data.setflags(write=False)
    net.tensors[net.tensors.index(reads)] = replace(reads, data=data)
    assert _channels(_prove(net.graph())) == [8, 8, 5]


@pytest.mark.parametrize("op", ["LEAKY_RELU", "PRELU", "MAXIMUM", "ADD_N", "REDUCE_MAX"])
def test_through_whatever_keeps_channels_apart(op: str) -> None:
    """Channels that nobody reads, behind an operator that says so of itself."""
    net = Net(7)
    made = net.conv(12, 3)
    shape, extra, attrs = made.shape, [], {}
    if op == "LEAKY_RELU":
        attrs = {"alpha": 0.2}
    elif op in ("PRELU", "MAXIMUM"):
        values = net.rng.integers(-100, 100, 12)
        extra = [replace(const("each", values, [0.1]), quant=made.quant)]
    elif op == "ADD_N":
        extra = [made]
    else:
        shape, extra = (1, 12), [const("axes", [1, 2], dtype=DType.INT32)]
    net.same(op, shape, extra, **attrs)
    if op == "REDUCE_MAX":
        net.dense(5)
    else:
        net.conv(5, 1, relu=False)
    reads = next(t for t in net.tensors if t.name == "w2")
    assert reads.data is not None
    data = reads.data.copy()
    data[..., DEAD] = 0
    data.setflags(write=False)
    net.tensors[net.tensors.index(reads)] = replace(reads, data=data)
    assert _channels(_prove(net.graph())) == [8, 8, 5]


@pytest.mark.parametrize(
    ("bias", "kept"), [(1 << 20, 8), (1 << 30, 12)], ids=["saturates", "beyond-what-is-known"]
)
def test_a_row_that_saturates_reads_nothing(bias: int, kept: int) -> None:
    """The output's dead rows cannot go, as the graph's output must stay; but what only they read can.

    Of sums that might wrap when they are shifted nothing is known, and all stays.
    """
    net = Net(7)
    net.conv(12, 1)
    net.conv(6, 1, dead=[], relu=False)
    weights, biases = (net.tensors[[t.name for t in net.tensors].index(name)] for name in ("w1", "b1"))
    assert weights.data is not None
    assert biases.data is not None
    values, added = weights.data.copy(), biases.data.copy()
    values[2:, :, :, DEAD] = 0  # read by rows 0 and 1 alone
    added[:2] = bias  # type: ignore[index]
    for old, new in ((weights, values), (biases, added)):
        new.setflags(write=False)
        net.tensors[net.tensors.index(old)] = replace(old, data=new)
    assert _channels(_prove(net.graph())) == [kept, 6]


def test_all_dead_leaves_one() -> None:
    net = Net(8)
    net.conv(6, 1, dead=list(range(6)), bias_at=40)
    net.conv(5, 1, relu=False)
    assert _channels(_prove(net.graph())) == [1, 5]


def test_fours_stay_fours() -> None:
    net = Net(9)
    net.conv(12, 1, dead=[3], bias_at=40)
    net.conv(5, 1, relu=False)
    held = net.graph()
    assert run(held, (remove_dead_channels,)) is held


def test_shared_weights_are_cut_apart() -> None:
    net = Net(10)
    first = net.conv(12, 1, dead=DEAD, bias_at=-70, relu=False)
    second = replace(first, name="second")
    net.tensors.append(second)
    net.nodes.append(replace(net.nodes[0], outputs=("second",)))
    net.conv(5, 1, relu=False)
    net.tensors.append(replace(second, name="kept"))
    net.nodes.append(Node("QUANTIZE", ("second",), ("kept",), operator("QUANTIZE").attrs_type(), "keep"))
    held = graph(net.tensors, net.nodes, ["x"], [net.last.name, "kept"])
    assert _channels(_prove(held)) == [8, 12, 5, 12]


def test_weights_that_are_an_output_stay_whole() -> None:
    net = Net(11)
    net.conv(12, 1, dead=DEAD, bias_at=-70, relu=False)
    net.conv(5, 1, relu=False)
    weights = net.nodes[1].inputs[1]
    assert weights is not None
    after = _prove(graph(net.tensors, net.nodes, ["x"], [net.last.name, weights]))
    assert _channels(after) == [8, 5]
    assert after.tensors[weights].shape[3] == 12


def test_random_networks_with_dead_rows() -> None:
    smaller = 0
    for seed in range(30):
        before = planted(seed)
        after = _prove(before, 3)
        assert run(after, (remove_dead_channels,)) is after, "one call finds all"
        smaller += to_text(after) != to_text(before)
    assert smaller > 5


@pytest.mark.parametrize("relu", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_the_border_between_dead_and_alive(relu: bool, seed: int) -> None:
    """Rows whose bias lies within a few steps of where they come alive, each at the two inputs that move it
    most: those go that TFLM cannot move, and no other.
    """
    rng = np.random.default_rng(seed)
    rows, inputs, in_zero = 27, 5, int(rng.integers(-128, 128))
    source = tensor("x", (1, 1, 1, inputs), 0.04, in_zero)
    weights = rng.integers(-127, 128, (rows, 1, 1, inputs))
    scales = rng.uniform(0.004, 0.02, rows)
    out = tensor("t", (1, 1, 1, rows), 0.1, -128 if relu else 127)
    most, least = (np.where(sign * weights > 0, 127, -128) for sign in (1, -1))
    reach = [((weights * (extreme - in_zero)).sum(axis=(1, 2, 3))) for extreme in (most, least)]
    # Half an output step from the zero point is where rounding turns.
    half = np.round(0.5 * 0.1 / (0.04 * scales)).astype(np.int64)
    border = half - reach[0] if relu else -half - reach[1]
    bias = border + rng.integers(-3, 4, rows)
    bias[:3] = border[:3] + (10**6 if relu else -(10**6))  # certainly alive
    act = Activation.RELU if relu else Activation.NONE
    attrs = Conv2DAttrs(Padding.VALID, activation=act)
    made = [
        const("w", weights, list(scales), axis=0),
        const("b", bias, list(0.04 * scales), dtype=DType.INT32),
    ]
    reader = [
        const("w2", rng.choice([-70, 50], (3, 1, 1, rows)), [0.01] * 3, axis=0),
        const("b2", np.zeros(3, np.int64), [0.001] * 3, dtype=DType.INT32),
    ]
    last = tensor("y", (1, 1, 1, 3), 0.5, 2)
    nodes = [
        Node("CONV_2D", ("x", "w", "b"), ("t",), attrs, "first"),
        Node("CONV_2D", ("t", "w2", "b2"), ("y",), Conv2DAttrs(Padding.VALID), "second"),
    ]
    alone = tflm.Interpreter(write(graph([source, *made, out], nodes[:1], ["x"], ["t"])))
    moved = np.array(
        [
            [
                alone.invoke([extreme[row].reshape(1, 1, 1, inputs).astype(np.int8)])[0].reshape(-1)[row]
                for extreme in (most, least)
            ]
            for row in range(rows)
        ]
    )
    dead = moved[:, 0] == moved[:, 1]
    after = _prove(graph([source, *made, out, *reader, last], nodes, ["x"], ["y"]), 200)
    assert 3 < dead.sum() < rows
    assert after.tensors[after.nodes[0].outputs[0]].shape[-1] == rows - int(dead.sum())


@pytest.mark.full
def test_many_random_networks_with_dead_rows() -> None:
    for seed in range(1000, 1800):
        _prove(planted(seed), 10)


def test_no_channel_leaves_its_range() -> None:
    """Each intermediate tensor, made an output, stays within what the analysis says of it."""
    for seed in range(20):
        held = planted(seed) if seed < 15 else messy(seed)
        known = ranges(held)
        names = [n.outputs[0] for n in held.nodes if n.outputs[0] in known]
        shown = held.rebuilt(outputs=(*held.outputs, *(n for n in names if n not in held.outputs)))
        oracle = tflm.Interpreter(write(shown))
        for vector in mixed([held.tensors[name] for name in held.inputs], seed, 4):
            for name, value in zip(shown.outputs, oracle.invoke(vector), strict=True):
                flat = value.reshape(-1, value.shape[-1]).astype(np.int64)
                assert (flat >= known[name].low).all()
                assert (flat <= known[name].high).all()
