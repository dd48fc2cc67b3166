"""Random nets of images: convolutions, transposed ones, pools, sums, concatenations and resized images, of
every padding, stride, dilation.
"""

from __future__ import annotations

import numpy as np

from tests.lib.graphs import const, graph, tensor
from tests.lib.proof import Rng, pick
from tinyml_compress.ir import Attrs, DType, Graph, Node, Tensor
from tinyml_compress.ops import operator
from tinyml_compress.ops._addsub import FusedAttrs
from tinyml_compress.ops._conv import ConvAttrs
from tinyml_compress.ops._pool import PoolAttrs
from tinyml_compress.ops._reduce import ReduceAttrs
from tinyml_compress.ops._resize import ResizeAttrs
from tinyml_compress.ops.concatenation.op import ConcatenationAttrs
from tinyml_compress.ops.conv_2d.op import Conv2DAttrs
from tinyml_compress.ops.depthwise_conv_2d.op import DepthwiseConv2DAttrs
from tinyml_compress.ops.leaky_relu.op import LeakyReluAttrs
from tinyml_compress.ops.numerics import Activation, Padding
from tinyml_compress.ops.softmax.op import SoftmaxAttrs
from tinyml_compress.ops.transpose_conv.node import TransposeConvAttrs


class _Images:
    """Appends layers; what a layer makes has the shape that its operator says."""

    def __init__(self, rng: Rng, shape: tuple[int, ...]) -> None:
        self.rng = rng
        self.tensors = [tensor("input", shape, 0.05, -3)]
        self.nodes: list[Node] = []

    def emit(
        self,
        op: str,
        inputs: list[Tensor],
        attrs: Attrs,
        like: Tensor | None = None,
        shape: tuple[int, ...] = (),
    ) -> Tensor:
        name = f"t{len(self.nodes)}"
        quant = (0.06, pick(self.rng, (-128, int(self.rng.integers(-20, 20)))))
        if like is not None and like.quant is not None:
            quant = like.quant.scale, like.quant.zero_point
        node = Node(op, tuple(t.name for t in inputs), (name,), attrs, f"{op.lower()}_{len(self.nodes)}")
        known = {t.name: t for t in inputs} | {name: tensor(name, shape or (1,), *quant)}
        (shape,) = operator(op).output_shapes(Graph("", known, (node,), (), (name,)).view(node))
        out = tensor(name, shape, *quant)
        self.tensors += [*(t for t in inputs if t.is_const), out]
        self.nodes.append(node)
        return out

    def _window(self, x: Tensor) -> tuple[dict[str, int], tuple[int, int], Padding]:
        """Strides and dilations, a kernel, and a padding under which something comes out."""
        rng = self.rng
        kernel = pick(rng, (1, 2, 3, 3, 5)), pick(rng, (1, 2, 3, 3))
        dilations = [pick(rng, (1, 1, 2)) if size > 1 else 1 for size in kernel]
        strides = [1, 1] if max(dilations) > 1 else [pick(rng, (1, 1, 2, 3)), pick(rng, (1, 2))]
        fits = all((k - 1) * d < s for k, d, s in zip(kernel, dilations, x.shape[1:3], strict=True))
        padding = pick(rng, (Padding.SAME, Padding.VALID)) if fits else Padding.SAME
        names = ("stride_h", "stride_w", "dilation_h", "dilation_w")
        return dict(zip(names, (*strides, *dilations), strict=True)), kernel, padding

    def _weights(self, x: Tensor, shape: tuple[int, ...], axis: int) -> list[Tensor]:
        rows = shape[axis]
        scales = self.rng.uniform(0.002, 0.01, rows)
        weights = const(f"w{len(self.nodes)}", self.rng.integers(-127, 128, shape), list(scales), axis=axis)
        bias = self.rng.integers(-4000, 4000, rows)
        scale = x.quant.scale if x.quant else 1.0
        return [weights, const(f"b{len(self.nodes)}", bias, list(scales * scale), dtype=DType.INT32)]

    def conv(self, x: Tensor, bare: bool = False) -> Tensor:
        """`bare`: 3x3 and as large as what it reads."""
        window, kernel, padding = ({}, (3, 3), Padding.SAME) if bare else self._window(x)
        out_c = x.shape[3] if bare else int(self.rng.integers(1, 9))
        attrs: ConvAttrs = Conv2DAttrs(padding=padding, activation=self._activation(), **window)
        return self.emit("CONV_2D", [x, *self._weights(x, (out_c, *kernel, x.shape[3]), 0)], attrs)

    def depthwise(self, x: Tensor) -> Tensor:
        window, kernel, padding = self._window(x)
        attrs = DepthwiseConv2DAttrs(padding=padding, activation=self._activation(), **window)
        return self.emit("DEPTHWISE_CONV_2D", [x, *self._weights(x, (1, *kernel, x.shape[3]), 3)], attrs)

    def pool(self, x: Tensor) -> Tensor:
        high, wide = (min(size, pick(self.rng, (1, 2, 3))) for size in x.shape[1:3])
        stride_h, stride_w = pick(self.rng, (1, 2)), pick(self.rng, (1, 2))
        padding = pick(self.rng, (Padding.SAME, Padding.VALID))
        attrs = PoolAttrs(padding, stride_w, stride_h, wide, high)
        return self.emit(pick(self.rng, ("AVERAGE_POOL_2D", "MAX_POOL_2D")), [x], attrs, x)

    def over_all(self, x: Tensor) -> Tensor:
        """A pool or mean of everything."""
        if self.rng.integers(2):
            attrs = PoolAttrs(Padding.VALID, 1, 1, x.shape[2], x.shape[1], self._activation())
            return self.emit("AVERAGE_POOL_2D", [x], attrs, x)
        axes = const(f"axes{len(self.nodes)}", np.array([1, 2]), None, dtype=DType.INT32)
        return self.emit("MEAN", [x, axes], ReduceAttrs(keep_dims=bool(self.rng.integers(2))))

    def spread(self, x: Tensor) -> Tensor:
        """A transposed convolution."""
        rng = self.rng
        kernel, strides = (
            (pick(rng, (2, 3, 4, 5)), pick(rng, (1, 2, 3))),
            (pick(rng, (1, 2, 3)), pick(rng, (1, 2))),
        )
        padding, channels = pick(rng, (Padding.SAME, Padding.VALID)), int(rng.integers(1, 6))
        sizes = [
            size * stride if padding is Padding.SAME else (size - 1) * stride + max(window, stride)
            for size, stride, window in zip(x.shape[1:3], strides, kernel, strict=True)
        ]
        shape = (1, *sizes, channels)
        given = const(f"shape{len(self.nodes)}", np.array(shape), None, dtype=DType.INT32)
        weights = self._weights(x, (channels, *kernel, x.shape[3]), 0)
        attrs = TransposeConvAttrs(padding, strides[1], strides[0])
        return self.emit("TRANSPOSE_CONV", [given, weights[0], x, weights[1]], attrs, shape=shape)

    def grow(self, x: Tensor) -> Tensor:
        """An image that is resized."""
        op = pick(self.rng, ("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"))
        factors = pick(self.rng, (1, 2, 2, 3, 4)), pick(self.rng, (1, 2, 3))
        sizes = np.array(x.shape[1:3]) * factors + (self.rng.integers(8) == 0)
        corners, half = pick(self.rng, ((False, False), (False, True), (False, True), (True, False)))
        given = const(f"size{len(self.nodes)}", sizes, None, dtype=DType.INT32)
        return self.emit(op, [x, given], ResizeAttrs(corners, half), x)

    def softmax(self, x: Tensor) -> Tensor:
        like = tensor("", (1,), 1 / 256, -128)
        return self.emit("SOFTMAX", [x], SoftmaxAttrs(), like)

    def leaky(self, x: Tensor) -> Tensor:
        return self.emit("LEAKY_RELU", [x], LeakyReluAttrs(0.125))

    def residual(self, x: Tensor) -> Tensor:
        inner = self.conv(self.conv(x, bare=True), bare=True)
        return self.emit("ADD", [inner, x], FusedAttrs(self._activation()))

    def branches(self, x: Tensor) -> Tensor:
        parts = [self.conv(x, bare=True), x]
        same = [self.emit("QUANTIZE", [part], Attrs(), x) if part is not x else x for part in parts]
        return self.emit("CONCATENATION", same, ConcatenationAttrs(axis=3), x)

    def _activation(self) -> Activation:
        return pick(self.rng, (Activation.NONE, Activation.RELU))


def chain(rng: Rng) -> Graph:
    """Up to ten layers; now and then a second output from the middle, a line for an image, a mean of all."""
    high, wide = int(rng.integers(6, 20)), int(rng.integers(1, 12))
    shape = (1, 1, 4 * high, 3) if rng.integers(5) == 0 else (1, high, wide, int(rng.integers(1, 6)))
    net = _Images(rng, shape)
    x = net.conv(net.tensors[0], bare=True)
    outputs: list[str] = []
    for _ in range(int(rng.integers(2, 6))):
        make = pick(
            rng,
            (
                net.conv,
                net.depthwise,
                net.depthwise,
                net.pool,
                net.residual,
                net.branches,
                net.spread,
                net.grow,
                net.grow,
                net.leaky,
            ),
        )
        if make in (net.spread, net.grow) and max(x.shape[1:3]) > 40:
            make = net.pool
        x = make(x)
        if rng.integers(8) == 0:
            outputs.append(x.name)
    match rng.integers(4):
        case 0 | 1:
            x = net.over_all(x)
        case 2:
            x = net.softmax(x)
    return graph(net.tensors, net.nodes, ["input"], [*dict.fromkeys([*outputs, x.name])])


def seeded(seed: int) -> Graph:
    """The chain of that number."""
    return chain(np.random.default_rng([25, seed]))
