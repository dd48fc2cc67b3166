"""Places units: greedy orders, then local search, then exact search, under a limit of work, not of time."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tinyml_compress.plan.problem import Problem
from tinyml_compress.plan.proof import Pairs, fits
from tinyml_compress.plan.units import Units

_LOCAL_WORK = 300_000
_EXACT_WORK = 300_000
_GLANCE_WORK = 20_000
"""Work counts visits to a pair of units; a million take about half a second."""


@dataclass(frozen=True)
class Packing:
    """Offset per unit, the arena they need, and whether a complete search showed that less is impossible."""

    offsets: tuple[int, ...]
    arena: int
    proven: bool


def solve(problem: Problem, units: Units, bounds: Sequence[int], effort: float = 1.0) -> Packing:
    """The best packing found with that share of the usual work; stops when it meets the bound
    `max(bounds)`.
    """
    if not units.units:
        return Packing((), 0, True)
    search = _Search(problem, units, bounds, effort)
    search.greedy()
    proven = search.exact(_GLANCE_WORK)
    if not proven:
        search.local()
        proven = search.exact(_EXACT_WORK * effort)
    return Packing(tuple(search.best), search.arena, proven)


class _Search:
    def __init__(self, problem: Problem, units: Units, bounds: Sequence[int], effort: float) -> None:
        self.problem = problem
        self.units = units
        self.sizes = [unit.nbytes for unit in units.units]
        self.aligns = [unit.align for unit in units.units]
        self.apart = units.apart
        self.bounds = bounds
        self.bound = max(bounds)
        self.work = 0.0
        self.effort = effort
        self.best: list[int] = []
        self.order: list[int] = []
        self.arena = 1 << 62

    @property
    def done(self) -> bool:
        return self.arena <= self.bound

    def lowest(self, u: int, offsets: list[int]) -> int:
        """The least offset of u that is clear of all placed units (-1: not placed)."""
        rows = self.apart[u]
        self.work += len(rows)
        barred = [(offsets[v] + low, offsets[v] + high) for v, low, high in rows if offsets[v] >= 0]
        barred.sort()
        align = self.aligns[u]
        spot = 0
        for low, high in barred:
            if low >= spot:
                if low > spot:
                    break
                continue
            if spot < high:
                spot = -(-high // align) * align
        return spot

    def decode(self, order: Sequence[int], known: Sequence[int] = ()) -> tuple[int, list[int]]:
        """Place in this order, each as low as it goes; the best result is kept. `known` are the offsets of
        the first ones, which an order that begins alike has shown.
        """
        offsets = [-1] * len(self.sizes)
        # What is known counts as work all the same, or the limit would stop another search.
        for u, offset in zip(order[: len(known)], known, strict=True):
            offsets[u] = offset
            self.work += len(self.apart[u])
        for u in order[len(known) :]:
            offsets[u] = self.lowest(u, offsets)
        top = max(map(sum, zip(offsets, self.sizes, strict=True)))
        if top < self.arena:
            self.arena, self.best, self.order = top, list(offsets), list(order)
        return top, offsets

    def greedy(self) -> None:
        blocks = self.problem.blocks
        first = [min(blocks[m].first for m, _ in unit.members) for unit in self.units.units]
        last = [max(blocks[m].last for m, _ in unit.members) for unit in self.units.units]
        peak = [
            max(self.bounds[step + 1] for step in range(a, b + 1)) for a, b in zip(first, last, strict=True)
        ]
        size = self.sizes
        keys = (
            lambda u: (-size[u], first[u]),
            lambda u: (-peak[u], -first[u], -size[u]),
            lambda u: (-peak[u], -size[u], first[u]),
            lambda u: (-size[u] * (last[u] - first[u] + 1), first[u]),
            lambda u: (first[u] - last[u], -size[u]),
            lambda u: (first[u], -size[u]),
            lambda u: (-last[u], -size[u]),
            lambda u: (-size[u], -last[u]),
            lambda u: (-len(self.apart[u]), -size[u]),
        )
        for key in keys:
            self.decode(sorted(range(len(size)), key=key))
            if self.done:
                return
        self.decode(self._by_steps(size))

    def _by_steps(self, size: list[int]) -> list[int]:
        """Steps from the fullest down; at each, what is written first, then what is read, then the rest."""
        blocks = self.problem.blocks
        here: list[list[tuple[int, int, int]]] = [[] for _ in range(self.problem.nodes + 2)]
        for u, unit in enumerate(self.units.units):
            for m, _ in unit.members:
                for step in range(blocks[m].first, blocks[m].last + 1):
                    here[step + 1].append((step - blocks[m].first, -size[u], u))
        order: dict[int, None] = {}
        for step in sorted(range(len(here)), key=lambda step: (-self.bounds[step], step)):
            order.update((u, None) for _, _, u in sorted(here[step]))
        return list(order)

    def local(self) -> None:
        """Move units that reach the top, or random ones, to earlier turns; keep what is no worse."""
        if self.done or len(self.sizes) < 3:
            return
        dice = random.Random(20)
        limit = self.work + _LOCAL_WORK * self.effort
        order, score = list(self.order), self.arena
        offsets, shown = list(self.best), False  # the exact search may have found them, by no order
        while self.work < limit and not self.done:
            trial = list(order)
            if dice.random() < 0.6:
                top = [at for at, u in enumerate(trial) if offsets[u] + self.sizes[u] == score]
                source = dice.choice(top) if top else dice.randrange(len(trial))
            else:
                source = dice.randrange(len(trial))
            if dice.random() < 0.7:
                target = dice.randrange(source + 1)
                trial.insert(target, trial.pop(source))
            else:
                target = dice.randrange(len(trial))
                trial[source], trial[target] = trial[target], trial[source]
            same = order[: min(source, target)] if shown else []
            height, placed = self.decode(trial, [offsets[u] for u in same])
            if height <= score or dice.random() < 0.01:
                order, score, offsets, shown = trial, height, placed, True

    def exact(self, limit: float) -> bool:
        """Ask for ever smaller arenas; True when the last answer was a certain no."""
        pairs = Pairs(tuple(self.sizes), tuple(self.aligns), tuple(self.units.each_pair()))
        while not self.done and limit > 0:
            answer = fits(pairs, self.arena - 1, int(limit))
            limit -= answer.work
            if answer.offsets is None:
                return answer.certain
            self.best = answer.offsets
            self.arena = max(o + s for o, s in zip(self.best, self.sizes, strict=True))
        return self.done
