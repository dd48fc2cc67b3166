"""Random int8 networks full of what passes rewrite: borders, activations on their own, no-ops, dead ends,
constants.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.lib.graphs import const, graph, quant
from tinyml_compress.frontend import read, write
from tinyml_compress.ir import Attrs, DType, Graph, Node, Tensor
from tinyml_compress.ops import all_operators, operator
from tinyml_compress.ops.conv_2d.op import Conv2DAttrs
from tinyml_compress.ops.depthwise_conv_2d.op import DepthwiseConv2DAttrs
from tinyml_compress.ops.numerics import Activation, Padding

_ACTIVATIONS = (Activation.NONE, Activation.NONE, Activation.RELU, Activation.RELU6)


class Messy:
    """Appends nodes to a network; each method returns the tensor it makes."""

    def __init__(
        self, seed: int, shape: tuple[int, ...] = (1, 6, 5, 3), scale: float = 0.05, zero: int = -7
    ) -> None:
        self.rng = np.random.default_rng(seed)
        self.tensors: dict[str, Tensor] = {}
        self.nodes: list[Node] = []
        self.input = self.add_tensor(Tensor("input", shape, DType.INT8, quant(scale, zero)))

    def add_tensor(self, tensor: Tensor) -> Tensor:
        self.tensors[tensor.name] = tensor
        return tensor

    def emit(
        self, op: str, inputs: list[Tensor], shape: tuple[int, ...], like: Tensor, attrs: Attrs | None = None
    ) -> Tensor:
        """A node whose output has the type and quantization of `like`."""
        for given in inputs:
            self.tensors.setdefault(given.name, given)
        out = self.add_tensor(replace(like, name=f"t{len(self.nodes)}", shape=shape, data=None))
        made = operator(op).attrs_type() if attrs is None else attrs
        self.nodes.append(
            Node(op, tuple(t.name for t in inputs), (out.name,), made, f"net/{op}{len(self.nodes)}")
        )
        return out

    def ints(self, values: object) -> Tensor:
        return self.add_tensor(const(f"c{len(self.tensors)}", values, dtype=DType.INT32))

    def _quantized(self, zero: int | None = None) -> Tensor:
        zeros = (-128, -128, 127, 0, int(self.rng.integers(-128, 128)))
        picked = zeros[int(self.rng.integers(len(zeros)))] if zero is None else zero
        return Tensor("", (), DType.INT8, quant(float(self.rng.uniform(0.01, 0.2)), picked))

    def conv(self, x: Tensor, padding: Padding | None = None, activation: Activation | None = None) -> Tensor:
        depthwise = bool(self.rng.random() < 0.5)
        height, width, channels = x.shape[1:]
        kernel_h, kernel_w = (int(self.rng.integers(1, min(4, size + 1))) for size in (height, width))
        stride_h, stride_w = (int(value) for value in self.rng.integers(1, 3, 2))
        dilation = int(self.rng.integers(1, 3)) if max(kernel_h, kernel_w) * 2 <= min(height, width) else 1
        chosen = Padding(int(self.rng.integers(2))) if padding is None else padding
        act = _ACTIVATIONS[int(self.rng.integers(len(_ACTIVATIONS)))] if activation is None else activation
        out_c = channels if depthwise else int(self.rng.integers(1, 6))
        shape = (1, kernel_h, kernel_w, out_c) if depthwise else (out_c, kernel_h, kernel_w, channels)
        scales = self.rng.uniform(0.002, 0.02, out_c)
        assert x.quant is not None
        weights = const(
            f"w{len(self.nodes)}",
            self.rng.integers(-127, 128, shape),
            list(scales),
            axis=3 if depthwise else 0,
        )
        bias_scales = list(scales * x.quant.scale)
        bias = const(
            f"b{len(self.nodes)}", self.rng.integers(-900, 900, out_c), bias_scales, dtype=DType.INT32
        )
        attrs: Attrs = (DepthwiseConv2DAttrs if depthwise else Conv2DAttrs)(
            chosen, stride_w, stride_h, act, dilation, dilation
        )
        sizes = []
        for size, kernel, stride in ((height, kernel_h, stride_h), (width, kernel_w, stride_w)):
            reach = (kernel - 1) * dilation + 1 if chosen is Padding.VALID else 1
            sizes.append(-(-(size - reach + 1) // stride))
        op = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
        return self.emit(op, [x, weights, bias], (1, *sizes, out_c), self._quantized(), attrs)

    def pad(self, x: Tensor, amounts: object = None, value: int | None = None) -> Tensor:
        if amounts is None:
            rows, columns = self.rng.integers(0, 3, (2, 2)).tolist()
            amounts = [[0, 0], rows, columns, [0, 0]]
        pairs = np.asarray(amounts)
        shape = tuple(int(size) for size in np.asarray(x.shape) + pairs.sum(axis=1))
        inputs = [x, self.ints(pairs)]
        if value is not None:
            assert x.quant is not None
            inputs.append(const(f"v{len(self.tensors)}", [value], x.quant.scale, x.quant.zero_point))
        return self.emit("PAD" if value is None else "PADV2", inputs, shape, x)

    def relu(self, x: Tensor, six: bool = False, rescale: bool = False) -> Tensor:
        return self.emit("RELU6" if six else "RELU", [x], x.shape, self._quantized() if rescale else x)

    def requantize(self, x: Tensor, same: bool = True) -> Tensor:
        return self.emit("QUANTIZE", [x], x.shape, x if same else self._quantized())

    def reshape(self, x: Tensor, shape: tuple[int, ...], rescale: bool = False) -> Tensor:
        like = self._quantized() if rescale else x
        return self.emit(
            "RESHAPE", [x, self.ints(list(shape))], shape, like, operator("RESHAPE").attrs_type()
        )

    def transpose(self, x: Tensor, axes: tuple[int, ...]) -> Tensor:
        return self.emit("TRANSPOSE", [x, self.ints(list(axes))], tuple(x.shape[axis] for axis in axes), x)

    def concat(self, x: Tensor) -> Tensor:
        return self.emit("CONCATENATION", [x], x.shape, x, operator("CONCATENATION").attrs_type(axis=3))

    def whole(self, x: Tensor) -> Tensor:
        rank = len(x.shape)
        bounds = [self.ints([0] * rank), self.ints(list(x.shape)), self.ints([1] * rank)]
        return self.emit("STRIDED_SLICE", [x, *bounds], x.shape, x, operator("STRIDED_SLICE").attrs_type())

    def add(self, x: Tensor, y: Tensor) -> Tensor:
        return self.emit("ADD", [x, y], x.shape, self._quantized())

    def add_folded(self, x: Tensor) -> Tensor:
        """Plus a constant that goes through nodes of its own: floats, quantized, reshaped, transposed."""
        channels = x.shape[-1]
        values = const(f"c{len(self.tensors)}", self.rng.normal(0, 2, (channels, 1, 1)), dtype=DType.FLOAT32)
        stored = self.emit("QUANTIZE", [values], (channels, 1, 1), self._quantized())
        turned = self.emit("TRANSPOSE", [stored, self.ints([1, 2, 0])], (1, 1, channels), stored)
        return self.emit("ADD", [x, self.reshape(turned, (1, 1, 1, channels))], x.shape, self._quantized())

    def graph(self, *outputs: Tensor) -> Graph:
        return graph(self.tensors.values(), self.nodes, ["input"], [out.name for out in outputs])


def messy(seed: int) -> Graph:
    """A random network of about a dozen such nodes, with one to three outputs."""
    net = Messy(seed)
    rng = net.rng
    x = net.input
    outputs: list[Tensor] = []
    older = x
    for _ in range(int(rng.integers(5, 14))):
        kind = int(rng.integers(13))
        if kind <= 1:
            strange, other = rng.random() < 0.2, int(rng.integers(-128, 128))
            x = net.pad(x, value=other if strange and "PADV2" in all_operators() else None)
            if rng.random() < 0.8:
                x = net.conv(x)
        elif kind <= 3:
            x = net.conv(x)
        elif kind <= 5:
            x = net.relu(x, six=bool(rng.random() < 0.5), rescale=False)
        elif kind == 6:
            x = net.requantize(x, same=bool(rng.random() < 0.7))
        elif kind == 7:
            x = net.reshape(
                x, x.shape if rng.random() < 0.5 else (x.shape[0], x.shape[2], x.shape[1], x.shape[3])
            )
        elif kind == 8:
            x = net.transpose(x, (0, 1, 2, 3) if rng.random() < 0.5 else (0, 2, 1, 3))
        elif kind == 9:
            x = net.concat(x) if rng.random() < 0.5 else net.whole(x)
        elif kind == 10:
            x = net.add_folded(x)
        elif kind == 11:
            net.conv(x)  # a dead end
        elif older.shape == x.shape and older is not x:
            x = net.add(x, older)
        older = x if rng.random() < 0.5 else older
        if rng.random() < 0.12 and x is not net.input and x not in outputs:
            outputs.append(x)
    if x is net.input:
        x = net.relu(x)
    return net.graph(*outputs, x) if x not in outputs else net.graph(*outputs)


def planted(seed: int) -> Graph:
    """A random network with dead rows in its convolutions."""
    rng = np.random.default_rng(seed)
    held = read(write(messy(seed)), "m")
    tensors = dict(held.tensors)
    for node in held.nodes:
        if node.op not in ("CONV_2D", "DEPTHWISE_CONV_2D") or rng.random() < 0.3:
            continue
        weights, bias = (tensors[str(name)] for name in node.inputs[1:])
        axis = 0 if node.op == "CONV_2D" else 3
        assert weights.data is not None
        assert bias.data is not None
        values, added = weights.data.copy(), bias.data.copy()
        rows = rng.random(values.shape[axis]) < 0.5
        np.moveaxis(values, axis, 0)[rows] = 0
        added[rows] = rng.choice([-(10**6), -500, 0, 77, 10**6])  # type: ignore[index]
        for old, new in ((weights, values), (bias, added)):
            new.setflags(write=False)
            tensors[old.name] = replace(old, data=new)
    return replace(held, tensors=tensors)
