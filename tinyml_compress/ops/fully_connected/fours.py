"""FULLY_CONNECTED of int16 on Helium: four outputs at a time."""

from __future__ import annotations

import numpy as np

from tinyml_compress.ir import NodeView, Role
from tinyml_compress.ops._forms import ProductForm, bias_values, only, wide_table
from tinyml_compress.ops.base import Call, Consts, Variant
from tinyml_compress.ops.fully_connected import node
from tinyml_compress.ops.work import Counts

_SYMBOL = "tc_s16_fully_connected_fours__mve"


def _emit(view: NodeView) -> tuple[Call, ...]:
    rows = node.rows(view)
    padded = np.pad(rows, ((0, -len(rows) % 4), (0, -rows.shape[1] % 8)))
    blocks = padded.reshape(len(padded) // 4, 4, -1, 8).transpose(0, 2, 1, 3)
    channels = wide_table(bias_values(view, len(rows)), node.row_multipliers(view))
    tables = (
        Consts("weights", "int8_t", blocks.reshape(-1).astype(np.int8), Role.WEIGHTS),
        Consts("channels", "int32_t", channels),
    )
    return (node.call(view, _SYMBOL, tables),)


def _weight_bytes(view: NodeView) -> int:
    out_c, in_c = view.input(1).shape
    return 32 * ((out_c + 3) // 4) * ((in_c + 7) // 8)


def _counts(view: NodeView) -> Counts:
    batch, (out_c, in_c) = node.batch(view), view.input(1).shape
    fours = batch * ((out_c + 3) // 4)
    return {"steps": fours * ((in_c + 7) // 8), "fours": fours, "rows": batch}


VARIANTS = only(
    ProductForm.S16,
    Variant(_SYMBOL, lambda view: True, _emit, counts=_counts, weight_bytes=_weight_bytes),
)
