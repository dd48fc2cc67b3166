"""Grants aliases: joins blocks into rigid units, and says how any two units keep clear of each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tinyml_compress.plan.problem import Problem
from tinyml_compress.plan.words import MIN_ALIGN


@dataclass(frozen=True)
class Unit:
    """Blocks that move together: (block, offset inside the unit), the least offset being 0."""

    members: tuple[tuple[int, int], ...]
    nbytes: int
    align: int


@dataclass(frozen=True)
class Units:
    """What the solver places. `apart[u]` lists (v, low, high): offset[u] - offset[v] not strictly between
    them.
    """

    units: tuple[Unit, ...]
    apart: tuple[tuple[tuple[int, int, int], ...], ...]
    granted: tuple[tuple[int, int, int], ...]

    def each_pair(self) -> Iterator[tuple[int, int, int, int]]:
        """Every entry of `apart` once."""
        for u, row in enumerate(self.apart):
            for v, low, high in row:
                if u < v:
                    yield u, v, low, high


def forbidden(problem: Problem, p: int, q: int) -> tuple[tuple[int, int], ...]:
    """The open intervals that offset[p] - offset[q] must avoid; none when the blocks never meet."""
    a, b = problem.blocks[p], problem.blocks[q]
    if a.last < b.first or b.last < a.first:
        return ()
    bars = [(-a.nbytes, b.nbytes)]
    if (q, p) in problem.rules:  # p is written over q, which dies
        rule = problem.rules[q, p]
        bars = [(max(-a.nbytes, -rule.gap), b.nbytes)]
        if rule.exact:
            bars.append((-a.nbytes, min(-rule.gap, b.nbytes)))
    elif (p, q) in problem.rules:  # q is written over p, which dies
        rule = problem.rules[p, q]
        bars = [(-a.nbytes, min(b.nbytes, rule.gap))]
        if rule.exact:
            bars.append((max(-a.nbytes, rule.gap), b.nbytes))
    return tuple((low, high) for low, high in bars if high - low > 1)


class _Joiner:
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.group = list(range(len(problem.blocks)))
        self.rel = [0] * len(problem.blocks)
        self.members: dict[int, list[int]] = {b: [b] for b in self.group}
        self.granted: list[tuple[int, int, int]] = []

    def grant(self, inner: int, host: int, offset: int) -> None:
        """Join when the result is sound; else leave the two apart."""
        if offset % MIN_ALIGN or offset % self.problem.blocks[inner].align:
            return
        a, b = self.group[inner], self.group[host]
        shift = self.rel[host] + offset - self.rel[inner]  # what inner's unit moves by to sit in host's
        if a == b:
            if shift == 0:
                self.granted.append((inner, host, offset))
            return
        moved = {m: self.rel[m] + shift for m in self.members[a]}
        if any(rel % self.problem.blocks[m].align for m, rel in moved.items()):
            return
        links = [*self.granted, (inner, host, offset)]
        where = {**moved, **{m: self.rel[m] for m in self.members[b]}}
        for p in self.members[a]:
            for q in self.members[b]:
                if not self._agree(p, q, where, links):
                    return
        for m, rel in moved.items():
            self.rel[m] = rel
            self.group[m] = b
        self.members[b] += self.members.pop(a)
        self.granted.append((inner, host, offset))

    def _agree(self, p: int, q: int, where: dict[int, int], links: list[tuple[int, int, int]]) -> bool:
        """Whether p and q may both be there: never together, apart, allowed by a rule, or of
        equal content.
        """
        if not any(bar[0] < where[p] - where[q] < bar[1] for bar in forbidden(self.problem, p, q)):
            return True
        blocks = self.problem.blocks
        low = max(where[p], where[q])
        high = min(where[p] + blocks[p].nbytes, where[q] + blocks[q].nbytes)
        # Equal content: a chain of aliases leads from p to q through blocks that hold all the shared bytes.
        seen, todo = {p}, [p]
        while todo:
            here = todo.pop()
            for inner, host, _ in links:
                for near, far in ((inner, host), (host, inner)):
                    if near == here and far not in seen:
                        seen.add(far)
                        if where[far] <= low and high <= where[far] + blocks[far].nbytes:
                            todo.append(far)
        return q in seen

    def finish(self) -> Units:
        blocks = self.problem.blocks
        units: list[Unit] = []
        home: dict[int, tuple[int, int]] = {}
        for key in sorted(self.members):
            members = sorted(self.members[key])
            align = max(blocks[m].align for m in members)
            base = min(self.rel[m] for m in members)
            base -= base % align
            for m in members:
                home[m] = (len(units), self.rel[m] - base)
            size = max(self.rel[m] - base + blocks[m].nbytes for m in members)
            units.append(Unit(tuple((m, self.rel[m] - base) for m in members), size, align))
        apart: list[list[tuple[int, int, int]]] = [[] for _ in units]
        order = sorted(range(len(blocks)), key=lambda b: blocks[b].first)
        for at, p in enumerate(order):
            for q in order[at + 1 :]:
                if blocks[q].first > blocks[p].last:
                    break
                (u, a), (v, b) = home[p], home[q]
                if u == v:
                    continue
                for bar in forbidden(self.problem, p, q):
                    low, high = bar[0] - a + b, bar[1] - a + b
                    apart[u].append((v, low, high))
                    apart[v].append((u, -high, -low))
        return Units(tuple(units), tuple(tuple(row) for row in apart), tuple(self.granted))


def join(problem: Problem, wanted: Iterable[tuple[int, int, int]]) -> Units:
    """Units with as many of the `wanted` aliases granted, in order, as are sound together."""
    joiner = _Joiner(problem)
    for inner, host, offset in wanted:
        joiner.grant(inner, host, offset)
    return joiner.finish()
