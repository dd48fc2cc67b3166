"""Why each layer runs on the kernel that it has."""

from __future__ import annotations

from collections.abc import Sequence

from tinyml_compress.results import CompiledNode
from tinyml_compress.support.table import Column, Row, Table

_STRIPS = "STRIPS"
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
    notes = (
        "kcycles: thousands of cycles at the core's prices, to choose by; benchmark counts them",
        f"form: {_form(nodes)}",
    )
    return Table(_COLUMNS, tuple(map(_row, nodes)), title, notes=notes)


def _form(nodes: Sequence[CompiledNode]) -> str:
    """Which layers run by strips, and what all of it takes."""
    known = [
        node.option.cycles for node in nodes if node.option is not None and node.option.cycles is not None
    ]
    price = f"{sum(known) / 1e3:,.0f} kcycles in all"
    if len(known) < len(nodes):
        price += f" without {len(nodes) - len(known)} layers that have no price"
    stretches = [node.name for node in nodes if node.op == _STRIPS]
    if not stretches:
        return f"plain, each layer by itself: {price}"
    return f"by strips ({'; '.join(stretches)}): {price}"


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
