"""CONV_2D on SMLAD: blocks of four pixels by two channels, whose windows are gathered as pairs of values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import NodeView, Role, needed
from tinyml_compress.ops._conv import conv_attrs, is_relu
from tinyml_compress.ops._forms import ProductForm, only
from tinyml_compress.ops._products import Ints, Sliding, live_rows, packed_table, sliding_gap
from tinyml_compress.ops.base import Call, Consts, In, Out, Overlap, ParamValue, Ref, Scratch, Variant
from tinyml_compress.ops.conv_2d import node
from tinyml_compress.ops.work import Counts

Emit = Callable[[NodeView], tuple[Call, ...]]


def depth_pairs(view: NodeView) -> int:
    """Pairs of values of a window, padded to fours."""
    return (node.depth(view) + 3) // 4 * 2


Table = npt.NDArray[np.int32]


def pair_channels(fast: Table) -> Table:
    """Per two channels bias A, bias B, then multiplier, half, shift of A and of B; a last odd channel as it
    is.
    """
    table = fast.reshape(-1, 4)
    even = len(table) // 2 * 2
    pairs = table[:even].reshape(even // 2, 8)[:, [0, 4, 1, 2, 3, 5, 6, 7]]
    ordered: Table = np.concatenate([pairs.reshape(-1), table[even:].reshape(-1)])
    return ordered


def block_emit(
    symbol: str,
    weights: Callable[[NodeView, Ints], Consts],
    *,
    bias: int = 1,
    unpacked: Callable[[Table], Table] = pair_channels,
) -> Emit:
    """The call of a kernel that reads its `weights` in an order of its own, and biases times `bias`; in flash
    it reads the channels' parameters `unpacked`.
    """

    def emit(view: NodeView) -> tuple[Call, ...]:
        fast = _fast(view, bias)
        packed = _packed(view, fast)
        params: tuple[tuple[str, ParamValue], ...] = (
            *node.window(view).params(),
            ("in_zero", view.quant(0).zero_point),
            ("out_zero", view.output_quant().zero_point),
            ("depth_pairs", depth_pairs(view)),
            ("packed", packed is not None),
            ("weights", Ref("weights")),
            ("channels", Ref("channels")),
        )
        tables = (
            weights(view, live_rows(node.channels(view), node.rows(view))),
            Consts("channels", "int32_t", unpacked(fast) if packed is None else packed),
        )
        return (Call(symbol, "tc_s8_conv_block", params, (In(0), Out(), Scratch()), tables),)

    return emit


def _fast(view: NodeView, bias: int) -> Table:
    fast = needed(node.fast(view)).copy()
    fast[0::4] *= bias
    return fast


_MAX_UNPACKED = 512
"""Channels whose parameters are unpacked into scratch (16 bytes each); more of them lie unpacked in flash."""


def _packed(view: NodeView, fast: Table) -> Table | None:
    return packed_table(fast) if fast.size // 4 <= _MAX_UNPACKED and not is_strip(view) else None


def is_strip(view: NodeView) -> bool:
    """Its channels' parameters lie unpacked: strips are to spare scratch, and would unpack them each time."""
    return conv_attrs(view).strip_of is not None


def _pair_table(view: NodeView, rows: Ints) -> Consts:
    return Consts("weights", "int8_t", pair_weights(rows), Role.WEIGHTS)


def pair_weights(rows: Ints) -> npt.NDArray[np.int8]:
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


def unpacked_bytes(view: NodeView) -> int:
    """Scratch for the channels' parameters where they lie packed in flash."""
    fast = node.fast(view)
    return 0 if fast is None or _packed(view, fast) is None else 4 * fast.size


def _scratch(view: NodeView) -> int:
    """Values of four windows, and the channels' parameters."""
    return 16 * depth_pairs(view) + unpacked_bytes(view)


_BAND = 1024
"""TC_CONV_BAND of tc_conv_gather_bytes.h."""


def _band(window: Sliding) -> int:
    """Bytes of the lines that a row of windows sees, where windows are copied from these, else none."""
    columns = (window.out_w - 1) * window.stride_w + (window.kernel_w - 1) * window.dilation_w + 1
    nbytes = window.kernel_h * ((columns * window.in_c + 3) // 4 * 4)
    return nbytes if window.out_w > 1 and nbytes <= _BAND else 0


def bytes_scratch(view: NodeView) -> int:
    band = _band(node.window(view))
    return _scratch(view) + 8 * depth_pairs(view) + (band + 16 if band else 0)


def gathered_counts(window: Sliding, words: bool) -> Counts:
    """What a kernel does to gather the windows, beside widening their values."""
    if words:  # the input's pixels, one after the other, need no walk
        return {} if window.pointwise else {"runs": window.runs, "walked": (window.pixels + 3) // 4}
    band = _band(window)
    if not band:
        return {"runs": window.runs, "odd bytes": window.runs * (window.in_c % 4)}
    lines = 1 if window.dilation_w == 1 else window.kernel_w
    return {"runs": window.pixels * window.kernel_h * lines, "band": window.batch * window.out_h * band}


def words_scratch(view: NodeView) -> int:
    return _scratch(view) + view.input(0).shape[3]


def block_overlap(view: NodeView) -> tuple[Overlap, ...]:
    return (Overlap(0, 0, sliding_gap(node.window(view), 4)),)


def _counts(view: NodeView, words: bool, relu: bool) -> Counts:
    window, depth = node.window(view), depth_pairs(view)
    blocks, pairs = (window.pixels + 3) // 4, window.out_c // 2
    return {
        "steps": blocks * pairs * depth,
        "ends": blocks * pairs,
        "clamps": 0 if relu else blocks * pairs,
        "last channel": blocks * (window.out_c % 2) * depth,
        "gathered": window.pixels * depth,
        **gathered_counts(window, words),
        "blocks": blocks,
        "channels": unpacked_bytes(view) // 16,
    }


def _variant(symbol: str, *, words: bool, relu: bool) -> Variant:
    def accepts(view: NodeView) -> bool:
        whole = not words or view.input(0).shape[3] % 4 == 0
        return whole and (not relu or is_relu(view)) and node.has_fast(view)

    return Variant(
        symbol,
        accepts,
        block_emit(symbol, _pair_table),
        scratch=words_scratch if words else bytes_scratch,
        overlap=block_overlap,
        counts=lambda view: _counts(view, words, relu),
        code_bytes=1000,
    )


BYTES = _variant("tc_s8_conv_2d_bytes__dsp", words=False, relu=False)
VARIANTS = only(
    ProductForm.S8,
    _variant("tc_s8_conv_2d_words_relu__dsp", words=True, relu=True),
    _variant("tc_s8_conv_2d_words__dsp", words=True, relu=False),
    _variant("tc_s8_conv_2d_bytes_relu__dsp", words=False, relu=True),
    BYTES,
)
