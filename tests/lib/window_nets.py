"""Seeded random nets on windows of time: chains of layers with every border, stride and residual."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tests.lib.graphs import const, graph, tensor
from tests.lib.layers import pick
from tinyml_compress.ir import Attrs, DType, Graph, Node, Tensor
from tinyml_compress.ops._pool import PoolAttrs
from tinyml_compress.ops.add.op import OPERATOR as ADD
from tinyml_compress.ops.concatenation.op import ConcatenationAttrs
from tinyml_compress.ops.conv_2d.op import Conv2DAttrs
from tinyml_compress.ops.depthwise_conv_2d.op import DepthwiseConv2DAttrs
from tinyml_compress.ops.fully_connected.op import FullyConnectedAttrs
from tinyml_compress.ops.numerics import Activation, Padding
from tinyml_compress.ops.reshape.op import ReshapeAttrs

Rng = np.random.Generator
_SCALE = 0.05


@dataclass
class Chain:
    """A net in the making; `last` is what the next layer reads."""

    rng: Rng
    last: Tensor
    tensors: list[Tensor] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    is_held: bool = False
    """Outputs have the zero point of what they are made of: what CONCATENATION joins is quantized alike."""

    @classmethod
    def of(cls, rng: Rng, frames: int, width: int, channels: int) -> Chain:
        """From a window of so many frames."""
        first = tensor("x", (1, frames, width, channels), _SCALE, int(rng.integers(-20, 21)))
        return cls(rng, first, [first])

    def made(self, op: str, inputs: tuple[str, ...], shape: tuple[int, ...], attrs: Attrs) -> Tensor:
        """A node and its output."""
        name = f"t{len(self.nodes)}"
        same = op in ("MAX_POOL_2D", "AVERAGE_POOL_2D", "PAD", "RESHAPE", "CONCATENATION") or self.is_held
        zero = self.last.quantized.zero_point if same else int(self.rng.integers(-40, 41))
        out = tensor(name, shape, _SCALE, zero)
        self.tensors.append(out)
        self.nodes.append(Node(op, inputs, (name,), attrs, name))
        self.last = out
        return out

    def constant(
        self, what: str, values: np.ndarray, scales: float | list[float] = 1.0, **more: object
    ) -> str:
        name = f"{what}{len(self.tensors)}"
        self.tensors.append(const(name, values, scales, **more))  # type: ignore[arg-type]
        return name

    def sliding(self, op: str, kernel: tuple[int, int], attrs: Attrs, channels: int) -> None:
        """A convolution whose outputs spread over their range."""
        depth = self.last.shape[3]
        taps = kernel[0] * kernel[1] * (depth if op == "CONV_2D" else 1)
        shape = (channels, *kernel, depth) if op == "CONV_2D" else (1, *kernel, channels)
        scale = 1.5 / (60 * np.sqrt(taps))
        weights = self.constant(
            "w", self.rng.integers(-127, 128, shape), [scale] * channels, axis=0 if op == "CONV_2D" else 3
        )
        bias = self.constant(
            "b", self.rng.integers(-900, 900, channels), [_SCALE * scale] * channels, dtype=DType.INT32
        )
        self._windowed(op, (self.last.name, weights, bias), kernel, attrs, channels)

    def pooled(self, op: str, kernel: tuple[int, int], attrs: Attrs) -> None:
        self._windowed(op, (self.last.name,), kernel, attrs, self.last.shape[3])

    def _windowed(
        self, op: str, inputs: tuple[str, ...], kernel: tuple[int, int], attrs: Attrs, channels: int
    ) -> None:
        sides = []
        for size, taps, axis in zip(self.last.shape[1:3], kernel, "hw", strict=True):
            stride = getattr(attrs, f"stride_{axis}")
            reach = (taps - 1) * getattr(attrs, f"dilation_{axis}", 1) + 1
            same = attrs.padding is Padding.SAME  # type: ignore[attr-defined]
            sides.append(-(-size // stride) if same else (size - reach) // stride + 1)
        self.made(op, inputs, (1, *sides, channels), attrs)

    def bordered(self, before: int, after: int) -> None:
        """As causal padding is written."""
        sides = self.constant("p", np.array([[0, 0], [before, after], [0, 0], [0, 0]]), dtype=DType.INT32)
        shape = self.last.shape
        self.made("PAD", (self.last.name, sides), (1, shape[1] + before + after, *shape[2:]), Attrs())

    def joined(self, op: str, other: Tensor) -> None:
        """With a tensor of the same shape."""
        shape, names = self.last.shape, (self.last.name, other.name)
        if op == "ADD":
            self.made("ADD", names, shape, ADD.attrs_type())
        else:
            self.made(op, names, (*shape[:3], 2 * shape[3]), ConcatenationAttrs(3))

    def ended(self, classes: int) -> Graph:
        """Flattened, and a dense layer: what reads all frames together."""
        count = self.last.elements
        shape = self.constant("s", np.array([1, count]), dtype=DType.INT32)
        self.made("RESHAPE", (self.last.name, shape), (1, count), ReshapeAttrs((1, count)))
        scale = 1.5 / (60 * np.sqrt(count))
        weights = self.constant("w", self.rng.integers(-127, 128, (classes, count)), scale)
        bias = self.constant("b", self.rng.integers(-900, 900, classes), _SCALE * scale, dtype=DType.INT32)
        self.made("FULLY_CONNECTED", (self.last.name, weights, bias), (1, classes), FullyConnectedAttrs())
        return self.graph()

    def graph(self) -> Graph:
        return graph(self.tensors, self.nodes, ["x"], [self.last.name])


def random_chain(seed: int) -> Graph:
    """Three to six layers on a window of 16 to 40 frames."""
    rng = np.random.default_rng(seed)
    chain = Chain.of(rng, int(rng.integers(16, 41)), pick(rng, (1, 1, 3, 6)), pick(rng, (1, 3, 4)))
    stride_left = pick(rng, (1, 2, 4))
    for _ in range(int(rng.integers(3, 7))):
        height, width = chain.last.shape[1:3]
        taps = pick(rng, (1, 2, 3, 5))
        kernel = (min(taps, height), min(pick(rng, (1, 3)), width))
        stride = 2 if stride_left > 1 and rng.random() < 0.5 and height > 8 else 1
        padding = Padding.SAME if rng.random() < 0.5 else Padding.VALID
        if padding is Padding.VALID and height - kernel[0] < 6:
            padding = Padding.SAME
        dilation = 2 if stride == 1 and kernel[0] > 1 and height > 14 and rng.random() < 0.3 else 1
        layer = pick(rng, range(7))
        before = chain.last
        if layer in (0, 1):
            attrs = Conv2DAttrs(padding, stride, stride, Activation.RELU, 1, dilation)
            chain.sliding("CONV_2D", kernel, attrs, pick(rng, (2, 4, 5)))
        elif layer == 2:
            attrs = DepthwiseConv2DAttrs(padding, stride, stride, Activation.NONE, 1, dilation)
            chain.sliding("DEPTHWISE_CONV_2D", kernel, attrs, chain.last.shape[3])
        elif layer == 3:
            chain.pooled("MAX_POOL_2D", kernel, PoolAttrs(padding, stride, stride, kernel[1], kernel[0]))
        elif layer == 4:
            chain.pooled("AVERAGE_POOL_2D", kernel, PoolAttrs(padding, stride, stride, kernel[1], kernel[0]))
        elif layer == 5:
            chain.bordered(pick(rng, (0, 2, 3)), pick(rng, (0, 0, 1)))
            stride = 1
        else:
            attrs = Conv2DAttrs(Padding.SAME, 1, 1, Activation.RELU)
            chain.is_held = rng.random() < 0.4
            chain.sliding("CONV_2D", (min(3, height), 1), attrs, chain.last.shape[3])
            chain.joined("CONCATENATION" if chain.is_held else "ADD", before)
            chain.is_held = False
            stride = 1
        stride_left //= stride
    return chain.ended(3) if rng.random() < 0.7 else chain.graph()
