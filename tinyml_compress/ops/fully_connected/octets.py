"""FULLY_CONNECTED of int8 on SMLAD: eight outputs at a time, whose weights share halfwords."""

from __future__ import annotations

import numpy as np

from tinyml_compress.ir import NodeView, Role, needed
from tinyml_compress.ops._forms import ProductForm, only
from tinyml_compress.ops._products import Ints, live_rows
from tinyml_compress.ops.base import Call, Consts, In, Out, Scratch, Variant
from tinyml_compress.ops.fully_connected import node
from tinyml_compress.ops.work import Counts

_SYMBOL = "tc_s8_fully_connected_octets__dsp"
_OUTPUTS = 8


def _accepts(view: NodeView) -> bool:
    if view.input(1).shape[0] % _OUTPUTS or not node.has_fast(view):
        return False
    rows = _rows(view)
    return bool(np.abs(rows).sum(axis=1).max() < 1 << 16 and _halfwords(rows).min() >= -(1 << 15))


def _rows(view: NodeView) -> Ints:
    return live_rows(node.channels(view), node.rows(view))


def _halfwords(rows: Ints) -> Ints:
    """256 a + b: of each two outputs, the first's weights and the second's."""
    return 256 * rows[0::2] + rows[1::2]


def _emit(view: NodeView) -> tuple[Call, ...]:
    pairs = _halfwords(_rows(view))
    padded = np.pad(pairs, ((0, 0), (0, -pairs.shape[1] % 4)))
    # [eight outputs][two of them][four inputs][1 or 3][0 or 2] to fours before pairs, even inputs first
    blocks = padded.reshape(-1, _OUTPUTS // 2, padded.shape[1] // 4, 2, 2).transpose(0, 2, 1, 4, 3)
    channels = needed(node.fast(view)).copy()
    channels[0::4] *= 2
    tables = (
        Consts("weights", "int8_t", blocks.astype("<i2").reshape(-1).view(np.int8), Role.WEIGHTS),
        Consts("channels", "int32_t", channels),
    )
    return (node.call(view, _SYMBOL, tables, (In(0), Out(), Scratch())),)


def _counts(view: NodeView) -> Counts:
    batch, fours = node.batch(view), node.fours(view)
    octets = batch * view.input(1).shape[0] // _OUTPUTS
    return {"steps": octets * fours, "octets": octets, "fours": batch * fours, "rows": batch}


VARIANTS = only(
    ProductForm.S8,
    Variant(
        _SYMBOL, _accepts, _emit, scratch=lambda view: 8 * node.fours(view), counts=_counts, code_bytes=1000
    ),
)
