"""DEPTHWISE_CONV_2D along one axis: taps one behind the other, an output one pixel wide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyml_compress.ir import NodeView, Role, needed
from tinyml_compress.ops._forms import ProductForm, only
from tinyml_compress.ops._products import Sliding, live_rows, packed_table
from tinyml_compress.ops.base import Call, Consts, In, Out, ParamValue, Ref, Scratch, Variant
from tinyml_compress.ops.depthwise_conv_2d import node
from tinyml_compress.ops.depthwise_conv_2d.walk import FOUR_BUFFERS
from tinyml_compress.ops.work import Counts

_SYMBOL = "tc_s8_depthwise_conv_2d_column__dsp"
_PAIRS = "tc_s8_depthwise_conv_2d_column_pairs__dsp"


def _tap_step(window: Sliding) -> int | None:
    """Bytes from one tap to the next, where all lie in one column."""
    if window.kernel_w != window.in_w or window.padded or window.in_c != window.out_c or window.in_c % 4:
        return None
    if window.kernel_w == 1:
        return window.dilation_h * window.in_c
    return window.in_c if window.dilation_h == window.dilation_w == 1 else None


def _accepts(view: NodeView) -> bool:
    if _tap_step(node.window(view)) is None:
        return False
    fast = node.fast(view)
    return fast is not None and packed_table(fast) is not None


def _tables(view: NodeView) -> tuple[Consts, ...]:
    rows = live_rows(node.channels(view), node.rows(view))
    return (
        Consts("weights", "int8_t", np.ascontiguousarray(rows.T).reshape(-1).astype(np.int8), Role.WEIGHTS),
        Consts("channels", "int32_t", needed(packed_table(needed(node.fast(view))))),
    )


def _emit(view: NodeView) -> tuple[Call, ...]:
    window = node.window(view)
    params: tuple[tuple[str, ParamValue], ...] = (
        *node.image_sizes(view),
        ("out_rows", window.out_h),
        ("row_step", window.stride_h * window.in_w * window.in_c),
        ("taps", window.taps),
        ("tap_step", needed(_tap_step(window))),
        ("out_zero", view.output_quant().zero_point),
        ("weights", Ref("weights")),
        ("channels", Ref("channels")),
    )
    return (Call(_SYMBOL, "tc_s8_depthwise_column", params, (In(0), Out()), _tables(view)),)


def _counts(view: NodeView) -> Counts:
    window, outputs = node.window(view), view.output().elements
    return {"taps": outputs * window.taps, "outputs": outputs, "channels": window.batch * window.out_c}


@dataclass(frozen=True)
class _Pairs:
    """Frames of a channel two by two, for four outputs at a time."""

    window: Sliding

    @property
    def blocks(self) -> int:
        return -(-self.window.out_h // 4)

    @property
    def steps(self) -> int:
        """Pairs of taps: an output at an odd frame has a zero before its own."""
        return self.window.taps // 2 + 1

    @property
    def line(self) -> int:
        """Pairs that the blocks read of a channel, the last of them for nothing where steps are odd."""
        return 2 * self.blocks + self.steps - 1 + self.steps % 2

    @property
    def scratch(self) -> int:
        """Taps and values of four channels."""
        return 4 * 4 * (2 * self.steps + self.line)


def _accepts_pairs(view: NodeView) -> bool:
    window = node.window(view)
    one_by_one = window.kernel_w == window.in_w == window.stride_h == window.dilation_h == 1
    several = window.out_h > 1 and window.taps > 1
    return one_by_one and several and _Pairs(window).scratch <= FOUR_BUFFERS and _accepts(view)


def _emit_pairs(view: NodeView) -> tuple[Call, ...]:
    window = node.window(view)
    pairs = _Pairs(window)
    params: tuple[tuple[str, ParamValue], ...] = (
        *node.image_sizes(view),
        ("in_rows", window.out_h + window.taps - 1),
        ("out_rows", window.out_h),
        ("taps", window.taps),
        ("steps", pairs.steps),
        ("line", pairs.line),
        ("out_zero", view.output_quant().zero_point),
        ("weights", Ref("weights")),
        ("channels", Ref("channels")),
    )
    return (Call(_PAIRS, "tc_s8_depthwise_column_pairs", params, (In(0), Out(), Scratch()), _tables(view)),)


def _counts_pairs(view: NodeView) -> Counts:
    window, pairs = node.window(view), _Pairs(node.window(view))
    channels = window.batch * window.out_c
    return {
        "steps": channels * pairs.blocks * pairs.steps,
        "blocks": channels * pairs.blocks,
        "frames": channels * window.in_h / 4,
        "taps": channels * pairs.steps,
        "channels": channels,
    }


VARIANTS = only(
    ProductForm.S8,
    Variant(
        _PAIRS,
        _accepts_pairs,
        _emit_pairs,
        scratch=lambda view: _Pairs(node.window(view)).scratch,
        overlap=node.coincide,
        counts=_counts_pairs,
    ),
    Variant(_SYMBOL, _accepts, _emit, overlap=node.coincide, counts=_counts),
)
