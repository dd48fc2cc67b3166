"""The DSP kernel of CONV_2D for int16 activations: two pixels by two channels, two values at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import NodeView, Role
from tinyml_compress.ops._conv import conv_attrs
from tinyml_compress.ops._forms import ProductForm, bias_values, chunk_of, only, wide_table
from tinyml_compress.ops._products import Ints, Sliding, clamp_bounds, conv_multipliers, sliding_gap
from tinyml_compress.ops.base import Call, Consts, In, Out, Overlap, ParamValue, Ref, Scratch, Variant
from tinyml_compress.ops.conv_2d import node
from tinyml_compress.ops.work import Counts

_SYMBOL = "tc_s16_conv_2d__dsp"


def _direct(window: Sliding) -> bool:
    """Whether windows are pixels of the image as they lie there."""
    return window.taps == 1 and not window.padded and window.in_c % 2 == 0


def _ordered(rows: Ints) -> npt.NDArray[np.int8]:
    even = len(rows) // 2 * 2
    blocks = rows[:even].reshape(even // 2, 2, rows.shape[1]).transpose(0, 2, 1)
    stream: Ints = np.concatenate([blocks.reshape(-1), rows[even:].reshape(-1)])
    return stream.astype(np.int8)


def _padded(view: NodeView) -> Ints:
    rows = node.rows(view)
    return np.pad(rows, ((0, 0), (0, rows.shape[1] % 2)))


def _emit(view: NodeView) -> tuple[Call, ...]:
    weights, at = _padded(view), node.window(view)
    low, high = clamp_bounds(conv_attrs(view).activation, view.output())
    params: tuple[tuple[str, ParamValue], ...] = (
        *at.params(),
        ("act_min", low),
        ("act_max", high),
        ("direct", _direct(at)),
        ("pairs", weights.shape[1] // 2),
        ("chunk", chunk_of(weights)),
        ("weights", Ref("weights")),
        ("channels", Ref("channels")),
    )
    channels = wide_table(bias_values(view, len(weights)), conv_multipliers(view, len(weights)))
    tables = (
        Consts("weights", "int8_t", _ordered(weights), Role.WEIGHTS),
        Consts("channels", "int32_t", channels),
    )
    return (Call(_SYMBOL, "tc_s16_conv_pairs", params, (In(0), Out(), Scratch()), tables),)


def _scratch(view: NodeView) -> int:
    return 0 if _direct(node.window(view)) else 4 * _padded(view).shape[1]


def _overlap(view: NodeView) -> tuple[Overlap, ...]:
    # The first pixel's channels are written while the second's window is read where pixels are read in
    # place.
    at = node.window(view)
    block = 0 if _direct(at) else 2
    gap = sliding_gap(at, block) + (at.out_c if _direct(at) else 0)
    return (Overlap(0, 0, gap * view.output().dtype.itemsize),)


def _counts(view: NodeView) -> Counts:
    at, pairs = node.window(view), _padded(view).shape[1] // 2
    blocks = (at.pixels + 1) // 2 * ((at.out_c + 1) // 2)
    gathered = 0 if _direct(at) else at.pixels
    return {
        "steps": blocks * pairs,
        "blocks": blocks,
        "gathered": gathered * pairs,
        "taps": gathered * at.taps,
        "pixels": at.pixels,
    }


VARIANTS = only(
    ProductForm.S16,
    Variant(_SYMBOL, node.is_ungrouped, _emit, scratch=_scratch, overlap=_overlap, counts=_counts),
)
