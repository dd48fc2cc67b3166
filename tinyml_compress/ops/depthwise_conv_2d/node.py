"""What the kernels of DEPTHWISE_CONV_2D ask a node: its window, weights and channels, where it may write."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import NodeView
from tinyml_compress.ops._conv import Groups, Taps, conv_attrs, conv_window
from tinyml_compress.ops._products import (
    Channels,
    Ints,
    Sliding,
    conv_multipliers,
    fast_table,
    requant_channels,
    weight_values,
)
from tinyml_compress.ops.base import Overlap


def window(view: NodeView) -> Sliding:
    return conv_window(view, view.input(1).shape[3])


def groups(view: NodeView) -> Groups:
    return Groups(1, view.input(1).shape[3] // view.input(0).shape[3])


def rows(view: NodeView) -> Ints:
    """Weights as one row of taps per output channel."""
    return weight_values(view).reshape(-1, view.input(1).shape[3]).T.astype(np.int64)


def channels(view: NodeView) -> Channels:
    stored = rows(view)
    return requant_channels(view, stored, conv_multipliers(view, len(stored)))


def fast(view: NodeView) -> npt.NDArray[np.int32] | None:
    """Parameters of the channels for `tc_fast_finish`, where it is exact."""
    return fast_table(view, channels(view), conv_attrs(view).activation)


def image_sizes(view: NodeView) -> tuple[tuple[str, int], ...]:
    at = window(view)
    return (
        ("batch", at.batch),
        ("in_c", at.in_c),
        ("in_bytes", at.in_h * at.in_w * at.in_c),
        ("out_bytes", at.out_h * at.out_w * at.out_c),
    )


def coincide(view: NodeView) -> tuple[Overlap, ...]:
    """Output exactly over input: a channel's output bytes then lie on its own input bytes, all
    read before.
    """
    at = window(view)
    fits = at.out_c == at.in_c and at.out_h * at.out_w <= at.in_h * at.in_w
    return (Overlap(0, 0, exact=True),) if fits else ()


TAPS = Taps("depthwise_conv_2d", 3, groups)
"""The kernels that go tap by tap."""
