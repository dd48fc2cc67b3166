"""FULLY_CONNECTED of int16 on SMLAD: two outputs by four inputs at a time."""

from __future__ import annotations

import numpy as np

from tinyml_compress.ir import NodeView, Role
from tinyml_compress.ops._forms import ProductForm, bias_values, chunk_of, only, wide_table
from tinyml_compress.ops._products import Ints, clamp_bounds
from tinyml_compress.ops.base import Call, Consts, In, Out, ParamValue, Ref, Scratch, Variant
from tinyml_compress.ops.fully_connected import node
from tinyml_compress.ops.work import Counts

_SYMBOL = "tc_s16_fully_connected__dsp"


def _emit(view: NodeView) -> tuple[Call, ...]:
    rows = node.rows(view)
    padded = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))
    low, high = clamp_bounds(node.activation(view), view.output())
    params: tuple[tuple[str, ParamValue], ...] = (
        *node.sizes(view),
        ("act_min", low),
        ("act_max", high),
        ("chunk", chunk_of(padded, 4)),
        ("weights", Ref("weights")),
        ("channels", Ref("channels")),
    )
    pairs, fours = len(rows) // 2, padded.shape[1] // 4
    even = pairs * 2
    blocks = padded[:even].reshape(pairs, 2, fours, 4).transpose(0, 2, 1, 3)
    stream: Ints = np.concatenate([blocks.reshape(-1), padded[even:].reshape(-1)])
    tables = (
        Consts("weights", "int8_t", stream.astype(np.int8), Role.WEIGHTS),
        Consts("channels", "int32_t", wide_table(bias_values(view, len(rows)), node.row_multipliers(view))),
    )
    return (Call(_SYMBOL, "tc_s16_fc_pairs", params, (In(0), Out(), Scratch()), tables),)


def _counts(view: NodeView) -> Counts:
    batch, outputs = node.batch(view), view.output().elements
    return {"steps": outputs * node.fours(view), "outputs": outputs, "fours": batch * node.fours(view)}


VARIANTS = only(
    ProductForm.S16,
    Variant(_SYMBOL, lambda view: True, _emit, scratch=lambda view: 8 * node.fours(view), counts=_counts),
)
