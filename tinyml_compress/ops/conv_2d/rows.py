"""CONV_2D in plain C: windows as rows of bytes, four or eight channels at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import NodeView, Role
from tinyml_compress.ops._conv import conv_attrs
from tinyml_compress.ops._forms import ProductForm, only
from tinyml_compress.ops._halves import halves, takes
from tinyml_compress.ops._products import Ints, finish_bounds, int32_table, sliding_gap, wrap32
from tinyml_compress.ops.base import Call, Consts, In, Out, Overlap, ParamValue, Ref, Scratch, Variant
from tinyml_compress.ops.conv_2d import node
from tinyml_compress.ops.work import Counts


def _variant(
    symbol: str,
    accepts: Callable[[NodeView], bool],
    weights: Callable[[Ints], npt.NDArray[np.uint8]],
    at_once: int,
    code: int = 0,
    pixels: int = 1,
) -> Variant:
    """A kernel that holds the windows of so many `pixels`."""

    def emit(view: NodeView) -> tuple[Call, ...]:
        channels, rows = node.channels(view), node.rows(view)
        bias = wrap32(channels.bias - 128 * rows.sum(axis=1))
        params: tuple[tuple[str, ParamValue], ...] = (
            *node.window(view).params(),
            ("in_zero", view.quant(0).zero_point),
            *finish_bounds(conv_attrs(view).activation, view.output()),
            ("depth", node.depth(view)),
            ("weights", Ref("weights")),
            ("channels", Ref("channels")),
        )
        tables = (
            Consts("weights", "uint8_t", weights(rows), Role.WEIGHTS),
            Consts("channels", "int32_t", int32_table(bias, channels.multiplier, channels.shift)),
        )
        return (Call(symbol, "tc_s8_conv_rows", params, (In(0), Out(), Scratch()), tables),)

    def counts(view: NodeView) -> Counts:
        window, depth = node.window(view), node.depth(view)
        groups, rest = divmod(window.out_c, at_once)
        return {
            "steps": window.pixels * groups * depth,
            "groups": window.pixels * groups,
            "rest": window.pixels * groups * (depth % 4),
            "products": window.pixels * rest * depth,
            "outputs": view.output().elements,
            "words" if window.in_c % 4 == 0 else "bytes": window.pixels * depth,
            "runs": window.runs,
            "pixels": window.pixels,
        }

    def scratch(view: NodeView) -> int:
        return pixels * node.depth(view)

    def overlap(view: NodeView) -> tuple[Overlap, ...]:
        return (Overlap(0, 0, sliding_gap(node.window(view), pixels)),)

    return Variant(symbol, accepts, emit, scratch=scratch, overlap=overlap, counts=counts, code_bytes=code)


def _four_weights(rows: Ints) -> npt.NDArray[np.uint8]:
    """Weights plus 128; of each four channels the four weights of a value side by side, the rest
    row by row.
    """
    count, depth = rows.shape
    whole = count // 4 * 4
    blocks = rows[:whole].reshape(whole // 4, 4, depth).transpose(0, 2, 1)
    ordered: Ints = np.concatenate([blocks.reshape(-1), rows[whole:].reshape(-1)]) + 128
    return ordered.astype(np.uint8)


def _takes_halves(view: NodeView) -> bool:
    return node.is_ungrouped(view) and takes(node.rows(view))


VARIANTS = only(
    ProductForm.S8,
    _variant("tc_s8_conv_2d_rows__c", node.is_ungrouped, _four_weights, 4),
    _variant("tc_s8_conv_2d_halves__c", _takes_halves, halves, 8, 900, 2),
)
