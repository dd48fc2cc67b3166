"""Places units: greedy orders, then local search, then branch and bound, under a limit of work, not of time."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tinyml_compress.plan.problem import Problem
from tinyml_compress.plan.units import Units

__all__ = ["Placement", "solve"]

_LOCAL_WORK = 300_000
_EXACT_WORK = 300_000
"""Work counts visits to a pair of units; a million take about half a second."""


@dataclass(frozen=True)
class Placement:
    """Offset per unit, the arena they need, and whether a complete search showed that less is impossible."""

    offsets: tuple[int, ...]
    arena: int
    proven: bool


def solve(problem: Problem, units: Units, bounds: Sequence[int], effort: float = 1.0) -> Placement:
    """The best placement found with that share of the usual work; stops when it meets the bound `max(bounds)`."""
    if not units.units:
        return Placement((), 0, True)
    search = _Search(problem, units, bounds, effort)
    search.greedy()
    search.local()
    proven = search.exact()
    return Placement(tuple(search.best), search.arena, proven)


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

    def decode(self, order: Sequence[int]) -> int:
        """Place in this order, each as low as it goes; keep the result when it is the best."""
        offsets = [-1] * len(self.sizes)
        top = 0
        for u in order:
            offsets[u] = self.lowest(u, offsets)
            top = max(top, offsets[u] + self.sizes[u])
        if top < self.arena:
            self.arena, self.best, self.order = top, offsets, list(order)
        return top

    def greedy(self) -> None:
        blocks = self.problem.blocks
        first = [min(blocks[m].first for m, _ in unit.members) for unit in self.units.units]
        last = [max(blocks[m].last for m, _ in unit.members) for unit in self.units.units]
        peak = [max(self.bounds[step + 1] for step in range(a, b + 1)) for a, b in zip(first, last, strict=True)]
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
        order: dict[int, None] = {}
        steps = sorted(range(-1, self.problem.nodes + 1), key=lambda step: (-self.bounds[step + 1], step))
        for step in steps:
            here = [
                (min(abs(blocks[m].first - step) for m, _ in unit.members), -size[u], u)
                for u, unit in enumerate(self.units.units)
                if any(blocks[m].first <= step <= blocks[m].last for m, _ in unit.members)
            ]
            order.update((u, None) for _, _, u in sorted(here))
        return list(order)

    def local(self) -> None:
        """Move units that reach the top, or random ones, to earlier turns; keep what is no worse."""
        if self.done or len(self.sizes) < 3:
            return
        dice = random.Random(20)
        limit = self.work + _LOCAL_WORK * self.effort
        order, score = list(self.order), self.arena
        offsets = list(self.best)
        while self.work < limit and not self.done:
            trial = list(order)
            if dice.random() < 0.6:
                top = [at for at, u in enumerate(trial) if offsets[u] + self.sizes[u] == score]
                source = dice.choice(top) if top else dice.randrange(len(trial))
            else:
                source = dice.randrange(len(trial))
            if dice.random() < 0.7:
                trial.insert(dice.randrange(source + 1), trial.pop(source))
            else:
                other = dice.randrange(len(trial))
                trial[source], trial[other] = trial[other], trial[source]
            found, placed = self._try(trial)
            if found <= score or dice.random() < 0.01:
                order, score, offsets = trial, found, placed

    def _try(self, order: list[int]) -> tuple[int, list[int]]:
        offsets = [-1] * len(self.sizes)
        top = 0
        for u in order:
            offsets[u] = self.lowest(u, offsets)
            top = max(top, offsets[u] + self.sizes[u])
        if top < self.arena:
            self.arena, self.best, self.order = top, list(offsets), list(order)
        return top, offsets

    def exact(self) -> bool:
        """Search all placements in order of rising offsets; True when the search was complete.

        Among the smallest plans take one whose offsets have the least sum: there no unit can move to a lower
        place. Every unit then lies at the lowest place that those at lower or equal offsets leave it (whatever lies
        higher bars no place below its own), so placing units in order of rising offset, each at its lowest place,
        meets this plan. That needs bars that reach up to the offset of the unit that raises them: single blocks
        with gaps of 0 and more.
        """
        if self.done:
            return True
        complete = all(len(unit.members) == 1 for unit in self.units.units) and all(
            high >= 0 for row in self.apart for _, _, high in row
        )
        limit = self.work + _EXACT_WORK * self.effort
        return self._climb([-1] * len(self.sizes), 0, list(range(len(self.sizes))), limit) and complete

    def _climb(self, offsets: list[int], level: int, left: list[int], limit: float) -> bool:
        """Depth first without recursion; False when the work ran out."""
        stack: list[tuple[int, int, list[tuple[int, int]], int]] = []
        choices = self._choices(offsets, level, left)
        at = 0
        while True:
            if self.work > limit:
                return self.done
            if at < len(choices):
                spot, u = choices[at]
                stack.append((level, u, choices, at))
                offsets[u] = spot
                left.remove(u)
                level = spot
                if not left:
                    top = max(o + s for o, s in zip(offsets, self.sizes, strict=True))
                    if top < self.arena:
                        self.arena, self.best = top, list(offsets)
                        if self.done:
                            return True
                    choices, at = [], 0
                else:
                    choices, at = self._choices(offsets, level, left), 0
                continue
            if not stack:
                return True
            level, u, choices, at = stack.pop()
            offsets[u] = -1
            left.append(u)
            at += 1

    def _choices(self, offsets: list[int], level: int, left: list[int]) -> list[tuple[int, int]]:
        """Units that may come next, lowest first; none when this branch cannot beat the best plan."""
        spots: list[tuple[int, int]] = []
        for u in left:
            spot = self.lowest(u, offsets)
            if max(spot, level) + self.sizes[u] >= self.arena:
                return []
            if spot >= level:
                spots.append((spot, u))
        if not self._room(level, left):
            return []
        spots.sort(key=lambda item: (item[0], -self.sizes[item[1]], item[1]))
        # A unit that starts above the end of another choice which it never meets... is reached after that one too;
        # the next offset is at most the lowest end of what may come next.
        if spots:
            least = min(spot + self.sizes[u] for spot, u in spots)
            return [(spot, u) for spot, u in spots if spot < least or spot == spots[0][0]]
        return []

    def _room(self, level: int, left: list[int]) -> bool:
        """Whether what is left still fits above `level`, step by step."""
        blocks = self.problem.blocks
        use: dict[int, int] = {}
        rest = set()
        for u in left:
            for m, _ in self.units.units[u].members:
                rest.add(m)
        for (a, b), gap in self.problem.rules.items():
            if a in rest and b in rest:
                shared = max(0, min(blocks[b].nbytes - max(gap, 0), blocks[a].nbytes))
                use[blocks[b].first] = use.get(blocks[b].first, 0) - shared
        if any(len(self.units.units[u].members) > 1 for u in left):
            return True
        for m in rest:
            for step in range(blocks[m].first, blocks[m].last + 1):
                use[step] = use.get(step, 0) + blocks[m].nbytes
        self.work += len(rest)
        return all(level + need < self.arena for need in use.values())
