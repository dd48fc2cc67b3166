"""What the kernels of CONV_2D ask a node: its window, its weights, its channels."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import DType, NodeView, Quant, Tensor
from tinyml_compress.ops._conv import Groups, conv_attrs, conv_window
from tinyml_compress.ops._products import (
    Channels,
    Ints,
    Sliding,
    conv_multipliers,
    fast_table,
    requant_channels,
    weight_values,
)
from tinyml_compress.ops.numerics import Activation


def window(view: NodeView) -> Sliding:
    return conv_window(view, view.input(1).shape[0])


def groups(view: NodeView) -> Groups:
    out_c, _, _, per_group = view.input(1).shape
    return Groups(per_group, out_c * per_group // view.input(0).shape[3])


def is_ungrouped(view: NodeView) -> bool:
    return groups(view).inputs == view.input(0).shape[3]


def depth(view: NodeView) -> int:
    """Values of a window."""
    return int(np.prod(view.input(1).shape[1:]))


def macs(view: NodeView) -> int:
    return view.output().elements * depth(view)


def rows(view: NodeView) -> Ints:
    """Weights as one row per output channel."""
    return weight_values(view).reshape(view.input(1).shape[0], -1).astype(np.int64)


def channels(view: NodeView) -> Channels:
    stored = rows(view)
    return requant_channels(view, stored, conv_multipliers(view, len(stored)))


@dataclass(frozen=True)
class _Numbers:
    """What the channels' parameters are made of: tensors by their identity. A planner asks the same of a node
    hundreds of times, of strips of it too.
    """

    weights: Tensor
    bias: Tensor | None
    given: tuple[DType, Quant | None]
    result: tuple[DType, Quant | None]
    activation: Activation
    view: NodeView = field(compare=False)


def fast(view: NodeView) -> npt.NDArray[np.int32] | None:
    """Parameters of the channels for `tc_fast_finish`, where it is exact."""
    source, target = view.input(0), view.output()
    return _fast(
        _Numbers(
            view.input(1),
            view.optional_input(2),
            (source.dtype, source.quant),
            (target.dtype, target.quant),
            conv_attrs(view).activation,
            view,
        )
    )


@lru_cache(maxsize=256)
def _fast(numbers: _Numbers) -> npt.NDArray[np.int32] | None:
    table = fast_table(numbers.view, channels(numbers.view), numbers.activation)
    if table is not None:
        table.setflags(write=False)  # all that ask share it
    return table


def has_fast(view: NodeView) -> bool:
    """Whether the DSP kernels of int8 take it."""
    return is_ungrouped(view) and fast(view) is not None
