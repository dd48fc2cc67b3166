"""The order of execution that needs the least memory: exact for graphs whose branches leave few enough
choices.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from tinyml_compress.ir import Graph
from tinyml_compress.ops import operator
from tinyml_compress.ops.base import Variant
from tinyml_compress.plan.problem import overlap_rules
from tinyml_compress.plan.words import words

_MOST_STEPS = 30_000
"""Nodes looked at; about a third of a second."""


def best_order(graph: Graph, schedule: Sequence[Variant]) -> tuple[int, ...]:
    """Node indices in an order with the lowest peak of live bytes; the graph's own order where none is lower.

    The peak counts what `plan` counts (scratch, dying inputs that outputs may share) but aliases. The search
    goes through sets of executed nodes, best peak first, so the first complete one is optimal; when a graph
    has more such sets than are worth the time, a greedy order is compared with its own.
    """
    own = tuple(range(len(graph.nodes)))
    costs = _Costs(graph, schedule)
    given = costs.peak_of(own)
    if given <= costs.floor:
        return own
    better = _search(costs, given)
    return own if better is None else better


@dataclass(frozen=True)
class _Value:
    """One tensor that needs a place."""

    nbytes: int
    readers: int
    """Bit per node that reads it."""
    stays: bool
    """An output of the graph."""


class _Costs:
    """Live bytes around each node, given the set of nodes that ran before as bits."""

    def __init__(self, graph: Graph, schedule: Sequence[Variant]) -> None:
        self.count = len(graph.nodes)
        names = dict.fromkeys(name for name in graph.inputs if graph.tensors[name].in_arena)
        for node in graph.nodes:
            names.update(dict.fromkeys(name for name in node.outputs if graph.tensors[name].in_arena))
        number = {name: index for index, name in enumerate(names)}
        readers = [0] * len(number)
        self.outputs: list[list[int]] = []
        self.needs: list[int] = []
        maker: dict[str, int] = {}
        acted: int | None = None
        for index, node in enumerate(graph.nodes):
            needs = 0
            if operator(node.op, node.name).acts(graph.view(node)):
                needs |= 0 if acted is None else 1 << acted
                acted = index
            for name in node.inputs:
                if name in number:
                    readers[number[name]] |= 1 << index
                    if name in maker:
                        needs |= 1 << maker[name]
            for name in node.outputs:
                maker[name] = index
            self.needs.append(needs)
            self.outputs.append([number[name] for name in node.outputs if name in number])
        kept = set(graph.outputs)
        self.values = [
            _Value(words(graph.tensors[name].nbytes), readers[index], name in kept)
            for name, index in number.items()
        ]
        self.given = [number[name] for name in graph.inputs if name in number]
        self.scratch = [
            words(variant.scratch(view)) for view, variant in zip(graph.views(), schedule, strict=True)
        ]
        self.savings: list[list[tuple[int, int]]] = []
        for view, variant in zip(graph.views(), schedule, strict=True):
            row: list[tuple[int, int]] = []
            for (source, target), rule in overlap_rules(view, variant).items():
                if source in number:
                    a, b = self.values[number[source]].nbytes, self.values[number[target]].nbytes
                    row.append((number[source], max(0, min(b - words(max(rule.gap, 0)), a))))
            self.savings.append(row)
        self.floor = max(
            (self._least(index, view.node.inputs, number) for index, view in enumerate(graph.views())),
            default=0,
        )

    def _least(self, index: int, inputs: Sequence[str | None], number: dict[str, int]) -> int:
        """What the node needs if nothing else is alive and all its inputs die."""
        read = sum(
            self.values[number[name]].nbytes
            for name in {n for n in inputs if n in number}
            if name is not None
        )
        written = sum(self.values[value].nbytes for value in self.outputs[index])
        saved = sum(shared for _, shared in self.savings[index])
        return max(read, written, read + written - saved) + self.scratch[index]

    def start(self) -> tuple[int, ...]:
        return tuple(self.given)

    def step(self, index: int, done: int, live: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
        """Live bytes while the node runs, and what is alive after it."""
        after_mask = done | 1 << index
        values = self.values
        before = sum(values[value].nbytes for value in live)
        written = sum(values[value].nbytes for value in self.outputs[index])
        kept = tuple(v for v in live if values[v].stays or values[v].readers & ~after_mask)
        passing = sum(values[value].nbytes for value in kept)
        dying = set(live).difference(kept)
        saved = sum(shared for value, shared in self.savings[index] if value in dying)
        during = max(before, passing + written, before + written - saved) + self.scratch[index]
        alive = (
            *kept,
            *(v for v in self.outputs[index] if values[v].stays or values[v].readers & ~after_mask),
        )
        return during, alive

    def ready(self, done: int) -> list[int]:
        """Nodes whose inputs are all there."""
        return [i for i in range(self.count) if not done >> i & 1 and not self.needs[i] & ~done]

    def size(self, live: tuple[int, ...]) -> int:
        return sum(self.values[value].nbytes for value in live)

    def peak_of(self, order: Sequence[int]) -> int:
        done, live, peak = 0, self.start(), 0
        for index in order:
            during, live = self.step(index, done, live)
            done |= 1 << index
            peak = max(peak, during)
        return peak


def _search(costs: _Costs, given: int) -> tuple[int, ...] | None:
    """The first complete set of nodes in order of peak; a greedy order when the work runs out before."""
    whole = (1 << costs.count) - 1
    # Equal peaks: more nodes first, so that a chain is followed to its end; then the graph's own order.
    queue: list[tuple[int, int, tuple[int, ...]]] = [(costs.floor, 0, ())]
    states: dict[int, tuple[int, tuple[int, ...]]] = {0: (costs.floor, costs.start())}
    closed: set[int] = set()
    steps = 0
    while queue:
        peak, _, order = heapq.heappop(queue)
        done = sum(1 << index for index in order)
        if done in closed:
            continue
        closed.add(done)
        if done == whole:
            return order
        if steps > _MOST_STEPS:
            return _greedy(costs, given)
        live = states[done][1]
        moves = [(index, *costs.step(index, done, live)) for index in costs.ready(done)]
        steps += len(moves)
        free = next(
            (move for move in moves if move[1] <= peak and costs.size(move[2]) <= costs.size(live)), None
        )
        if free is not None:
            # It raises neither the peak nor what is alive: doing it now harms nothing that comes later.
            moves = [free]
        for index, during, alive in moves:
            reached, top = done | 1 << index, max(peak, during)
            if top < given and (reached not in states or top < states[reached][0]):
                states[reached] = (top, alive)
                heapq.heappush(queue, (top, -len(order) - 1, (*order, index)))
    return None


def _greedy(costs: _Costs, given: int) -> tuple[int, ...] | None:
    """Always the node that leaves least alive; None when that is no better than `given`."""
    done, live, order = 0, costs.start(), []
    for _ in range(costs.count):
        moves = [(index, *costs.step(index, done, live)) for index in costs.ready(done)]
        fitting = [move for move in moves if move[1] < given]
        if not fitting:
            return None
        index, _, live = min(fitting, key=lambda move: (costs.size(move[2]), move[0]))
        order.append(index)
        done |= 1 << index
    return tuple(order)
