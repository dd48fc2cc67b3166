"""Which layers run together by strips: the front of RAM against cycles, and what is taken of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum, inf, isfinite

from tinyml_compress import plan
from tinyml_compress.errors import BudgetError
from tinyml_compress.fusion import Fusion, Parts, StripForm, fused
from tinyml_compress.ir import Graph, Node, Prices
from tinyml_compress.ops.base import Variant
from tinyml_compress.ops.strips.node import OPERATOR as STRIPS
from tinyml_compress.schedule import held_bytes
from tinyml_compress.support.instruction_sets import Isa

_MOST_RUNS = 48
"""Stretches of nodes that are planned for each chain that is added: those that promise the smallest arena."""
_MOST_WIDENED = 3
"""Of these, the ones that are tried by larger strips too."""
_MOST_CHAINS = 4
_LONGEST = 56
"""Nodes of a stretch; a net of hundreds has too many longer ones to try."""


_MOST_SLOWER = 1.35
"""What a smaller arena may cost in cycles where nobody said how small it has to be."""
_MOST_ESTIMATED = 1.34
"""By estimates: near that bound they were up to 1.2% too low."""
_STEPS = (1.05, _MOST_SLOWER)
"""By so much slower kernels than a layer's fastest one are begun with."""


@dataclass(frozen=True, eq=False)
class GraphForm:
    """A graph some of whose layers may run by strips, with its kernels."""

    graph: Graph
    schedule: tuple[Variant, ...]
    arena_bytes: int
    cycles: float
    """Estimated."""


def form_of(graph: Graph, schedule: tuple[Variant, ...], prices: Prices) -> GraphForm:
    """With what it needs and takes."""
    each = [variant.cycles(view, prices) for view, variant in zip(graph.views(), schedule, strict=True)]
    known = fsum(cycles for cycles in each if isfinite(cycles))
    return GraphForm(graph, schedule, plan.arena_of(graph, schedule), known)


def form_within(
    graph: Graph,
    kernels: Sequence[Sequence[Variant]],
    isas: tuple[Isa, ...],
    prices: Prices,
    kept: frozenset[Node],
    most_ram: int | None,
) -> GraphForm:
    """The fastest form whose arena is at most that; without a bound the smallest that is not much slower than
    the fastest. Out of `kernels` by node, the fastest first; nodes that are `kept` run by themselves.
    """
    front = front_of(graph, kernels, isas, prices, kept, (*_STEPS, *([] if most_ram is None else [inf])))
    if most_ram is None:
        return front.within(_MOST_ESTIMATED)
    return front.fitting(most_ram)


def front_of(
    graph: Graph,
    kernels: Sequence[Sequence[Variant]],
    isas: tuple[Isa, ...],
    prices: Prices,
    kept: frozenset[Node] = frozenset(),
    steps: Sequence[float] = (*_STEPS, inf),
) -> Front:
    """From the fastest kernels on, from the smallest that are at most so many times slower, and from those of
    the least scratch: behind them one sees which layers have to run by strips. Faster ones come back last.
    """
    views = graph.views()
    room = {
        view.node: max(held_bytes(view, one) for one in row) for view, row in zip(views, kernels, strict=True)
    }
    front = Front(isas, prices, kept, room)
    front.fill(form_of(graph, tuple(row[0] for row in kernels), prices))
    for slower in steps:
        rows = [
            [one for one in row if one.cycles(view, prices) <= slower * row[0].cycles(view, prices)]
            or [row[0]]
            for view, row in zip(views, kernels, strict=True)
        ]
        front.fill(form_of(graph, plan.smallest_schedule(graph, rows), prices))
    frugal = (min(row, key=lambda one: one.scratch(view)) for view, row in zip(views, kernels, strict=True))
    front.fill(form_of(graph, tuple(frugal), prices))
    front.settle({view.node: row for view, row in zip(views, kernels, strict=True)})
    return front


@dataclass(eq=False)
class Front:
    """Forms of a graph, none of which another one beats in both; the smallest first."""

    isas: tuple[Isa, ...]
    prices: Prices
    kept: frozenset[Node]
    room: Mapping[Node, int]
    """Flash for the weights of each node."""
    forms: tuple[GraphForm, ...] = field(default=())
    _parts: Parts = field(default_factory=dict)
    _fusions: dict[int, Fusion] = field(default_factory=dict)

    def fill(self, start: GraphForm) -> None:
        """From the graph with the kernels of all its layers on, a chain more at a time."""
        self._add(start)
        for _ in range(_MOST_CHAINS):
            known = self._fusion(start.graph)
            chains = _Chains(start, known)
            smallest = chains.smallest()
            for one in smallest:
                self._add(chains.planned(one, known.smallest(*one)))
            for one in smallest[:_MOST_WIDENED]:
                for form in known.forms(*one):
                    self._add(chains.planned(one, form))
            if not smallest:
                return
            best = chains.planned(smallest[0], known.smallest(*smallest[0]))
            if best is None or best.arena_bytes >= start.arena_bytes:
                return
            start = best

    def settle(self, kernels: Mapping[Node, Sequence[Variant]]) -> None:
        """Once layers run by strips others set the peak: those with slower kernels of less scratch too."""
        for form in self.forms:
            rows = [
                kernels.get(node, (variant,))
                for node, variant in zip(form.graph.nodes, form.schedule, strict=True)
            ]
            self._add(form_of(form.graph, plan.smallest_schedule(form.graph, rows), self.prices))

    def _fusion(self, graph: Graph) -> Fusion:
        """What can run by strips of it does not depend on the kernels of the rest."""
        if id(graph) not in self._fusions:
            self._fusions[id(graph)] = Fusion(
                graph, self.isas, self.prices, self.kept, self.room, self._parts
            )
        return self._fusions[id(graph)]

    def within(self, slower: float) -> GraphForm:
        """The smallest of those that take at most so many times the cycles of the fastest."""
        return next(one for one in self.forms if one.cycles <= slower * self.forms[-1].cycles)

    def fitting(self, most_ram: int) -> GraphForm:
        """The fastest that is small enough."""
        fits = [one for one in self.forms if one.arena_bytes <= most_ram]
        if not fits:
            least = self.forms[0]
            fastest = self.forms[-1].cycles
            slower = (
                f" at {least.cycles / fastest:.2f} times the cycles of the fastest form" if fastest else ""
            )
            raise BudgetError(
                "no form of the model is that small",
                which=f"--max-ram {most_ram}",
                found=f"the smallest arena takes {least.arena_bytes:,} B{slower}",
                next_step="allow that much, or make the model smaller: compress, a smaller input",
            )
        return fits[-1]

    def _add(self, one: GraphForm | None) -> None:
        """Unless it is beaten."""
        if one is None or any(
            other.arena_bytes <= one.arena_bytes and other.cycles <= one.cycles for other in self.forms
        ):
            return
        kept = [o for o in self.forms if o.arena_bytes < one.arena_bytes or o.cycles < one.cycles]
        self.forms = tuple(sorted([*kept, one], key=lambda other: other.arena_bytes))


@dataclass(eq=False)
class _Chains:
    """One more chain in a graph."""

    base: GraphForm
    fusion: Fusion

    def __post_init__(self) -> None:
        self._planned: dict[tuple[tuple[int, int], StripForm], GraphForm | None] = {}
        views = self.base.graph.views()
        self._cycles = [
            variant.cycles(view, self.fusion.prices)
            for view, variant in zip(views, self.base.schedule, strict=True)
        ]

    def smallest(self) -> list[tuple[int, int]]:
        """Stretches of nodes by the arena that they leave, the smallest first."""
        needs = plan.needs(self.base.graph, self.base.schedule)
        every = [
            (first, stop)
            for start, end in self.fusion.runs()
            for first in range(start, end)
            for stop in range(first + 1, min(end, first + _LONGEST) + 1)
        ]
        tried = sorted(every, key=lambda run: self._promise(needs, run))[:_MOST_RUNS]
        sizes = {
            run: form.arena_bytes
            for run in tried
            if (form := self.planned(run, self.fusion.smallest(*run))) is not None
        }
        return sorted(sizes, key=lambda run: sizes[run])

    def _promise(self, needs: Sequence[int], run: tuple[int, int]) -> tuple[int, int]:
        first, stop = run
        around = max((*needs[:first], *needs[stop:]), default=0)
        inside = self.fusion.estimate(first, stop)
        return max(around, inside), inside

    def planned(self, run: tuple[int, int], form: StripForm) -> GraphForm | None:
        """The graph with that stretch by strips; None where it cannot be."""
        if (run, form) not in self._planned:
            first, stop = run
            node = self.fusion.node(first, stop, form)
            if node is None:
                self._planned[run, form] = None
            else:
                schedule = (*self.base.schedule[:first], STRIPS.variants[0], *self.base.schedule[stop:])
                graph = fused(self.base.graph, first, stop, node)
                strips = STRIPS.variants[0].cycles(graph.view(node), self.fusion.prices)
                cycles = [*self._cycles[:first], strips, *self._cycles[stop:]]
                self._planned[run, form] = GraphForm(
                    graph, schedule, plan.arena_of(graph, schedule), fsum(filter(isfinite, cycles))
                )
        return self._planned[run, form]
