"""Kernels chosen for the least arena, then for speed: what `--optimize ram` plans with."""

from __future__ import annotations

from collections.abc import Sequence

from tinyml_compress.errors import PlanError
from tinyml_compress.ir import Graph
from tinyml_compress.ops.base import Variant
from tinyml_compress.plan.bound import live_bounds
from tinyml_compress.plan.planner import arena_of
from tinyml_compress.plan.problem import problem_of

_MOST_TARGETS = 8
_MOST_PLANS = 120
"""A plan of a published network takes 3 to 5 ms."""
_MOST_NODES = 64 * _MOST_PLANS
"""Of all plans together: an unrolled recurrent net has hundreds of nodes, and each of its plans takes half a
second.
"""


def smallest_schedule(graph: Graph, candidates: Sequence[Sequence[Variant]]) -> tuple[Variant, ...]:
    """One kernel per node out of `candidates` (the fastest first) for which the arena is smallest.

    What a node needs at least follows from its own kernel alone, so for each arena that may be reached the
    fastest kernels that fit are known; the plans of these decide. Then single nodes are tried: other kernels
    where that saves bytes, faster ones where it costs none.
    """
    if len(candidates) != len(graph.nodes) or not all(candidates):
        raise PlanError("every node needs a kernel to choose from", found=f"{len(candidates)} choices")
    search = _Search(graph, candidates)
    search.by_target()
    search.by_node()
    search.give_back()
    return search.schedule(search.best)


class _Search:
    """Choices are positions in `candidates`; 0 is the fastest."""

    def __init__(self, graph: Graph, candidates: Sequence[Sequence[Variant]]) -> None:
        self._graph = graph
        self._candidates = candidates
        self._known: dict[tuple[int, ...], int] = {}
        self._floor = 0
        self._needs = self._all_needs()
        self.best = tuple(0 for _ in candidates)
        self.arena = self._arena(self.best)

    def schedule(self, choice: Sequence[int]) -> tuple[Variant, ...]:
        return tuple(row[at] for row, at in zip(self._candidates, choice, strict=True))

    def _arena(self, choice: tuple[int, ...]) -> int:
        if choice not in self._known:
            self._known[choice] = arena_of(self._graph, self.schedule(choice))
        return self._known[choice]

    def _spent(self) -> bool:
        plans = len(self._known)
        return plans >= _MOST_PLANS or plans * len(self._candidates) >= _MOST_NODES

    def _try(self, choice: tuple[int, ...]) -> bool:
        arena = self._arena(choice)
        if arena < self.arena:
            self.best, self.arena = choice, arena
            return True
        return False

    def by_target(self) -> None:
        """The most frugal kernel everywhere; and for a few arenas the fastest that can live in it."""
        needs = self._needs
        if not needs:
            return
        self._floor = max(min(row) for row in needs)
        targets = sorted({max(self._floor, need) for row in needs for need in row})
        self._try(tuple(row.index(min(row)) for row in needs))
        for target in targets[:_MOST_TARGETS]:
            self._try(tuple(next(at for at, need in enumerate(row) if need <= target) for row in needs))

    def _all_needs(self) -> list[list[int]]:
        """Per node and candidate, the least bytes while the node runs."""
        depth = max((len(row) for row in self._candidates), default=0)
        needs: list[list[int]] = [[] for _ in self._candidates]
        for level in range(depth):
            choice = [min(level, len(row) - 1) for row in self._candidates]
            bounds = live_bounds(problem_of(self._graph, self.schedule(choice)))
            for node, row in enumerate(self._candidates):
                if level < len(row):
                    needs[node].append(bounds[node + 1])
        return needs

    def by_node(self) -> None:
        """Other kernels for single nodes, as long as that saves bytes."""
        moved = True
        while moved and self.arena > self._floor and not self._spent():
            moved = False
            # Nodes that need most now are the likeliest to matter.
            order = sorted(range(len(self._candidates)), key=lambda node: -self._needs[node][self.best[node]])
            for node in order:
                for at in range(len(self._candidates[node])):
                    if self._spent():
                        return
                    moved |= self._try((*self.best[:node], at, *self.best[node + 1 :]))

    def give_back(self) -> None:
        """The fastest kernel for each node that does not need its slower one."""
        for node in range(len(self._candidates)):
            for at in range(self.best[node]):
                choice = (*self.best[:node], at, *self.best[node + 1 :])
                if not (self._spent() and choice not in self._known) and self._arena(choice) <= self.arena:
                    self.best, self.arena = choice, self._arena(choice)
                    break
