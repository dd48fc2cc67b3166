"""Seeded random single-operator models of convolutions, fully-connected layers, pools and softmax, edges
included.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tests.lib.graphs import const, single, tensor
from tinyml_compress.ir import DType, Graph, Node, Tensor
from tinyml_compress.ops._pool import PoolAttrs
from tinyml_compress.ops._products import axis_window
from tinyml_compress.ops.conv_2d.op import Conv2DAttrs
from tinyml_compress.ops.depthwise_conv_2d.op import DepthwiseConv2DAttrs
from tinyml_compress.ops.fully_connected.op import FullyConnectedAttrs
from tinyml_compress.ops.numerics import Activation, Padding
from tinyml_compress.ops.softmax.op import SoftmaxAttrs

Rng = np.random.Generator
FUSED = (Activation.NONE, Activation.NONE, Activation.RELU, Activation.RELU6, Activation.RELU_N1_TO_1)
Maker = Callable[[Rng], Graph]


def pick(rng: Rng, options: Sequence[int]) -> int:
    return int(options[rng.integers(len(options))])


def _zero(rng: Rng) -> int:
    return pick(rng, (-128, -128, 127, 0, int(rng.integers(-128, 128))))


@dataclass(frozen=True)
class Numbers:
    """Quantization of one product: the input, weights with their scales, bias, and the output."""

    in_scale: float
    in_zero: int
    out_scale: float
    out_zero: int
    weight_scales: list[float]
    weights: npt.NDArray[np.int8]
    bias: npt.NDArray[np.int32]


def numbers(
    rng: Rng,
    rows: int,
    taps: int,
    per_channel: bool,
    plain: bool = False,
    density: float = 1.0,
    clusters: int | None = None,
    block: tuple[int, int] | None = None,
) -> Numbers:
    """Scales so that outputs fill their range, saturate, collapse, or tie; multipliers shift both ways.

    `plain`: multipliers well below one, and output zero points that fused ReLUs have, as in nearly every real
    layer.
    """
    kind = pick(rng, (0, 0, 1, 4) if plain else (0, 0, 0, 0, 1, 2, 3, 4))
    if kind == 1:  # powers of two: exact rounding ties
        in_scale, base, out_scale = (
            2.0**-4,
            2.0**-5,
            2.0 ** -pick(rng, (1, 2, 3) if plain else (3, 4, 5, 6, 8)),
        )
    elif kind == 2:  # multipliers above one: everything saturates
        in_scale, base, out_scale = 0.5, 0.25, float(rng.choice([0.01, 0.1, 0.02, 1e-4]))
    elif kind == 3:  # tiny multipliers
        in_scale, base, out_scale = 1e-4, 1e-4, float(rng.choice([1.0, 0.01, 30.0]))
    else:
        in_scale, base = float(rng.uniform(0.005, 0.1)), float(rng.uniform(0.001, 0.02))
        out_scale = in_scale * base * np.sqrt(taps) * float(rng.uniform(20, 120))
    scales = [base] * rows
    if per_channel and rows > 1:
        spread = 2.0 ** rng.integers(-3, 3, rows) if kind == 1 else rng.uniform(0.2, 2.0, rows)
        scales = [base * float(s) for s in spread]
    style = pick(rng, (0, 0, 0, 1, 2))
    if style == 0:
        weights = rng.integers(-127, 128, (rows, taps))
    elif style == 1:
        weights = rng.choice([-127, 127], (rows, taps))
    else:
        weights = np.clip(np.round(rng.standard_normal((rows, taps)) * 30), -128, 127)
    if density < 1.0:
        height = 4 if rng.random() < 0.5 else 1  # single weights, or blocks of four rows
        height, width = block or (height, 1)
        kept = rng.random((-(-rows // height), -(-taps // width))) < density
        mask = np.repeat(np.repeat(kept, height, axis=0), width, axis=1)[:rows, :taps]
        weights = np.where(mask, weights, 0)
    if clusters is not None:
        weights = _clustered(rng, (rows, taps), clusters, scales)
    reach = pick(rng, (100, 10_000, 1_000_000)) if kind != 4 else 100
    bias = rng.integers(-reach, reach + 1, rows)
    out_zero = pick(rng, (-128, -128, 127, 0, -3)) if plain else _zero(rng)
    return Numbers(
        in_scale, _zero(rng), out_scale, out_zero, scales, weights.astype(np.int8), bias.astype(np.int32)
    )


def _clustered(
    rng: Rng, shape: tuple[int, int], clusters: int, scales: Sequence[float]
) -> npt.NDArray[np.int64]:
    """Weights of few numbers: those of one table for all rows, or a table of each row's own."""
    if rng.random() < 0.5:
        book = rng.uniform(-1, 1, clusters) * 100 * min(scales)
        weights = np.round(book[rng.integers(0, clusters, shape)] / np.array(scales)[:, None])
        return np.asarray(weights, np.int64)
    own = rng.integers(-128, 128, (shape[0], clusters))
    return np.take_along_axis(own, rng.integers(0, clusters, shape), 1)


def _fused(rng: Rng, values: Numbers, plain: bool) -> Activation:
    """Any activation; for `plain` numbers one that leaves all of the output's range."""
    if not plain:
        return FUSED[rng.integers(len(FUSED))]
    return Activation.RELU if values.out_zero == -128 and rng.random() < 0.5 else Activation.NONE


def _bias(rng: Rng, values: Numbers, per_channel: bool) -> Tensor | None:
    if rng.random() < 0.2:
        return None
    scales = [float(np.float32(values.in_scale) * np.float32(s)) for s in values.weight_scales]
    return const("bias", values.bias, scales if per_channel else scales[0], dtype=DType.INT32)


def conv(
    rng: Rng,
    *,
    image: tuple[int, int] | None = None,
    in_c: int | None = None,
    out_c: int | None = None,
    kernel: tuple[int, int] | None = None,
    stride: tuple[int, int] | None = None,
    dilation: tuple[int, int] | None = None,
    padding: Padding | None = None,
    groups: int | None = None,
    batch: int = 1,
    plain: bool = False,
    density: float = 1.0,
    clusters: int | None = None,
    block: tuple[int, int] | None = None,
) -> Graph:
    """CONV_2D; what is not given is drawn."""
    groups = groups if groups is not None else pick(rng, (1, 1, 1, 1, 2, 3))
    in_c = in_c if in_c is not None else groups * pick(rng, (1, 2, 3, 4, 5, 8, 9, 16))
    out_c = out_c if out_c is not None else groups * pick(rng, (1, 2, 3, 4, 5, 7, 8, 12))
    kernel = kernel or (pick(rng, (1, 1, 2, 3, 3, 5)), pick(rng, (1, 1, 2, 3, 3, 4)))
    stride = stride or (pick(rng, (1, 1, 2, 3)), pick(rng, (1, 1, 2, 3)))
    if dilation is None:
        dilation = (pick(rng, (1, 1, 2)), pick(rng, (1, 1, 3))) if rng.random() < 0.3 else (1, 1)
    padding = padding or (Padding.SAME if rng.random() < 0.6 else Padding.VALID)
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    image = image or (reach[0] + int(rng.integers(0, 7)), reach[1] + int(rng.integers(0, 7)))
    if image[0] < reach[0] or image[1] < reach[1]:
        padding = Padding.SAME
    per_group = in_c // groups
    per_channel = out_c > 1 and bool(rng.random() < 0.7)
    taps = kernel[0] * kernel[1] * per_group
    values = numbers(rng, out_c, taps, per_channel, plain, density, clusters, block)
    out = [
        axis_window(padding, i, k, s, d)[0]
        for i, k, s, d in zip(image, kernel, stride, dilation, strict=True)
    ]
    weights = const(
        "weights",
        values.weights.reshape(out_c, *kernel, per_group),
        values.weight_scales if per_channel else values.weight_scales[0],
        axis=0,
    )
    return single(
        "CONV_2D",
        [
            tensor("x", (batch, *image, in_c), values.in_scale, values.in_zero),
            weights,
            *_optional(rng, values, per_channel),
        ],
        tensor("y", (batch, *out, out_c), values.out_scale, values.out_zero),
        Conv2DAttrs(padding, stride[1], stride[0], _fused(rng, values, plain), dilation[1], dilation[0]),
    )


def _optional(rng: Rng, values: Numbers, per_channel: bool) -> list[Tensor]:
    bias = _bias(rng, values, per_channel)
    return [] if bias is None else [bias]


def depthwise(
    rng: Rng,
    *,
    image: tuple[int, int] | None = None,
    in_c: int | None = None,
    multiplier: int | None = None,
    kernel: tuple[int, int] | None = None,
    stride: tuple[int, int] | None = None,
    dilation: tuple[int, int] | None = None,
    padding: Padding | None = None,
    batch: int = 1,
    plain: bool = False,
) -> Graph:
    """DEPTHWISE_CONV_2D; what is not given is drawn."""
    in_c = in_c if in_c is not None else pick(rng, (1, 2, 3, 4, 5, 8, 9, 16))
    multiplier = multiplier if multiplier is not None else pick(rng, (1, 1, 1, 2, 3))
    kernel = kernel or (pick(rng, (1, 2, 3, 3, 5, 7)), pick(rng, (1, 2, 3, 3, 4, 5)))
    stride = stride or (pick(rng, (1, 1, 2, 3)),) * 2
    if dilation is None:
        dilation = (pick(rng, (1, 1, 2)), pick(rng, (1, 1, 3))) if rng.random() < 0.3 else (1, 1)
    padding = padding or (Padding.SAME if rng.random() < 0.6 else Padding.VALID)
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    image = image or (reach[0] + int(rng.integers(0, 7)), reach[1] + int(rng.integers(0, 7)))
    if image[0] < reach[0] or image[1] < reach[1]:
        padding = Padding.SAME
    out_c = in_c * multiplier
    per_channel = out_c > 1 and bool(rng.random() < 0.7)
    values = numbers(rng, out_c, kernel[0] * kernel[1], per_channel, plain)
    out = [
        axis_window(padding, i, k, s, d)[0]
        for i, k, s, d in zip(image, kernel, stride, dilation, strict=True)
    ]
    weights = const(
        "weights",
        values.weights.T.reshape(1, *kernel, out_c),
        values.weight_scales if per_channel else values.weight_scales[0],
        axis=3,
    )
    return single(
        "DEPTHWISE_CONV_2D",
        [
            tensor("x", (batch, *image, in_c), values.in_scale, values.in_zero),
            weights,
            *_optional(rng, values, per_channel),
        ],
        tensor("y", (batch, *out, out_c), values.out_scale, values.out_zero),
        DepthwiseConv2DAttrs(
            padding,
            stride[1],
            stride[0],
            _fused(rng, values, plain),
            dilation[1],
            dilation[0],
            None,
            multiplier,
        ),
    )


def fully_connected(
    rng: Rng,
    *,
    in_c: int | None = None,
    out_c: int | None = None,
    lead: tuple[int, ...] | None = None,
    plain: bool = False,
    density: float = 1.0,
) -> Graph:
    """FULLY_CONNECTED; what is not given is drawn."""
    in_c = in_c if in_c is not None else pick(rng, (1, 2, 3, 4, 5, 7, 8, 16, 31, 64, 130))
    out_c = out_c if out_c is not None else pick(rng, (1, 2, 3, 4, 5, 8, 10, 17))
    keep = False
    if lead is None:
        keep = bool(rng.random() < 0.3)
        lead = ((1,), (1,), (3,), (2, 2), (1, 1, 3))[rng.integers(5)]
    # TFLM writes rank-2 outputs only when the scales are per channel.
    per_channel = out_c > 1 and not (keep and len(lead) > 1) and bool(rng.random() < 0.4)
    values = numbers(rng, out_c, in_c, per_channel, plain, density)
    rows = int(np.prod(lead))
    weights = const(
        "weights", values.weights, values.weight_scales if per_channel else values.weight_scales[0], axis=0
    )
    return single(
        "FULLY_CONNECTED",
        [
            tensor("x", (*lead, in_c), values.in_scale, values.in_zero),
            weights,
            *_optional(rng, values, per_channel),
        ],
        tensor("y", (*lead, out_c) if keep else (rows, out_c), values.out_scale, values.out_zero),
        FullyConnectedAttrs(_fused(rng, values, plain), keep),
    )


def _pool(rng: Rng, op: str, padding: Padding | None = None) -> Graph:
    kernel = (pick(rng, (1, 2, 3, 5)), pick(rng, (1, 2, 3, 4)))
    stride = (pick(rng, (1, 2, 3)), pick(rng, (1, 2, 3)))
    padding = padding or (Padding.SAME if rng.random() < 0.6 else Padding.VALID)
    image = (kernel[0] + int(rng.integers(0, 7)), kernel[1] + int(rng.integers(0, 7)))
    channels = pick(rng, (1, 2, 3, 4, 5, 7, 8, 9, 16, 17))
    if rng.random() < 0.2:  # global
        image, padding = kernel, Padding.VALID
    scale, zero = float(rng.choice([0.01, 0.05, 0.25, 0.003])), _zero(rng)
    out = [axis_window(padding, i, k, s)[0] for i, k, s in zip(image, kernel, stride, strict=True)]
    batch = pick(rng, (1, 1, 1, 2))
    return single(
        op,
        [tensor("x", (batch, *image, channels), scale, zero)],
        tensor("y", (batch, *out, channels), scale, zero),
        PoolAttrs(padding, stride[1], stride[0], kernel[1], kernel[0], FUSED[rng.integers(len(FUSED))]),
    )


def average_pool(rng: Rng) -> Graph:
    """AVERAGE_POOL_2D."""
    return _pool(rng, "AVERAGE_POOL_2D")


def max_pool(rng: Rng) -> Graph:
    """MAX_POOL_2D."""
    return _pool(rng, "MAX_POOL_2D")


def softmax(rng: Rng) -> Graph:
    """SOFTMAX to int8 and int16."""
    rank = pick(rng, (1, 2, 2, 3, 4))
    shape = tuple(pick(rng, (1, 2, 3)) for _ in range(rank - 1))
    depth = pick(rng, (1, 2, 3, 4, 10, 12, 33, 100, 300))
    wide = bool(rng.random() < 0.3)
    scale = float(rng.choice([0.0001, 0.004, 0.05, 0.1, 0.25, 0.7, 1.0, 4.0, 30.0]))
    return single(
        "SOFTMAX",
        [tensor("x", (*shape, depth), scale, _zero(rng))],
        tensor(
            "y",
            (*shape, depth),
            1 / 65536 if wide else 1 / 256,
            -32768 if wide else -128,
            dtype=DType.INT16 if wide else DType.INT8,
        ),
        SoftmaxAttrs(float(rng.choice([1.0, 1.0, 0.5, 2.0, 10.0]))),
    )


def merged(graphs: Sequence[Graph]) -> Graph:
    """Independent graphs side by side in one: all their inputs, all their outputs, in order."""
    tensors: dict[str, Tensor] = {}
    nodes: list[Node] = []
    inputs: list[str] = []
    outputs: list[str] = []
    for index, part in enumerate(graphs):
        name = {old: f"g{index}_{old}" for old in part.tensors}
        tensors |= {name[old]: replace(value, name=name[old]) for old, value in part.tensors.items()}
        for node in part.nodes:
            sources = tuple(None if old is None else name[old] for old in node.inputs)
            nodes.append(replace(node, inputs=sources, outputs=tuple(name[old] for old in node.outputs)))
        inputs += [name[old] for old in part.inputs]
        outputs += [name[old] for old in part.outputs]
    return Graph("merged", tensors, tuple(nodes), tuple(inputs), tuple(outputs))


MAKERS: dict[str, Maker] = {
    "CONV_2D": conv,
    "DEPTHWISE_CONV_2D": depthwise,
    "FULLY_CONNECTED": fully_connected,
    "AVERAGE_POOL_2D": average_pool,
    "MAX_POOL_2D": max_pool,
    "SOFTMAX": softmax,
}
