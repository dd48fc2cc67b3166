"""The kernels that can run one node, and their prices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tinyml_compress.errors import GraphError
from tinyml_compress.ir import NodeView, Prices
from tinyml_compress.ops import operator
from tinyml_compress.ops.base import Level, Variant
from tinyml_compress.ops.work import for_any_bounds
from tinyml_compress.support.instruction_sets import Isa

_TIME_AT_SIZE = 0.15
"""At `size` twice the cycles count as much as a ninth more weights."""
_PLAIN = "plain"
"""The family of kernels that take every shape."""


@dataclass(frozen=True, eq=False)
class Option:
    """A kernel for a node."""

    variant: Variant
    cycles: float
    """Estimated; infinite where nothing is known, as of operators that have one kernel."""
    weight_bytes: int
    """Flash of the node's weights as this kernel wants them."""
    price: float
    """What counts at the level: cycles, or cycles and bytes weighed."""
    family: str


def options(
    view: NodeView, isas: Iterable[Isa], prices: Prices, levels: Iterable[Level] = Level
) -> tuple[Option, ...]:
    """Every kernel that accepts a node at one of these levels, the cheapest first: what cheap means is the
    level's. Ties go to the one that the operator lists first.
    """
    op = operator(view.node.op, view.node.name)
    allowed, wanted = frozenset(isas), frozenset(levels)
    only = next(iter(wanted)) if len(wanted) == 1 else None
    fitting = [v for v in op.variants if v.isa in allowed and wanted & v.levels and v.accepts(view)]
    if not fitting:
        raise GraphError("no kernel accepts this node", which=f"{view.node.op} {view.node.name}")
    priced = (_option(view, variant, prices, only) for variant in fitting)
    return tuple(sorted(priced, key=lambda one: one.price))


def dense_bytes(view: NodeView) -> int:
    """Flash of a node's weights, each by itself."""
    return view.input(1).nbytes if len(view.node.inputs) > 1 and view.node.inputs[1] is not None else 0


def held_bytes(view: NodeView, variant: Variant) -> int:
    """The same as a kernel wants them."""
    return dense_bytes(view) if variant.weight_bytes is None else variant.weight_bytes(view)


def family(symbol: str, op: str) -> str:
    """`words` of `tc_s8_conv_2d_words_relu__dsp`: what sets a kernel apart from others of its operator."""
    stem = for_any_bounds(symbol.removeprefix("tc_").partition("__")[0].partition("_")[2])
    own = op.lower()
    if stem == own or not stem.startswith(f"{own}_"):
        return _PLAIN
    return stem.removeprefix(f"{own}_")


def _option(view: NodeView, variant: Variant, prices: Prices, level: Level | None) -> Option:
    cycles, dense, held = variant.cycles(view, prices), dense_bytes(view), held_bytes(view, variant)
    return Option(
        variant,
        cycles,
        held,
        _price(cycles, held / max(dense, 1), level),
        family(variant.symbol, view.node.op),
    )


def _price(cycles: float, flash: float, level: Level | None) -> float:
    """At `size` weights in flash before cycles, at `balanced` both, cycles more, else cycles alone."""
    if level is Level.SIZE:
        return float(flash * cycles**_TIME_AT_SIZE)
    return float(cycles * flash**0.5) if level is Level.BALANCED else cycles
