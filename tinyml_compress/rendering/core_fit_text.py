"""A core's costs on one board, for people."""

from __future__ import annotations

from tinyml_compress.results import CoreFit
from tinyml_compress.results.base import shows
from tinyml_compress.support.table import Block, Column, Table, facts

_WIDE = 0.10


@shows(CoreFit)
def core_fit_blocks(result: CoreFit) -> list[Block]:
    """Costs, programs, and how to go on."""
    kind = "an emulated board's model of a clock" if result.emulated else "its own clock"
    clock = f"{result.core} at {result.clock_hz / 1e6:g} MHz, like {result.like}, at {result.port}, by {kind}"
    told = facts(
        [
            ("board", f"{result.board}: {clock}"),
            ("error", f"±{result.error:.1%} for other programs"),
            *(("wrote", str(path)) for path in result.files),
        ]
    )
    costs = Table(
        (Column("cost"), Column("of the core", "{:.3f}"), Column("of this board", "{:.3f}")),
        tuple((one.name, one.before, one.cycles) for one in result.costs),
    )
    programs = Table(
        (
            Column("program"),
            Column("instructions", "{:,}"),
            Column("cycles", "{:,}"),
            Column("off when left out", "{:+.1%}"),
        ),
        tuple((one.name, one.instructions, one.cycles, one.off) for one in result.programs),
    )
    folder = result.files[0].parent
    wide = (
        ["note: the bar is wide: is the clock that of the board's file, the compiler that of the firmware?"]
        if result.error > _WIDE
        else []
    )
    call = f"benchmark MODEL --target {result.board} --targets-dir {folder}"
    return [told, "", costs, "", programs, "", *wide, f"next: tinyml-compress {call}"]
