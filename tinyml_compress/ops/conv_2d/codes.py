"""CONV_2D on SMLAD with weights from a code book: which nodes it takes, how weights and windows lie."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import NodeView, Role, needed
from tinyml_compress.ops._codebook import Codebook, codebook
from tinyml_compress.ops._forms import ProductForm, only
from tinyml_compress.ops._products import Ints, Sliding, live_rows, packed_table
from tinyml_compress.ops.base import (
    Call,
    Consts,
    In,
    Level,
    Out,
    Overlap,
    ParamValue,
    Ref,
    Scratch,
    Variant,
)
from tinyml_compress.ops.conv_2d import node
from tinyml_compress.ops.conv_2d.sparse import band_gap
from tinyml_compress.ops.work import Counts

_SYMBOL = "tc_s8_conv_2d_codes__dsp"
_WISHED = 8 << 10
_MOST_SCRATCH = 20 << 10
_ROWS = 4


@dataclass(frozen=True)
class _Layout:
    """A band of four rows of output, `columns` at once."""

    window: Sliding
    columns: int

    @property
    def words(self) -> int:
        w = self.window
        return ((self.columns - 1) * w.stride_w + w.kernel_w) * w.kernel_h * w.in_c * 2

    @property
    def scratch(self) -> int:
        """Windows, two channels' parameters, weights and tables, one pixel of zero points."""
        w = self.window
        return 4 * self.words + 32 + 2 * w.taps * w.in_c + 32 + w.in_c


@lru_cache(maxsize=64)
def _layout(window: Sliding) -> _Layout | None:
    """With as many columns as take little scratch, but eight at least."""
    columns = window.out_w
    while columns > 8 and _Layout(window, columns).scratch > _WISHED:
        columns = (columns + 1) // 2
    strips = _Layout(window, columns)
    return strips if strips.scratch <= _MOST_SCRATCH else None


@lru_cache(maxsize=64)
def _book(data: bytes, shape: tuple[int, int], scales: tuple[float, ...]) -> Codebook | None:
    return codebook(np.frombuffer(data, np.int8).reshape(shape).astype(np.int64), scales)


def _variant(bits: int) -> Variant:
    def book(view: NodeView) -> Codebook | None:
        quant = view.quant(1)
        rows = live_rows(node.channels(view), node.rows(view)).astype(np.int8)
        scales = quant.scales if quant.per_channel else quant.scales[:1] * len(rows)
        return _book(rows.tobytes(), (rows.shape[0], rows.shape[1]), scales)

    def layout(view: NodeView) -> _Layout:
        return needed(_layout(node.window(view)))

    def accepts(view: NodeView) -> bool:
        if not node.has_fast(view):
            return False
        window = node.window(view)
        if window.in_c % 4 or window.out_c % 2 or window.dilation_w != 1 or _layout(window) is None:
            return False
        coded = book(view)
        return coded is not None and coded.bits == bits and coded.nbytes < view.input(1).nbytes

    def emit(view: NodeView) -> tuple[Call, ...]:
        window, coded = node.window(view), needed(book(view))
        packed = needed(packed_table(needed(node.fast(view))))
        shared = coded.factors is not None
        params: tuple[tuple[str, ParamValue], ...] = (
            *window.params(),
            ("in_zero", view.quant(0).zero_point),
            ("out_zero", view.output_quant().zero_point),
            ("columns", layout(view).columns),
            ("bits", bits),
            ("shift", coded.shift),
            ("weights", Ref("weights")),
            ("books", 0 if shared else Ref("books")),
            ("centroids", Ref("centroids") if shared else 0),
            ("factors", Ref("factors") if shared else 0),
            ("channels", Ref("channels")),
        )
        codes = _packed(_ordered(coded.codes, window), bits)
        tables = [Consts("weights", "uint8_t", codes, Role.WEIGHTS)]
        if coded.factors is not None:
            tables.append(Consts("centroids", "int16_t", coded.table.astype(np.int16), Role.WEIGHTS))
            tables.append(Consts("factors", "uint16_t", coded.factors.astype(np.uint16), Role.WEIGHTS))
        else:
            tables.append(Consts("books", "int8_t", coded.table.reshape(-1).astype(np.int8), Role.WEIGHTS))
        tables.append(Consts("channels", "int32_t", packed))
        return (Call(_SYMBOL, "tc_s8_conv_codes", params, (In(0), Out(), Scratch()), tuple(tables)),)

    def accepts_packed(view: NodeView) -> bool:
        if not accepts(view):
            return False
        fast = node.fast(view)
        return fast is not None and packed_table(fast) is not None

    def weight_bytes(view: NodeView) -> int:
        coded = needed(book(view))
        return coded.nbytes

    def overlap(view: NodeView) -> tuple[Overlap, ...]:
        return (Overlap(0, 0, band_gap(node.window(view), _ROWS, layout(view).columns)),)

    return Variant(
        _SYMBOL,
        accepts_packed,
        emit,
        frozenset({Level.SIZE, Level.BALANCED, Level.SPEED}),
        scratch=lambda view: layout(view).scratch,
        overlap=overlap,
        counts=lambda view: _counts(layout(view)),
        encoding=f"codebook{bits}",
        weight_bytes=weight_bytes,
        code_bytes=2600,
    )


def _ordered(codes: Ints, window: Sliding) -> Ints:
    """Codes in the order in which the kernel unpacks them: pairs of channels, taps column by column."""
    w = window
    taps = codes.reshape(w.out_c, w.kernel_h, w.kernel_w, w.in_c // 4, 4)[..., [0, 2, 1, 3]]
    rows = taps.transpose(0, 2, 1, 3, 4).reshape(w.out_c // 2, 2, -1)
    ordered: Ints = rows.transpose(0, 2, 1).reshape(-1)
    return ordered


def _packed(codes: Ints, bits: int) -> npt.NDArray[np.uint8]:
    """Codes as a stream of bits, lowest first, and a byte that is only read."""
    spread = (codes[:, None] >> np.arange(bits)) & 1
    stream = np.packbits(spread.reshape(-1).astype(np.uint8), bitorder="little")
    padded: npt.NDArray[np.uint8] = np.append(stream, np.uint8(0))
    return padded


def _counts(layout: _Layout) -> Counts:
    w = layout.window
    depth = w.taps * w.in_c
    bands = w.batch * ((w.out_h + _ROWS - 1) // _ROWS)
    tiles = bands * ((w.out_w + layout.columns - 1) // layout.columns)
    blocks = bands * w.out_w * w.out_c / 2
    return {
        "steps": blocks * depth / 2,
        "blocks": blocks,
        "gathered": tiles * layout.words,
        "runs": tiles * layout.words / w.in_c,
        "unpacked": tiles * w.out_c * depth,
        "channels": tiles * w.out_c,
    }


VARIANTS = only(ProductForm.S8, *map(_variant, (2, 3, 4)))
