"""FULLY_CONNECTED of int8 on SMLAD: four outputs at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import NodeView, Role, needed
from tinyml_compress.ops._forms import ProductForm, only
from tinyml_compress.ops._products import Ints, live_rows
from tinyml_compress.ops.base import Call, Consts, In, Out, Scratch, Variant
from tinyml_compress.ops.fully_connected import node
from tinyml_compress.ops.work import Counts

_SYMBOL = "tc_s8_fully_connected_quads__dsp"


def _emit(view: NodeView) -> tuple[Call, ...]:
    rows = live_rows(node.channels(view), node.rows(view))
    tables = (
        Consts("weights", "int8_t", _quad_weights(rows), Role.WEIGHTS),
        Consts("channels", "int32_t", needed(node.fast(view))),
    )
    return (node.call(view, _SYMBOL, tables, (In(0), Out(), Scratch())),)


def _quad_weights(rows: Ints) -> npt.NDArray[np.int8]:
    """Inputs padded to fours; of each four outputs and four inputs the four outputs' words side by side."""
    count, depth = rows.shape
    padded = np.pad(rows, ((0, 0), (0, -depth % 4)))
    whole = count // 4 * 4
    blocks = padded[:whole].reshape(whole // 4, 4, padded.shape[1] // 4, 4).transpose(0, 2, 1, 3)
    ordered: Ints = np.concatenate([blocks.reshape(-1), padded[whole:].reshape(-1)])
    return ordered.astype(np.int8)


def _counts(view: NodeView) -> Counts:
    batch, fours = node.batch(view), node.fours(view)
    quads, rest = divmod(view.input(1).shape[0], 4)
    return {
        "steps": batch * quads * fours,
        "quads": batch * quads,
        "single steps": batch * rest * fours,
        "singles": batch * rest,
        "fours": batch * fours,
        "rows": batch,
    }


VARIANTS = only(
    ProductForm.S8,
    Variant(_SYMBOL, node.has_fast, _emit, scratch=lambda view: 8 * node.fours(view), counts=_counts),
)
