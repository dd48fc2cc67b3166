"""CONV_2D, grouped too: int8 and the forms of `_forms`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import NodeView, needed
from tinyml_compress.ops._conv import (
    ConvAttrs,
    Groups,
    Taps,
    check_conv,
    check_conv_numbers,
    conv_attrs,
    conv_fields,
    conv_window,
)
from tinyml_compress.ops._forms import Form, form_of, only, packed_words
from tinyml_compress.ops._products import (
    Channels,
    Ints,
    Sliding,
    conv_multipliers,
    fast_table,
    finish_bounds,
    int32_table,
    live_rows,
    packed_table,
    requant_channels,
    sliding_gap,
    weight_values,
    wrap32,
)
from tinyml_compress.ops.base import (
    Call,
    In,
    Level,
    Operator,
    Options,
    Out,
    Overlap,
    ParamValue,
    Ref,
    Role,
    Scratch,
    Table,
    Variant,
    refuse,
)
from tinyml_compress.ops.conv_2d import four_bits
from tinyml_compress.ops.conv_2d.codes import codes_variants
from tinyml_compress.ops.conv_2d.pairs import pairs_variant
from tinyml_compress.ops.conv_2d.sparse import SparseNode, sparse_variants

__all__ = ["OPERATOR", "Conv2DAttrs"]

Emit = Callable[[NodeView], tuple[Call, ...]]
Cost = Callable[[NodeView], float]


@dataclass(frozen=True)
class Conv2DAttrs(ConvAttrs):
    """Attributes of CONV_2D."""


def _window(view: NodeView) -> Sliding:
    return conv_window(view, view.input(1).shape[0])


def _groups(view: NodeView) -> Groups:
    out_c, _, _, per_group = view.input(1).shape
    return Groups(per_group, out_c * per_group // view.input(0).shape[3])


def _rows(view: NodeView) -> Ints:
    """Weights as one row per output channel."""
    return weight_values(view).reshape(view.input(1).shape[0], -1).astype(np.int64)


def _channels(view: NodeView) -> Channels:
    rows = _rows(view)
    return requant_channels(view, rows, conv_multipliers(view, len(rows)))


# --- windows as rows of bytes, in plain C -------------------------------------------------------------------


def _ungrouped(view: NodeView) -> bool:
    return _groups(view).inputs == view.input(0).shape[3]


def _depth(view: NodeView) -> int:
    return int(np.prod(view.input(1).shape[1:]))


def _emit_rows(view: NodeView) -> tuple[Call, ...]:
    channels, rows = _channels(view), _rows(view)
    quant = view.quant(0)
    bias = wrap32(channels.bias - 128 * rows.sum(axis=1))
    params: tuple[tuple[str, ParamValue], ...] = (
        *_window(view).params(),
        ("in_zero", quant.zero_point),
        *finish_bounds(conv_attrs(view).activation, view.output()),
        ("depth", _depth(view)),
        ("weights", Ref("weights")),
        ("channels", Ref("channels")),
    )
    tables = (
        Table("weights", "uint8_t", _four_weights(rows), Role.WEIGHTS),
        Table("channels", "int32_t", int32_table(bias, channels.multiplier, channels.shift)),
    )
    return (Call(_ROWS, "tc_s8_conv_rows", params, (In(0), Out(), Scratch()), tables),)


def _four_weights(rows: Ints) -> npt.NDArray[np.uint8]:
    """Weights plus 128; of each four channels the four weights of a value side by side, the rest
    row by row.
    """
    count, depth = rows.shape
    whole = count // 4 * 4
    blocks = rows[:whole].reshape(whole // 4, 4, depth).transpose(0, 2, 1)
    ordered: Ints = np.concatenate([blocks.reshape(-1), rows[whole:].reshape(-1)]) + 128
    return ordered.astype(np.uint8)


def _overlap_rows(view: NodeView) -> tuple[Overlap, ...]:
    return (Overlap(0, 0, sliding_gap(_window(view), 1)),)


def _rows_cycles(view: NodeView) -> float:
    return (
        4.0 * OPERATOR.macs(view) + 40.0 * view.output().elements + 6.0 * _depth(view) * _window(view).pixels
    )


# --- blocks of four pixels on SMLAD -------------------------------------------------------------------------


def _accepts_block(view: NodeView) -> bool:
    return _ungrouped(view) and fast_table(view, _channels(view), conv_attrs(view).activation) is not None


def _accepts_words(view: NodeView) -> bool:
    return view.input(0).shape[3] % 4 == 0 and _accepts_block(view)


def _depth_pairs(view: NodeView) -> int:
    """Pairs of values of a window, padded to fours."""
    return (_depth(view) + 3) // 4 * 2


def _emit_block(symbol: str, weights: Callable[[NodeView, Ints], Table] | None = None) -> Emit:
    def emit(view: NodeView) -> tuple[Call, ...]:
        window, channels = _window(view), _channels(view)
        fast = needed(fast_table(view, channels, conv_attrs(view).activation))
        quant = view.quant(0)
        rows = live_rows(channels, _rows(view))
        packed = _packed(fast)
        params: tuple[tuple[str, ParamValue], ...] = (
            *window.params(),
            ("in_zero", quant.zero_point),
            ("out_zero", _out_zero(view)),
            ("depth_pairs", _depth_pairs(view)),
            ("packed", packed is not None),
            ("weights", Ref("weights")),
            ("channels", Ref("channels")),
        )
        tables = (
            (weights or _pair_table)(view, rows),
            Table("channels", "int32_t", _pair_channels(fast) if packed is None else packed),
        )
        return (Call(symbol, "tc_s8_conv_block", params, (In(0), Out(), Scratch()), tables),)

    return emit


_MAX_UNPACKED = 512
"""Channels whose parameters are unpacked into scratch (16 bytes each); more of them lie unpacked in flash."""


def _packed(fast: npt.NDArray[np.int32]) -> npt.NDArray[np.int32] | None:
    return packed_table(fast) if fast.size // 4 <= _MAX_UNPACKED else None


def _out_zero(view: NodeView) -> int:
    quant = view.output_quant()
    return quant.zero_point


def _pair_channels(fast: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Per two channels bias A, bias B, then multiplier, half, shift of A and of B; a last odd channel as it
    is.
    """
    table = fast.reshape(-1, 4)
    even = len(table) // 2 * 2
    pairs = table[:even].reshape(even // 2, 8)[:, [0, 4, 1, 2, 3, 5, 6, 7]]
    ordered: npt.NDArray[np.int32] = np.concatenate([pairs.reshape(-1), table[even:].reshape(-1)])
    return ordered


def _pair_table(view: NodeView, rows: Ints) -> Table:
    return Table("weights", "int8_t", _pair_weights(rows), Role.WEIGHTS)


def _packed_pairs(view: NodeView, rows: Ints) -> Table:
    return Table("weights", "int8_t", packed_words(_pair_weights(rows)), Role.WEIGHTS)


def _pair_weights(rows: Ints) -> npt.NDArray[np.int8]:
    """Per two channels A, B and two values k, l: [A.k, B.k, A.l, B.l]; a last odd channel: [A.k, A.l].

    Values are padded to fours, and of each four come in the order 0, 2, 1, 3, as SXTB16 unpacks them.
    """
    count, depth = rows.shape
    padded = np.pad(rows, ((0, 0), (0, -depth % 4)))
    depth = padded.shape[1]
    padded = padded.reshape(count, depth // 4, 4)[:, :, [0, 2, 1, 3]].reshape(count, depth)
    even = count // 2 * 2
    blocks = padded[:even].reshape(even // 2, 2, depth).transpose(0, 2, 1)
    ordered: Ints = np.concatenate([blocks.reshape(-1), padded[even:].reshape(-1)])
    return ordered.astype(np.int8)


def _unpacked_bytes(view: NodeView) -> int:
    """Scratch for the channels' parameters where they lie packed in flash."""
    fast = fast_table(view, _channels(view), conv_attrs(view).activation)
    return 0 if fast is None or _packed(fast) is None else 4 * fast.size


def _block_scratch(view: NodeView) -> int:
    """Values of four windows, and the channels' parameters."""
    return 16 * _depth_pairs(view) + _unpacked_bytes(view)


def _bytes_scratch(view: NodeView) -> int:
    return _block_scratch(view) + 8 * _depth_pairs(view)


def _words_scratch(view: NodeView) -> int:
    return _block_scratch(view) + view.input(0).shape[3]


def _block_overlap(view: NodeView) -> tuple[Overlap, ...]:
    return (Overlap(0, 0, sliding_gap(_window(view), 4)),)


def _block_cycles(gather: float, finish: float) -> Cost:
    def cycles(view: NodeView) -> float:
        window, depth = _window(view), _depth_pairs(view)
        return (window.pixels + 3) // 4 * (window.out_c + 1) // 2 * (
            18.4 * depth + finish
        ) + window.pixels * (gather * depth + 40.0)

    return cycles


_ROWS = "tc_s8_conv_2d_rows__c"


def _block_variant(symbol: str, words: bool, relu: bool) -> Variant:
    def accepts(view: NodeView) -> bool:
        quant = view.output().quant
        if relu and quant is not None and quant.zero_point != -128:
            return False
        return _accepts_words(view) if words else _accepts_block(view)

    return Variant(
        symbol,
        accepts,
        _emit_block(symbol),
        scratch=_words_scratch if words else _bytes_scratch,
        overlap=_block_overlap,
        cycles=_block_cycles(3.0 if words else 7.0, 90.0 if relu else 100.0),
    )


# --- 3x3 by F(2,3) along rows: fewer products for more weight bytes -----------------------------------------

_WINOGRAD_PIXELS = 128
"""Below so many output pixels the weights cost more flash than the products save time."""


def _winograd_shape(view: NodeView) -> bool:
    """Whether the node's shape suits F(2,3), whatever its numbers."""
    if view.node.op != OPERATOR.name or form_of(view) is not Form.S8:
        return False
    window = _window(view)
    return (
        (window.kernel_h, window.kernel_w) == (3, 3)
        and window.stride_h == window.stride_w == window.dilation_h == window.dilation_w == 1
        and _ungrouped(view)
        and window.in_c % 8 == 0
        and window.out_c % 2 == 0
        and window.out_w % 2 == 0
        and window.pixels >= _WINOGRAD_PIXELS
    )


def _winograd_variant(symbol: str, relu: bool) -> Variant:
    def accepts(view: NodeView) -> bool:
        quant = view.output().quant
        if relu and quant is not None and quant.zero_point != -128:
            return False
        return _winograd_shape(view) and _accepts_block(view)

    def cycles(view: NodeView) -> float:
        window = _window(view)
        blocks = (window.pixels + 7) // 8
        products = 4 * (17.3 * 3 * window.in_c / 2) + (230.0 if relu else 246.0)
        return blocks * (window.out_c / 2 * products + 4 * 3 * (window.in_c / 4 * 50.0 + 60.0))

    return Variant(
        symbol,
        accepts,
        _emit_block(symbol, _winograd_weights),
        frozenset({Level.SPEED}),
        scratch=_winograd_scratch,
        overlap=_winograd_overlap,
        cycles=cycles,
        weight_bytes=lambda view: 8 * view.input(1).nbytes // 3,
    )


def _winograd_weights(view: NodeView, rows: Ints) -> Table:
    """Per two channels the four products' taps: [A.k, A.l], [B.k, B.l] per kernel row and pair of channels k,
    l.
    """
    count, depth = len(rows), view.input(0).shape[3]
    taps = rows.reshape(count, 3, 3, depth // 4, 4)[..., [0, 2, 1, 3]]
    first, middle, last = taps[:, :, 0], taps[:, :, 1], taps[:, :, 2]
    products = np.stack([first + middle + last, first - middle + last, -2 * last, 2 * first], axis=1)
    words = products.reshape(count // 2, 2, 4, 3 * depth // 2, 2).transpose(0, 2, 3, 1, 4)
    return Table("weights", "int16_t", words.reshape(-1).astype(np.int16), Role.WEIGHTS)


def _winograd_scratch(view: NodeView) -> int:
    in_c = view.input(0).shape[3]
    return _unpacked_bytes(view) + 96 * in_c + in_c


def _winograd_overlap(view: NodeView) -> tuple[Overlap, ...]:
    return (Overlap(0, 0, sliding_gap(_window(view), 8)),)


# --- only weights that are not zero -------------------------------------------------------------------------


def _sparse_node(view: NodeView) -> SparseNode:
    return SparseNode(_window(view), _channels(view), _rows(view))


_BYTES = _block_variant("tc_s8_conv_2d_bytes__dsp", words=False, relu=False)
_TAPS = Taps("conv_2d", 0, _groups, 9.0)


class Conv2D(Operator):
    name = "CONV_2D"
    attrs_type = Conv2DAttrs
    options = Options("Conv2DOptions", conv_fields())
    dtypes = ("int8", "int16", "float32")
    limits = "constant weights, int8 for int16 inputs, int8 or packed int4 for int8 inputs"
    variants = (
        *_TAPS.variants(),
        *_TAPS.narrow(),
        *only(Form.S16, pairs_variant(_rows, _window, _ungrouped)),
        *only(
            Form.S4,
            four_bits.filters(_rows, _window, _groups),
            four_bits.words(
                _BYTES,
                _emit_block(four_bits.FOUR_BITS, _packed_pairs),
                _depth_pairs,
                lambda view: _window(view).pixels,
            ),
        ),
        *only(
            Form.S8,
            Variant(
                _ROWS, _ungrouped, _emit_rows, scratch=_depth, overlap=_overlap_rows, cycles=_rows_cycles
            ),
            *sparse_variants(_sparse_node, _accepts_block, _ungrouped),
            *codes_variants(_sparse_node, _accepts_block),
            _winograd_variant("tc_s8_conv_2d_winograd_relu__dsp", relu=True),
            _winograd_variant("tc_s8_conv_2d_winograd__dsp", relu=False),
            _block_variant("tc_s8_conv_2d_words_relu__dsp", words=True, relu=True),
            _block_variant("tc_s8_conv_2d_words__dsp", words=True, relu=False),
            _block_variant("tc_s8_conv_2d_bytes_relu__dsp", words=False, relu=True),
            _BYTES,
        ),
    )

    def check(self, view: NodeView) -> None:
        check_conv(view)
        in_c = view.input(0).shape[3]
        out_c, _, _, per_group = view.input(1).shape
        if in_c % per_group or out_c % (in_c // per_group):
            raise refuse(
                view,
                "channels do not divide into groups",
                found=f"{in_c} input channels, {per_group} per filter, {out_c} output channels",
                allowed="input channels a multiple of the filter's, output channels a multiple of the groups",
            )
        check_conv_numbers(view, 0, _rows)

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        window = _window(view)
        return ((window.batch, window.out_h, window.out_w, window.out_c),)

    def macs(self, view: NodeView) -> int:
        return _TAPS.macs(view)


OPERATOR = Conv2D()
