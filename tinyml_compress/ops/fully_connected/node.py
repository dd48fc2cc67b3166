"""What the kernels of FULLY_CONNECTED ask a node: its sizes, its weights, its channels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import NodeView
from tinyml_compress.ops._products import (
    Channels,
    Ints,
    checked_multiplier,
    conv_multipliers,
    fast_table,
    finish_bounds,
    requant_channels,
    weight_values,
)
from tinyml_compress.ops.base import Argument, Call, Consts, In, Out, ParamValue, Ref
from tinyml_compress.ops.numerics import Activation, Fused
from tinyml_compress.ops.work import Counts


def activation(view: NodeView) -> Activation:
    return view.attrs(Fused).activation


def batch(view: NodeView) -> int:
    return view.input(0).elements // view.input(1).shape[1]


def macs(view: NodeView) -> int:
    return batch(view) * view.input(1).elements


def counts(view: NodeView) -> Counts:
    """What kernels do that go output by output."""
    return {"products": macs(view), "outputs": view.output().elements}


def sizes(view: NodeView) -> tuple[tuple[str, int], ...]:
    out_c, in_c = view.input(1).shape
    return (("batch", batch(view)), ("in_c", in_c), ("out_c", out_c))


def fours(view: NodeView) -> int:
    """Inputs, in fours."""
    return (view.input(1).shape[1] + 3) // 4


def rows(view: NodeView) -> Ints:
    """Weights as one row per output."""
    return weight_values(view).astype(np.int64)


def row_multipliers(view: NodeView) -> list[tuple[int, int]]:
    """Per channel a product in double precision; per tensor TFLM multiplies the two scales in
    float32 first.
    """
    source, weights, target = view.quant(0), view.quant(1), view.output_quant()
    count = view.input(1).shape[0]
    if weights.per_channel:
        return conv_multipliers(view, count)
    with np.errstate(
        all="ignore"
    ):  # extreme scales of a hostile file: the multiplier's check refuses infinity
        product = float(np.float32(source.scale) * np.float32(weights.scale))
    return [checked_multiplier(view, product / target.scale)] * count


def channels(view: NodeView) -> Channels:
    return requant_channels(view, rows(view), row_multipliers(view))


def fast(view: NodeView) -> npt.NDArray[np.int32] | None:
    """Parameters of the outputs for `tc_fast_finish`, where it is exact."""
    return fast_table(view, channels(view), activation(view))


def has_fast(view: NodeView) -> bool:
    return fast(view) is not None


def call(
    view: NodeView,
    symbol: str,
    tables: tuple[Consts, ...],
    arguments: Sequence[Argument] = (In(0), Out()),
) -> Call:
    """The call of a kernel with tables `weights` and `channels`."""
    params: tuple[tuple[str, ParamValue], ...] = (
        *sizes(view),
        *finish_bounds(activation(view), view.output()),
        ("weights", Ref("weights")),
        ("channels", Ref("channels")),
    )
    return Call(symbol, "tc_s8_fully_connected", params, tuple(arguments), tables)
