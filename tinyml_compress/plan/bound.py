"""A bound below which no plan can go, whatever aliases are granted and wherever blocks lie."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from tinyml_compress.plan.problem import Problem
from tinyml_compress.plan.words import words


def live_bounds(problem: Problem) -> list[int]:
    """Per step (-1 to len(nodes), so one more than the node's index) the bytes that must be there at once.

    Blocks alive at a step lie apart, but for two savings: blocks of equal content (aliases) count once, and a
    dying input may share with its node's output as many bytes as the gap leaves. Inputs lie apart from one
    another and so do outputs, so the shared bytes of different pairs are different bytes and may be summed
    up. Before the node all its inputs are whole, after it all its outputs: neither saving goes below that.
    Blocks start on words, so all but the topmost take whole words.
    """
    contents = _Contents(problem)
    savings: dict[int, int] = {}
    for (source, target), rule in problem.rules.items():
        a, b = problem.blocks[source], problem.blocks[target]
        shared = max(0, min(words(b.nbytes) - words(max(rule.gap, 0)), words(a.nbytes)))
        savings[b.first] = savings.get(b.first, 0) + shared
    bounds: list[int] = []
    living: list[list[int]] = [[] for _ in range(problem.nodes + 2)]
    for index, block in enumerate(problem.blocks):
        for step in range(block.first, block.last + 1):
            living[step + 1].append(index)
    for step, alive in enumerate(living, start=-1):
        before = [b for b in alive if problem.blocks[b].first < step or problem.blocks[b].tensor is None]
        after = [b for b in alive if problem.blocks[b].last > step or problem.blocks[b].first == step]
        shared = contents.size(alive) - savings.get(step, 0)
        whole = max(shared, contents.size(before), contents.size(after))
        blank = max((words(problem.blocks[b].nbytes) - problem.blocks[b].nbytes for b in alive), default=0)
        bounds.append(whole - blank)
    return bounds


def equal_content(problem: Problem) -> frozenset[tuple[int, int]]:
    """Pairs of blocks (lower index first) that hold some bytes in common, so that they may lie over each
    other.
    """
    return _Contents(problem).equal()


class _Contents:
    """Counts distinct bytes of sets of blocks, in whole words; aliased blocks hold the same bytes."""

    def __init__(self, problem: Problem) -> None:
        self._blocks = problem.blocks
        self._bytes: dict[int, npt.NDArray[np.int64]] = {}
        self._known: dict[frozenset[int], int] = {}
        fresh = 0
        touched = {b for inner, host, _ in problem.aliases for b in (inner, host)}
        for b in sorted(touched, key=lambda b: (problem.blocks[b].first, b)):
            size = problem.blocks[b].nbytes
            self._bytes[b] = np.arange(fresh, fresh + size, dtype=np.int64)
            fresh += size
        # In order of definition: a block made from parts takes their bytes, a part takes those of its whole.
        for inner, host, offset in problem.aliases:
            size = problem.blocks[inner].nbytes
            if problem.blocks[inner].first <= problem.blocks[host].first:
                self._bytes[host][offset : offset + size] = self._bytes[inner]
            else:
                self._bytes[inner] = self._bytes[host][offset : offset + size].copy()

    def size(self, members: Iterable[int]) -> int:
        shared: list[int] = []
        total = 0
        for b in members:
            if b in self._bytes:
                shared.append(b)
            else:
                total += words(self._blocks[b].nbytes)
        if not shared:
            return total
        key = frozenset(shared)
        if key not in self._known:
            largest = max(self._blocks[b].nbytes for b in key)
            distinct = (
                np.unique(np.concatenate([self._bytes[b] for b in key])).size if len(key) > 1 else largest
            )
            self._known[key] = max(largest, int(distinct))
        return total + words(self._known[key])

    def equal(self) -> frozenset[tuple[int, int]]:
        """Pairs that share bytes and are alive together."""
        held = [(b, np.unique(self._bytes[b])) for b in sorted(self._bytes)]
        return frozenset(
            (b, c)
            for at, (b, mine) in enumerate(held)
            for c, theirs in held[at + 1 :]
            if self._meet(b, c) and np.intersect1d(mine, theirs, assume_unique=True).size
        )

    def _meet(self, b: int, c: int) -> bool:
        one, other = self._blocks[b], self._blocks[c]
        return one.first <= other.last and other.first <= one.last
