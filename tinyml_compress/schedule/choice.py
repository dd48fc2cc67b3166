"""A kernel for every node of a graph: each node's own choice, within what the whole graph can afford."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from math import fsum, inf

from tinyml_compress.devices import load_core
from tinyml_compress.errors import UsageError
from tinyml_compress.ir import Graph, NodeView, Prices
from tinyml_compress.ops import operator
from tinyml_compress.ops.base import Level, Variant
from tinyml_compress.schedule.options import Option, dense_bytes, family, options
from tinyml_compress.support.instruction_sets import Isa

_SLOWER = 0.035
"""By so much a model may become slower to need one kernel less."""
_SLOWER_FOR_CODE = 0.004
"""By so much to have a smaller one instead."""
_GROWTH = 0.46
"""Kernels that want more than a byte per weight may add this part of the graph's weights, all together."""

AS_ASKED = "as asked"
Asked = tuple[str, str]
"""A layer, by its name or a pattern, and the family, or the very kernel, that the user wants for it."""


@dataclass(frozen=True, eq=False)
class Decision:
    """One node's kernel."""

    options: tuple[Option, ...]
    """The cheapest first."""
    chosen: Option
    why: str


def usual_prices(isas: Iterable[Isa]) -> Prices:
    """Where nobody names a core: those of the one that the richest set has for this."""
    return load_core(Isa.richest(isas).row.core).prices


def decided(
    graph: Graph, isas: Iterable[Isa], level: Level, prices: Prices, asked: Sequence[Asked] = ()
) -> tuple[Decision, ...]:
    """A decision for each node, in the graph's order, by a core's prices."""
    views, allowed = tuple(graph.views()), tuple(isas)
    levels = tuple(Level) if level is Level.RAM else (level,)
    rows = _affordable(views, [options(view, allowed, prices, levels) for view in views])
    decisions = [Decision(row, row[0], _why(row, level)) for row in rows]
    if level in (Level.SIZE, Level.BALANCED):
        decisions = _shared(decisions)
    return tuple(_asked(views, decisions, allowed, prices, asked))


def _why(row: Sequence[Option], level: Level) -> str:
    best = row[0]
    second = next((one for one in row if one.family != best.family), None)
    if second is None:
        return "the only one"
    if level in (Level.SIZE, Level.BALANCED) and best.weight_bytes != second.weight_bytes:
        return "bytes and cycles"
    return "suits its shape" if second.cycles == inf else "fewest cycles"


def _affordable(
    views: Sequence[NodeView], rows: Sequence[tuple[Option, ...]]
) -> tuple[tuple[Option, ...], ...]:
    """Without the options for whose larger weights the graph has no room; what saves most cycles per byte
    has it first.
    """
    weights = {view.node.inputs[1]: dense_bytes(view) for view in views if len(view.node.inputs) > 1}
    room = _GROWTH * sum(weights.values())
    gains: list[tuple[float, int, int]] = []
    for index, (view, row) in enumerate(zip(views, rows, strict=True)):
        dense = dense_bytes(view)
        large = next((one for one in row if one.weight_bytes > dense), None)
        lean = next((one for one in row if one.weight_bytes <= dense), None)
        if large is not None and lean is not None and large.cycles < lean.cycles:
            extra = large.weight_bytes - dense
            gains.append(((lean.cycles - large.cycles) / extra, index, extra))
    kept = list(rows)
    for _, index, extra in sorted(gains, key=lambda gain: (-gain[0], gain[1])):
        if extra <= room:
            room -= extra
        else:
            dense = dense_bytes(views[index])
            kept[index] = tuple(one for one in rows[index] if one.weight_bytes <= dense)
    return tuple(kept)


def _shared(decisions: list[Decision]) -> list[Decision]:
    """No kernel whose code is larger than what it saves: its nodes take those that are there already, or
    some of less code where these are hardly slower.
    """
    for symbol in sorted({one.chosen.variant.symbol for one in decisions if one.chosen.variant.code_bytes}):
        using = [index for index, one in enumerate(decisions) if one.chosen.variant.symbol == symbol]
        code = decisions[using[0]].chosen.variant.code_bytes
        there = {one.chosen.variant.symbol for one in decisions} - {symbol}
        every = fsum(one.chosen.cycles for one in decisions if one.chosen.cycles < inf)
        ways = []
        for less, slower in ((code, _SLOWER_FOR_CODE), (0, _SLOWER)):
            instead = {
                index: fitting[0]
                for index in using
                if (
                    fitting := [one for one in decisions[index].options if _is_less(one.variant, there, less)]
                )
            }
            more = fsum(one.weight_bytes - decisions[at].chosen.weight_bytes for at, one in instead.items())
            lost = fsum(one.cycles - decisions[at].chosen.cycles for at, one in instead.items())
            if len(instead) == len(using) and more < code and lost <= slower * every:
                ways.append((lost, instead))
        for index, one in min(ways, key=lambda way: way[0])[1].items() if ways else ():
            decisions[index] = replace(decisions[index], chosen=one, why="a kernel less")
    return decisions


def _is_less(variant: Variant, there: Set[str], code: int) -> bool:
    return variant.symbol in there or variant.code_bytes < code


def _asked(
    views: Sequence[NodeView],
    decisions: Sequence[Decision],
    isas: tuple[Isa, ...],
    prices: Prices,
    asked: Sequence[Asked],
) -> list[Decision]:
    """What the user asked for, where a kernel can do it."""
    done = list(decisions)
    for pattern, wanted in asked:
        places = [index for index, view in enumerate(views) if fnmatchcase(view.node.name, pattern)]
        if not places:
            names = ", ".join(view.node.name for view in views)
            raise UsageError("no such layer", which=f"--kernel {pattern}={wanted}", allowed=names)
        for index in places:
            done[index] = _one_asked(views[index], decisions[index], isas, prices, wanted)
    return done


def _one_asked(
    view: NodeView, decision: Decision, isas: tuple[Isa, ...], prices: Prices, wanted: str
) -> Decision:
    every = options(view, isas, prices)  # whatever the level
    fitting = [one for one in every if wanted in (one.family, one.variant.symbol)]
    if fitting:
        return replace(decision, chosen=fitting[0], why=AS_ASKED)
    op = operator(view.node.op, view.node.name)
    known = [one for one in op.variants if wanted in (family(one.symbol, op.name), one.symbol)]
    elsewhere = sorted({variant.isa.value for variant in known} - {isa.value for isa in isas})
    able = sorted({one.family for one in every})
    if not known:
        why = f"{op.name} has no such kernel"
    elif elsewhere and len(elsewhere) == len({variant.isa for variant in known}):
        why = f"{wanted} is for --isa {' or '.join(elsewhere)}"
    else:
        why = f"{wanted} does not take this shape, element type or these numbers"
    raise UsageError(
        "the kernel cannot run this layer",
        which=f"--kernel {view.node.name}={wanted}",
        found=why,
        allowed=", ".join(able),
        next_step="compile --explain shows what each layer can have",
    )
