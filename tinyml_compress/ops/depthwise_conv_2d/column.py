"""DEPTHWISE_CONV_2D along one axis: taps one behind the other, an output one pixel wide."""

from __future__ import annotations

import numpy as np

from tinyml_compress.ir import NodeView, Role, needed
from tinyml_compress.ops._forms import ProductForm, only
from tinyml_compress.ops._products import Sliding, live_rows, packed_table
from tinyml_compress.ops.base import Call, Consts, In, Out, ParamValue, Ref, Variant
from tinyml_compress.ops.depthwise_conv_2d import node
from tinyml_compress.ops.work import Counts

_SYMBOL = "tc_s8_depthwise_conv_2d_column__dsp"


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


def _emit(view: NodeView) -> tuple[Call, ...]:
    window = node.window(view)
    rows = live_rows(node.channels(view), node.rows(view))
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
    tables = (
        Consts("weights", "int8_t", np.ascontiguousarray(rows.T).reshape(-1).astype(np.int8), Role.WEIGHTS),
        Consts("channels", "int32_t", needed(packed_table(needed(node.fast(view))))),
    )
    return (Call(_SYMBOL, "tc_s8_depthwise_column", params, (In(0), Out()), tables),)


def _counts(view: NodeView) -> Counts:
    window, outputs = node.window(view), view.output().elements
    return {"taps": outputs * window.taps, "outputs": outputs, "channels": window.batch * window.out_c}


VARIANTS = only(ProductForm.S8, Variant(_SYMBOL, _accepts, _emit, overlap=node.coincide, counts=_counts))
