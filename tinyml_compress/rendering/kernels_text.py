"""Why each layer runs on the kernel that it has."""

from __future__ import annotations

from collections.abc import Sequence

from tinyml_compress.results import CompiledNode
from tinyml_compress.support.table import Column, Row, Table

_COLUMNS = (
    Column("layer"),
    Column("kernel"),
    Column("kcycles", "{:,.0f}", absent="-"),
    Column("next", absent="-"),
    Column("kcycles", "{:,.0f}", absent="-"),
    Column("why", prose=True),
)


def kernel_table(nodes: Sequence[CompiledNode], title: str = "") -> Table:
    """A line per layer, beside it the best kernel of another family."""
    notes = ("kcycles: thousands of cycles at the core's prices, to choose by; benchmark counts them",)
    return Table(_COLUMNS, tuple(map(_row, nodes)), title, notes=notes)


def _row(node: CompiledNode) -> Row:
    mine, other = node.option, node.runner_up
    return (
        node.name or node.op,
        node.family,
        None if mine is None or mine.cycles is None else mine.cycles / 1e3,
        None if other is None else other.family,
        None if other is None or other.cycles is None else other.cycles / 1e3,
        node.why or "",
    )
