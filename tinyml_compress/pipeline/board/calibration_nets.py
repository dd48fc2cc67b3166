"""Programs whose mixes of instructions differ, so that their times tell what each kind costs on a board.

Each is a net of one layer or few, with weights from a seed: what it computes is of no interest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import Attrs, DType, Graph, Node, Program, Quant, Tensor
from tinyml_compress.ops._addsub import FusedAttrs
from tinyml_compress.ops._pool import PoolAttrs
from tinyml_compress.ops._products import axis_window
from tinyml_compress.ops.conv_2d.op import Conv2DAttrs
from tinyml_compress.ops.depthwise_conv_2d.op import DepthwiseConv2DAttrs
from tinyml_compress.ops.fully_connected.op import FullyConnectedAttrs
from tinyml_compress.ops.numerics import Activation, Padding
from tinyml_compress.ops.softmax.op import SoftmaxAttrs
from tinyml_compress.pipeline.compile.verb import compile_graph
from tinyml_compress.support.instruction_sets import Isa

_WEIGHT, _IN, _OUT = 0.005, 0.05, 0.06
_LOW = -128
_BIASES = 4000


@dataclass
class _Net:
    """A net under construction, int8 or float32."""

    shape: tuple[int, ...]
    dtype: DType = DType.INT8
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(7))
    tensors: list[Tensor] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.first = self.last = self._tensor(self.shape, _IN, -3)

    def _tensor(self, shape: Sequence[int], scale: float, zero: int) -> Tensor:
        quant = None if self.dtype is DType.FLOAT32 else Quant((float(np.float32(scale)),), (zero,))
        tensor = Tensor(f"t{len(self.tensors)}", tuple(shape), self.dtype, quant)
        self.tensors.append(tensor)
        return tensor

    def _constant(
        self, values: npt.NDArray[np.generic], scales: Sequence[float] = (), axis: int | None = None
    ) -> Tensor:
        values.setflags(write=False)
        scale = tuple(float(np.float32(one)) for one in scales)
        quant = Quant(scale, (0,) * len(scale), axis) if scale else None
        dtype = next(one for one in DType if one is not DType.INT4 and one.numpy == values.dtype)
        tensor = Tensor(f"c{len(self.tensors)}", values.shape, dtype, quant, values)
        self.tensors.append(tensor)
        return tensor

    def _weights(self, shape: Sequence[int], rows: int, axis: int) -> tuple[Tensor, Tensor]:
        if self.dtype is DType.FLOAT32:
            weights = self.rng.normal(0, 0.1, tuple(shape)).astype(np.float32)
            return self._constant(weights), self._constant(np.zeros(rows, np.float32))
        whole = self.rng.integers(-127, 128, tuple(shape)).astype(np.int8)
        biases = self.rng.integers(-_BIASES, _BIASES, rows).astype(np.int32)
        scale = self.last.quantized.scale * float(np.float32(_WEIGHT))
        scales = [_WEIGHT] * rows
        return (
            self._constant(whole, scales, axis),
            self._constant(biases, [scale] * rows, 0),
        )

    def _node(self, op: str, inputs: Sequence[Tensor], attrs: Attrs, out: Tensor) -> None:
        names = tuple(tensor.name for tensor in inputs)
        self.nodes.append(Node(op, names, (out.name,), attrs, f"{op.lower()}{len(self.nodes)}"))
        self.last = out

    def _like(self, shape: Sequence[int]) -> Tensor:
        """Of the scale that the last one has: what moves bytes keeps it."""
        quant = self.last.quant
        return self._tensor(shape, quant.scale if quant else 1.0, quant.zero_point if quant else 0)

    def conv(self, channels: int, kernel: int, stride: int = 1) -> None:
        _, height, width, depth = self.last.shape
        weights = self._weights((channels, kernel, kernel, depth), channels, 0)
        sizes = [axis_window(Padding.SAME, size, kernel, stride, 1)[0] for size in (height, width)]
        attrs = Conv2DAttrs(Padding.SAME, stride, stride, Activation.RELU)
        inputs = (self.last, *weights)
        self._node("CONV_2D", inputs, attrs, self._tensor((1, *sizes, channels), _OUT, _LOW))

    def depthwise(self, kernel: int, stride: int = 1) -> None:
        _, height, width, depth = self.last.shape
        weights = self._weights((1, kernel, kernel, depth), depth, 3)
        sizes = [axis_window(Padding.SAME, size, kernel, stride, 1)[0] for size in (height, width)]
        attrs = DepthwiseConv2DAttrs(Padding.SAME, stride, stride, Activation.RELU)
        inputs = (self.last, *weights)
        self._node("DEPTHWISE_CONV_2D", inputs, attrs, self._tensor((1, *sizes, depth), _OUT, _LOW))

    def dense(self, units: int) -> None:
        weights, bias = self._weights((units, self.last.shape[-1]), units, 0)
        attrs = FullyConnectedAttrs(Activation.RELU)
        self._node("FULLY_CONNECTED", (self.last, weights, bias), attrs, self._tensor((1, units), _OUT, _LOW))

    def twice(self, op: str) -> None:
        """An element-wise operator on the last tensor and the input."""
        out = self._tensor(self.last.shape, _OUT, 5)
        self._node(op, (self.last, self.first), FusedAttrs(Activation.NONE), out)

    def pool(self, op: str, size: int) -> None:
        _, height, width, depth = self.last.shape
        out = self._like((1, height // size, width // size, depth))
        self._node(op, (self.last,), PoolAttrs(Padding.VALID, size, size, size, size), out)

    def padded(self, by: int) -> None:
        _, height, width, depth = self.last.shape
        border = self._constant(np.array([[0, 0], [by, by], [by, by], [0, 0]], np.int32))
        out = self._like((1, height + 2 * by, width + 2 * by, depth))
        self._node("PAD", (self.last, border), Attrs(), out)

    def turned(self) -> None:
        _, height, width, depth = self.last.shape
        order = self._constant(np.array([0, 3, 1, 2], np.int32))
        self._node("TRANSPOSE", (self.last, order), Attrs(), self._like((1, depth, height, width)))

    def softmax(self) -> None:
        out = self._tensor(self.last.shape, 1.0 / 256, _LOW)
        self._node("SOFTMAX", (self.last,), SoftmaxAttrs(1.0), out)

    def graph(self, name: str) -> Graph:
        tensors = {tensor.name: tensor for tensor in self.tensors}
        return Graph(name, tensors, tuple(self.nodes), (self.first.name,), (self.last.name,))


_Layers = Callable[[_Net], object]
_F32 = DType.FLOAT32
_NETS: tuple[tuple[tuple[int, ...], DType, Sequence[_Layers]], ...] = (
    ((1, 12, 12, 8), DType.INT8, [lambda net: net.conv(8, 3)]),
    ((1, 10, 10, 3), DType.INT8, [lambda net: net.conv(16, 3)]),
    ((1, 16, 16, 1), DType.INT8, [lambda net: net.conv(8, 5, 2)]),
    ((1, 8, 8, 32), DType.INT8, [lambda net: net.conv(32, 1)]),
    ((1, 20, 20, 8), DType.INT8, [lambda net: net.conv(4, 1)]),
    ((1, 4, 4, 64), DType.INT8, [lambda net: net.conv(24, 1)]),
    ((1, 16, 16, 8), DType.INT8, [lambda net: net.depthwise(3)]),
    ((1, 8, 8, 32), DType.INT8, [lambda net: net.depthwise(3)]),
    ((1, 24, 6, 4), DType.INT8, [lambda net: net.depthwise(5, 2)]),
    ((1, 256), DType.INT8, [lambda net: net.dense(64)]),
    ((1, 64), DType.INT8, [lambda net: net.dense(256)]),
    ((1, 30), DType.INT8, [lambda net: net.dense(100), lambda net: net.dense(100)]),
    ((1, 640), DType.INT8, [lambda net: net.dense(12)]),
    ((1, 16, 16, 8), DType.INT8, [lambda net: net.padded(2)]),
    ((1, 12, 10, 16), DType.INT8, [lambda net: net.turned()]),
    ((1, 16, 16, 8), DType.INT8, [lambda net: net.pool("MAX_POOL_2D", 2)]),
    ((1, 16, 16, 8), DType.INT8, [lambda net: net.pool("AVERAGE_POOL_2D", 4)]),
    ((1, 12, 12, 8), DType.INT8, [lambda net: net.twice("ADD")]),
    ((1, 12, 12, 8), DType.INT8, [lambda net: net.twice("MUL")]),
    ((1, 200), DType.INT8, [lambda net: net.softmax()]),
    (
        (1, 12, 12, 4),
        DType.INT8,
        [
            lambda net: net.conv(8, 3, 2),
            lambda net: net.depthwise(3),
            lambda net: net.conv(16, 1),
            lambda net: net.pool("AVERAGE_POOL_2D", 6),
        ],
    ),
    ((1, 10, 10, 4), _F32, [lambda net: net.conv(4, 3)]),
    ((1, 64), _F32, [lambda net: net.dense(32)]),
    ((1, 10, 10, 8), _F32, [lambda net: net.depthwise(3)]),
    ((1, 12, 12, 8), _F32, [lambda net: net.twice("ADD")]),
)


@lru_cache(maxsize=8)
def calibration_programs(kernels: tuple[Isa, ...]) -> tuple[Program, ...]:
    """Their C with kernels of these instruction sets."""
    programs = []
    for number, (shape, dtype, layers) in enumerate(_NETS):
        net = _Net(shape, dtype)
        for layer in layers:
            layer(net)
        name = f"calibration{number:02d}"
        programs.append(compile_graph(net.graph(name), name, model_sha256=_BLANK, isas=kernels))
    return tuple(programs)


_BLANK = "0" * 64
"""There is no model file."""


FILL = 0x3C
"""Byte of all inputs: small and positive, whether four of them are int8 or a float32."""


def digest(programs: Sequence[Program]) -> str:
    """By which board and computer know that they mean the same programs."""
    texts = (text for program in programs for _, text in sorted(program.files.items()))
    return hashlib.sha256("".join(texts).encode()).hexdigest()
