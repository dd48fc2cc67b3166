"""The sparse variants of FULLY_CONNECTED: which nodes they take, what they cost, how their weights lie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import NodeView, needed
from tinyml_compress.ops._products import (
    Channels,
    fast_table,
    finish_bounds,
    int32_table,
    live_rows,
    weight_values,
)
from tinyml_compress.ops._sparse import SparseRows, sparse_blocks, sparse_nibbles, sparse_rows
from tinyml_compress.ops.base import Call, In, Out, ParamValue, Ref, Role, Table, Variant
from tinyml_compress.ops.numerics import Activation

__all__ = ["sparse_variants"]

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
    cycles: Callable[[int, int], float]
    """From pairs (fours of blocks) and outputs."""


_FORMS = (
    _Form(
        "tc_s8_fully_connected_blocks__dsp",
        "sparse-blocks",
        "tc_s8_fc_blocks",
        sparse_blocks,
        0,
        0,
        lambda steps, outputs: 39.0 * steps + 20.0 * outputs,
    ),
    _Form(
        "tc_s8_fully_connected_sparse__dsp",
        "sparse-delta8",
        "tc_s8_fc_sparse",
        sparse_rows,
        8,
        60,
        lambda steps, outputs: 10.7 * steps + 27.0 * outputs,
    ),
    _Form(
        "tc_s8_fully_connected_nibbles__dsp",
        "sparse-delta4",
        "tc_s8_fc_sparse",
        sparse_nibbles,
        6,
        80,
        lambda steps, outputs: 13.1 * steps + 31.0 * outputs,
    ),
)


@lru_cache(maxsize=64)
def _encoded(form: _Form, data: bytes, shape: tuple[int, int]) -> SparseRows:
    return form.encode(np.frombuffer(data, np.int8).reshape(shape).astype(np.int64))


def sparse_variants(
    channels: Callable[[NodeView], Channels], activation: Callable[[NodeView], Activation]
) -> tuple[Variant, ...]:
    """One per encoding, and two in plain C."""
    made = [_variant(form, channels, activation) for form in _FORMS]
    plain = [_plain_variant(blocks, channels, activation) for blocks in (False, True)]
    return (*made, *plain)


def _plain_variant(
    blocks: bool, channels: Callable[[NodeView], Channels], activation: Callable[[NodeView], Activation]
) -> Variant:
    form = _FORMS[0 if blocks else 1]
    symbol = form.symbol.replace("__dsp", "__c")

    def sparse(view: NodeView) -> SparseRows:
        rows = weight_values(view)
        return _encoded(form, rows.tobytes(), (rows.shape[0], rows.shape[1]))

    def accepts(view: NodeView) -> bool:
        weights = weight_values(view)
        if np.count_nonzero(weights) > _DENSEST * weights.size or (blocks and weights.shape[0] % 4):
            return False
        return sparse(view).stream.nbytes < weights.size

    def emit(view: NodeView) -> tuple[Call, ...]:
        it, rows = channels(view), sparse(view)
        columns = [it.bias, it.multiplier, it.shift]
        if not blocks:
            columns.append(2 * rows.pairs.astype(np.int64))
        out_c, in_c = view.input(1).shape
        params: tuple[tuple[str, ParamValue], ...] = (
            ("batch", view.input(0).elements // in_c),
            ("in_c", in_c),
            ("out_c", out_c),
            *finish_bounds(activation(view), view.output()),
            ("weights", Ref("weights")),
            ("channels", Ref("channels")),
        )
        tables = (
            Table("weights", "int8_t", rows.stream, Role.WEIGHTS),
            Table("channels", "int32_t", int32_table(*columns)),
        )
        return (Call(symbol, "tc_s8_fully_connected", params, (In(0), Out()), tables),)

    def cost(view: NodeView) -> float:
        out_c, in_c = view.input(1).shape
        weight = 110.0 if blocks else 28.0
        return view.input(0).elements // in_c * (weight * float(sparse(view).pairs.sum()) + 50.0 * out_c)

    return Variant(
        symbol,
        accepts,
        emit,
        cycles=cost,
        encoding=form.encoding,
        weight_bytes=lambda view: int(sparse(view).stream.nbytes),
        code_bytes=300,
    )


def _variant(
    form: _Form, channels: Callable[[NodeView], Channels], activation: Callable[[NodeView], Activation]
) -> Variant:
    def sparse(view: NodeView) -> SparseRows:
        rows = live_rows(channels(view), weight_values(view).astype(np.int64)).astype(np.int8)
        return _encoded(form, rows.tobytes(), (rows.shape[0], rows.shape[1]))

    def accepts(view: NodeView) -> bool:
        weights = weight_values(view)
        if np.count_nonzero(weights) > _DENSEST * weights.size or (form.rounds == 0 and weights.shape[0] % 4):
            return False
        if fast_table(view, channels(view), activation(view)) is None:
            return False
        return sparse(view).stream.nbytes < weights.size and int(sparse(view).pairs.max()) <= _MOST_PAIRS

    def emit(view: NodeView) -> tuple[Call, ...]:
        fast = needed(fast_table(view, channels(view), activation(view)))
        rows = sparse(view)
        if form.rounds:
            fast = fast.copy()
            fast[3::4] |= _flow(form, rows.pairs)
        out_c, in_c = view.input(1).shape
        params: tuple[tuple[str, ParamValue], ...] = (
            ("batch", view.input(0).elements // in_c),
            ("in_c", in_c),
            ("out_c", out_c),
            ("weights", Ref("weights")),
            ("channels", Ref("channels")),
        )
        tables = (Table("weights", "int8_t", rows.stream, Role.WEIGHTS), Table("channels", "int32_t", fast))
        return (Call(form.symbol, form.struct, params, (In(0), Out()), tables),)

    def cost(view: NodeView) -> float:
        out_c, in_c = view.input(1).shape
        return view.input(0).elements // in_c * form.cycles(int(sparse(view).pairs.sum()), out_c)

    return Variant(
        form.symbol,
        accepts,
        emit,
        cycles=cost,
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
