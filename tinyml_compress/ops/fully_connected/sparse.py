"""FULLY_CONNECTED with only the weights that are not zero: which nodes, at what cost, how the weights lie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import NodeView, Role, needed
from tinyml_compress.ops._forms import ProductForm, only
from tinyml_compress.ops._products import int32_table, live_rows, weight_values
from tinyml_compress.ops._sparse import SparseRows, sparse_blocks, sparse_nibbles, sparse_rows
from tinyml_compress.ops.base import Call, Consts, In, Out, ParamValue, Ref, Variant
from tinyml_compress.ops.fully_connected import node
from tinyml_compress.ops.work import Counts

_DENSEST = 0.6
"""With more weights than this that are not zero, neither flash nor time is gained."""
_MOST_PAIRS = 4095 * 2


@dataclass(frozen=True)
class _Form:
    """One kernel and its encoding."""

    symbol: str
    encoding: str
    struct: str
    encode: Callable[[npt.NDArray[np.int64]], SparseRows]
    rounds: int
    """Fours of weights in the loop of the assembly, and the bytes of code for each; 0 where it is not
    entered.
    """
    code: int


_FORMS = (
    _Form(
        "tc_s8_fully_connected_blocks__dsp",
        "sparse-blocks",
        "tc_s8_fc_blocks",
        sparse_blocks,
        0,
        0,
    ),
    _Form(
        "tc_s8_fully_connected_sparse__dsp",
        "sparse-delta8",
        "tc_s8_fc_sparse",
        sparse_rows,
        8,
        60,
    ),
    _Form(
        "tc_s8_fully_connected_nibbles__dsp",
        "sparse-delta4",
        "tc_s8_fc_sparse",
        sparse_nibbles,
        6,
        80,
    ),
)


def _counts(view: NodeView, rows: SparseRows) -> Counts:
    return {"pairs": node.batch(view) * int(rows.pairs.sum()), "outputs": view.output().elements}


@lru_cache(maxsize=64)
def _encoded(form: _Form, data: bytes, shape: tuple[int, int]) -> SparseRows:
    return form.encode(np.frombuffer(data, np.int8).reshape(shape).astype(np.int64))


def _plain_variant(form: _Form) -> Variant:
    symbol, blocks = form.symbol.replace("__dsp", "__c"), form.rounds == 0

    def sparse(view: NodeView) -> SparseRows:
        rows = weight_values(view)
        return _encoded(form, rows.tobytes(), (rows.shape[0], rows.shape[1]))

    def accepts(view: NodeView) -> bool:
        weights = weight_values(view)
        if np.count_nonzero(weights) > _DENSEST * weights.size or (blocks and weights.shape[0] % 4):
            return False
        return sparse(view).stream.nbytes < weights.size

    def emit(view: NodeView) -> tuple[Call, ...]:
        it, rows = node.channels(view), sparse(view)
        columns = [it.bias, it.multiplier, it.shift]
        if not blocks:
            columns.append(2 * rows.pairs.astype(np.int64))
        tables = (
            Consts("weights", "int8_t", rows.stream, Role.WEIGHTS),
            Consts("channels", "int32_t", int32_table(*columns)),
        )
        return (node.call(view, symbol, tables),)

    return Variant(
        symbol,
        accepts,
        emit,
        counts=lambda view: _counts(view, sparse(view)),
        encoding=form.encoding,
        weight_bytes=lambda view: int(sparse(view).stream.nbytes),
        code_bytes=300,
    )


def _variant(form: _Form) -> Variant:
    def sparse(view: NodeView) -> SparseRows:
        rows = live_rows(node.channels(view), node.rows(view)).astype(np.int8)
        return _encoded(form, rows.tobytes(), (rows.shape[0], rows.shape[1]))

    def accepts(view: NodeView) -> bool:
        weights = weight_values(view)
        if np.count_nonzero(weights) > _DENSEST * weights.size or (form.rounds == 0 and weights.shape[0] % 4):
            return False
        if not node.has_fast(view):
            return False
        return sparse(view).stream.nbytes < weights.size and int(sparse(view).pairs.max()) <= _MOST_PAIRS

    def emit(view: NodeView) -> tuple[Call, ...]:
        fast = needed(node.fast(view))
        rows = sparse(view)
        if form.rounds:
            fast = fast.copy()
            fast[3::4] |= _flow(form, rows.pairs)
        params: tuple[tuple[str, ParamValue], ...] = (
            *node.sizes(view),
            ("weights", Ref("weights")),
            ("channels", Ref("channels")),
        )
        tables = (
            Consts("weights", "int8_t", rows.stream, Role.WEIGHTS),
            Consts("channels", "int32_t", fast),
        )
        return (Call(form.symbol, form.struct, params, (In(0), Out()), tables),)

    return Variant(
        form.symbol,
        accepts,
        emit,
        counts=lambda view: _counts(view, sparse(view)),
        encoding=form.encoding,
        weight_bytes=lambda view: int(sparse(view).stream.nbytes),
        code_bytes=800,
    )


def _flow(form: _Form, pairs: npt.NDArray[np.uint16]) -> npt.NDArray[np.int32]:
    """What the assembly needs of a row beside the shift (tc_fc_sparse.h)."""
    fours = pairs.astype(np.int64) // 2
    skipped = np.where(fours > 0, -fours % form.rounds, form.rounds)
    flow = fours << 20 | (pairs.astype(np.int64) % 2) << 17 | (skipped * form.code + 1) << 8
    return flow.astype(np.uint32).view(np.int32)


VARIANTS = only(ProductForm.S8, *map(_variant, _FORMS), _plain_variant(_FORMS[1]), _plain_variant(_FORMS[0]))
