"""Three small int8 networks made without TensorFlow: a keyword net, a residual net, a dense autoencoder."""

from __future__ import annotations

import numpy as np

from tests.lib.graphs import const, graph, tensor
from tinyml_compress.frontend import write
from tinyml_compress.ir import Attrs, DType, Node, Tensor
from tinyml_compress.ops._addsub import FusedAttrs
from tinyml_compress.ops._pool import PoolAttrs
from tinyml_compress.ops._products import axis_window
from tinyml_compress.ops.conv_2d.op import Conv2DAttrs
from tinyml_compress.ops.depthwise_conv_2d.op import DepthwiseConv2DAttrs
from tinyml_compress.ops.fully_connected.op import FullyConnectedAttrs
from tinyml_compress.ops.numerics import Activation, Padding
from tinyml_compress.ops.reshape.op import ReshapeAttrs
from tinyml_compress.ops.softmax.op import SoftmaxAttrs


class Layers:
    """Appends layers with seeded weights and scales under which outputs spread over their range."""

    def __init__(self, seed: int, shape: tuple[int, ...]) -> None:
        self.rng = np.random.default_rng(seed)
        self.tensors: list[Tensor] = [tensor("input", shape, 0.05, -3)]
        self.nodes: list[Node] = []
        self.last = self.tensors[0]

    def _emit(self, op: str, inputs: list[Tensor], out: Tensor, attrs: Attrs) -> Tensor:
        self.tensors += [t for t in inputs if t.is_const] + [out]
        self.nodes.append(
            Node(op, tuple(t.name for t in inputs), (out.name,), attrs, f"layer{len(self.nodes)}/{op}")
        )
        self.last = out
        return out

    def _name(self, what: str) -> str:
        return f"{what}{len(self.nodes)}"

    def _weights(self, shape: tuple[int, ...], rows: int, axis: int) -> tuple[Tensor, Tensor]:
        scales = self.rng.uniform(0.002, 0.01, rows)
        weights = const(self._name("w"), self.rng.integers(-127, 128, shape), list(scales), axis=axis)
        in_scale = self.last.quant.scale if self.last.quant else 1.0
        bias = self.rng.integers(-4000, 4000, rows)
        return weights, const(self._name("b"), bias, list(scales * in_scale), dtype=DType.INT32)

    def conv(self, out_c: int, kernel: int, stride: int = 1, relu: bool = True) -> Tensor:
        _, height, width, in_c = self.last.shape
        weights, bias = self._weights((out_c, kernel, kernel, in_c), out_c, 0)
        sizes = [axis_window(Padding.SAME, size, kernel, stride, 1)[0] for size in (height, width)]
        out = tensor(self._name("t"), (1, *sizes, out_c), 0.06, -128 if relu else 5)
        act = Activation.RELU if relu else Activation.NONE
        return self._emit(
            "CONV_2D", [self.last, weights, bias], out, Conv2DAttrs(Padding.SAME, stride, stride, act)
        )

    def depthwise(self, kernel: int, stride: int = 1) -> Tensor:
        _, height, width, channels = self.last.shape
        weights, bias = self._weights((1, kernel, kernel, channels), channels, 3)
        sizes = [axis_window(Padding.SAME, size, kernel, stride, 1)[0] for size in (height, width)]
        out = tensor(self._name("t"), (1, *sizes, channels), 0.04, -128)
        attrs = DepthwiseConv2DAttrs(Padding.SAME, stride, stride, Activation.RELU)
        return self._emit("DEPTHWISE_CONV_2D", [self.last, weights, bias], out, attrs)

    def add(self, other: Tensor) -> Tensor:
        out = tensor(self._name("t"), self.last.shape, 0.08, -128)
        return self._emit("ADD", [self.last, other], out, FusedAttrs(Activation.RELU))

    def pool(self) -> Tensor:
        _, height, width, channels = self.last.shape
        quant = self.last.quant
        assert quant is not None
        out = tensor(self._name("t"), (1, 1, 1, channels), quant.scale, quant.zero_point)
        attrs = PoolAttrs(Padding.VALID, width, height, width, height)
        return self._emit("AVERAGE_POOL_2D", [self.last], out, attrs)

    def flatten(self) -> Tensor:
        quant = self.last.quant
        assert quant is not None
        count = self.last.elements
        shape = const(self._name("s"), [1, count], dtype=DType.INT32)
        out = tensor(self._name("t"), (1, count), quant.scale, quant.zero_point)
        return self._emit("RESHAPE", [self.last, shape], out, ReshapeAttrs((1, count)))

    def dense(self, units: int, relu: bool = False) -> Tensor:
        in_c = self.last.shape[-1]
        weights = const(self._name("w"), self.rng.integers(-127, 128, (units, in_c)), 0.005)
        in_scale = self.last.quant.scale if self.last.quant else 1.0
        bias = const(
            self._name("b"), self.rng.integers(-4000, 4000, units), 0.005 * in_scale, dtype=DType.INT32
        )
        out = tensor(self._name("t"), (1, units), 0.1, -128 if relu else 7)
        attrs = FullyConnectedAttrs(Activation.RELU if relu else Activation.NONE)
        return self._emit("FULLY_CONNECTED", [self.last, weights, bias], out, attrs)

    def softmax(self) -> Tensor:
        out = tensor(self._name("t"), self.last.shape, 1.0 / 256, -128)
        return self._emit("SOFTMAX", [self.last], out, SoftmaxAttrs(1.0))

    def file(self) -> bytes:
        return write(graph(self.tensors, self.nodes, ["input"], [self.last.name]))


def keyword() -> bytes:
    """Convolution, two depthwise-separable blocks, pooling, classifier."""
    net = Layers(1, (1, 13, 6, 1))
    net.conv(8, 3, stride=2)
    for stride in (1, 2):
        net.depthwise(3, stride)
        net.conv(8, 1)
    net.pool()
    net.flatten()
    net.dense(5)
    net.softmax()
    return net.file()


def residual() -> bytes:
    """Two residual blocks, the second with a strided shortcut."""
    net = Layers(2, (1, 8, 8, 3))
    trunk = net.conv(8, 3)
    net.conv(8, 3)
    net.conv(8, 3, relu=False)
    trunk = net.add(trunk)
    net.conv(12, 3, stride=2)
    branch = net.conv(12, 3, relu=False)
    net.last = trunk
    net.conv(12, 1, stride=2, relu=False)
    net.add(branch)
    net.pool()
    net.flatten()
    net.dense(4)
    net.softmax()
    return net.file()


def autoencoder() -> bytes:
    """Dense layers down and up again."""
    net = Layers(3, (1, 40))
    for units in (24, 6, 24):
        net.dense(units, relu=True)
    net.dense(40)
    return net.file()


def wide() -> bytes:
    """Larger than the fast memory of any board: 72 KB of input, then 144 KB."""
    net = Layers(4, (1, 96, 96, 8))
    net.conv(16, 1)
    net.conv(8, 3, stride=4)
    net.pool()
    net.flatten()
    net.dense(4)
    return net.file()


NETS = {"keyword": keyword, "residual": residual, "autoencoder": autoencoder}
