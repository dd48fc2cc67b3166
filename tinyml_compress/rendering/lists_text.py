"""What ships, for the terminal."""

from __future__ import annotations

from tinyml_compress.results import Operators, Sets, Zoo
from tinyml_compress.results.base import shows
from tinyml_compress.support.table import Block, Column, Table


@shows(Sets)
def sets_blocks(listed: Sets) -> list[Block]:
    """A line per set."""
    columns = (
        Column("set"),
        Column("shape", priority=1),
        Column("samples", right=True),
        Column("what it is", prose=True),
        Column("licence", priority=2),
    )
    rows = (
        (one.name, _by(one.shape), " + ".join(map(str, one.samples.values())), one.title, one.licence)
        for one in listed.sets
    )
    return [Table(columns, tuple(rows))]


@shows(Zoo)
def zoo_blocks(zoo: Zoo) -> list[Block]:
    """A line per net."""
    columns = (
        Column("name"),
        Column("input", priority=2),
        Column("what it is", prose=True),
        Column("data", priority=1),
        Column("from", prose=True, priority=3),
    )
    rows = ((one.name, _by(one.input_shape), one.title, one.data, one.source) for one in zoo.models)
    return [Table(columns, tuple(rows))]


@shows(Operators)
def operators_blocks(known: Operators) -> list[Block]:
    """A line per operator."""
    columns = (
        Column("operator"),
        Column("element types", priority=1, prose=True),
        Column("kernels", priority=2),
        Column("limits", prose=True),
    )
    rows = (
        (one.name, ", ".join(one.dtypes), "+".join(one.isas), one.limits or "none") for one in known.operators
    )
    return [Table(columns, tuple(rows), notes=(f"{len(known.operators)} operators",))]


def _by(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
