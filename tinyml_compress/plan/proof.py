"""Exact answers: is there a placement within a given arena? By cases on pairs of blocks, with bounds on
offsets.

For two units that meet, either one lies clear of the other on this side or on that. Where the arena is too
small for one of the two, the other is certain, which narrows the offsets, which settles further pairs. What
stays open is tried both ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tinyml_compress.plan.problem import Problem
from tinyml_compress.plan.units import forbidden


@dataclass(frozen=True)
class Pairs:
    """Things to place and, for pairs (u, v, low, high), offset[u] - offset[v] <= low or >= high."""

    sizes: tuple[int, ...]
    aligns: tuple[int, ...]
    bars: tuple[tuple[int, int, int, int], ...]


@dataclass
class Answer:
    """`offsets` when the answer is yes; otherwise `certain` tells a no from an end of the allowed work."""

    offsets: list[int] | None = None
    certain: bool = True
    work: int = field(default=0, repr=False)


def pairs_of_problem(problem: Problem, equal: frozenset[tuple[int, int]]) -> Pairs:
    """All pairs that keep clear whichever aliases are granted; `equal` lists pairs that share content."""
    bars: list[tuple[int, int, int, int]] = []
    order = sorted(range(len(problem.blocks)), key=lambda b: problem.blocks[b].first)
    for at, p in enumerate(order):
        for q in order[at + 1 :]:
            if problem.blocks[q].first > problem.blocks[p].last:
                break
            if (min(p, q), max(p, q)) not in equal:
                bars += [(p, q, low, high) for low, high in forbidden(problem, p, q)]
    blocks = problem.blocks
    return Pairs(tuple(b.nbytes for b in blocks), tuple(b.align for b in blocks), tuple(bars))


def fits(pairs: Pairs, arena: int, limit: int) -> Answer:
    """Whether all fit into `arena` bytes; gives up after visiting `limit` pairs."""
    answer = Answer()
    low = [0] * len(pairs.sizes)
    high = [
        (arena - size) // align * align if arena >= size else -1
        for size, align in zip(pairs.sizes, pairs.aligns, strict=True)
    ]
    if min(high, default=0) < 0:
        return answer
    # Each entry: offsets' bounds, open pairs, and pairs taken to be settled one way (u - v >= distance).
    stack: list[tuple[list[int], list[int], list[int], list[tuple[int, int, int]]]] = [
        (low, high, list(range(len(pairs.bars))), [])
    ]
    while stack:
        low, high, still_open, settled = stack.pop()
        outcome = _narrow(pairs, low, high, still_open, settled, answer)
        if outcome is None:
            continue
        if not outcome:
            answer.offsets = low
            return answer
        if answer.work > limit:
            answer.certain = False
            return answer
        u, v, below, above = pairs.bars[_hardest(pairs, outcome, low, high)]
        first, second = (u, v, above), (v, u, -below)
        # The likelier side last, so that it is tried first: the one that leaves more room.
        room_first = high[u] - max(low[u], low[v] + above)
        room_second = high[v] - max(low[v], low[u] - below)
        if room_first > room_second:
            first, second = second, first
        for choice in (first, second):
            stack.append((list(low), list(high), list(outcome), [*settled, choice]))
    return answer


def _narrow(
    pairs: Pairs,
    low: list[int],
    high: list[int],
    still_open: list[int],
    settled: list[tuple[int, int, int]],
    answer: Answer,
) -> list[int] | None:
    """Tighten the bounds until nothing moves; None when they cross, else the pairs still open.

    With no pair open, all offsets at their lower bounds are a placement.
    """
    aligns = pairs.aligns
    moved = True
    while moved:
        moved = False
        kept: list[int] = []
        answer.work += len(still_open) + len(settled)
        for index in still_open:
            u, v, below, above = pairs.bars[index]
            over, under = high[u] - low[v] >= above, high[v] - low[u] >= -below
            if over and under:
                if low[u] - high[v] < above and low[v] - high[u] < -below:
                    kept.append(index)
                continue  # satisfied whatever happens
            if not (over or under):
                return None
            settled.append((u, v, above) if over else (v, u, -below))
            moved = True
        still_open = kept
        for u, v, distance in settled:  # offset[u] >= offset[v] + distance
            least = -(-(low[v] + distance) // aligns[u]) * aligns[u]
            if least > low[u]:
                low[u] = least
                moved = True
            most = (high[u] - distance) // aligns[v] * aligns[v]
            if most < high[v]:
                high[v] = most
                moved = True
            if low[u] > high[u] or low[v] > high[v]:
                return None
    # Lower bounds are a placement as soon as they satisfy the open pairs too.
    open_now = [i for i in still_open if _clash(pairs.bars[i], low)]
    return still_open if open_now else []


def _clash(bar: tuple[int, int, int, int], offsets: Sequence[int]) -> bool:
    u, v, below, above = bar
    return below < offsets[u] - offsets[v] < above


def _hardest(pairs: Pairs, still_open: Sequence[int], low: list[int], high: list[int]) -> int:
    """The open pair with the least room on both sides together, among those that clash where they stand."""

    def slack(index: int) -> tuple[bool, int, int]:
        u, v, below, above = pairs.bars[index]
        return (
            not _clash(pairs.bars[index], low),
            (high[u] - low[v] - above) + (high[v] - low[u] + below),
            index,
        )

    return min(still_open, key=slack)


def proven_bound(pairs: Pairs, bound: int, arena: int, limit: int) -> int:
    """The largest bound up to `arena` that can be shown from `bound` on, by halving what lies between."""
    low, high = bound, arena
    share = limit
    while low < high:
        target = high - 1 if low == bound and high == arena else (low + high - 1) // 2
        share //= 2
        answer = fits(pairs, target, share)
        if answer.offsets is None and answer.certain:
            low = target + 1
        else:
            high = target
    return low
