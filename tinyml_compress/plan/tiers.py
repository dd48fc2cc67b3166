"""A plan over several memories: what is read and written most lies in the fastest, the rest behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tinyml_compress.errors import DoesNotFit
from tinyml_compress.ir import Arena, Buffer, Graph, Memory, MemoryPlan, memory_word
from tinyml_compress.ops import operator
from tinyml_compress.ops.base import Variant
from tinyml_compress.plan.bound import live_bounds
from tinyml_compress.plan.check import check
from tinyml_compress.plan.planner import best_packing, buffers, without_bytes
from tinyml_compress.plan.problem import Problem, problem_of
from tinyml_compress.plan.solver import solve
from tinyml_compress.plan.units import join

_GLANCE = 0.1
"""Effort of asking whether one thing more fits; the plans that come out of it get all."""

_Item = tuple[int, ...]
"""Blocks of a problem that go to one memory together."""


def in_memories(
    graph: Graph, schedule: Sequence[Variant], single_plan: MemoryPlan, memories: Sequence[Memory]
) -> MemoryPlan:
    """The `single_plan` with everything in one of the memories, the fastest first in `memories`.

    A net that fits the fastest lies there as it is. Otherwise tensors and scratch go, by accesses per byte,
    to the fastest memory that has room, and each memory's arena is planned like a single one.
    """
    if single_plan.arena_bytes <= memories[0].nbytes:
        single = _with_tiers(single_plan, (Arena(memories[0].name, single_plan.arena_bytes),))
        check(graph, schedule, single, memories)
        return single
    problem = problem_of(graph, schedule)
    failed: _Item = ()
    for items in _orders(problem, _accesses(graph, problem)):
        tiers = [_Tier(problem, memory.nbytes) for memory in memories]
        failed = _distributed(items, tiers)
        if not failed:
            joined = _joined(graph, problem, single_plan, tiers, memories)
            check(graph, schedule, joined, memories)
            return joined
    raise _fits_nowhere(graph, problem, failed, memories)


def _orders(problem: Problem, heat: Sequence[int]) -> Iterator[list[_Item]]:
    """What may choose its memory first: the hottest, or else the largest; tensors that share their bytes go
    together, or else apart.
    """
    for aliases in (problem.aliases, ()):
        units = [
            (tuple(member for member, _ in unit.members), unit.nbytes)
            for unit in join(problem, aliases).units
        ]
        yield [item for item, _ in sorted(units, key=lambda unit: -sum(heat[b] for b in unit[0]) / unit[1])]
        yield [item for item, _ in sorted(units, key=lambda unit: -unit[1])]


@dataclass
class _Tier:
    """What one memory holds so far."""

    problem: Problem
    room: int
    blocks: _Item = ()

    def take(self, item: _Item) -> bool:
        """Whether there is room for that too; then it is taken."""
        blocks = tuple(sorted((*self.blocks, *item)))
        part = _part(self.problem, blocks)
        bounds = live_bounds(part)
        if max(bounds) > self.room:
            return False
        if solve(part, join(part, part.aliases), bounds, _GLANCE).arena > self.room:
            return False
        self.blocks = blocks
        return True


def _distributed(items: Sequence[_Item], tiers: Sequence[_Tier]) -> _Item:
    """Each item into the first memory that takes it; the one that none takes, if any."""
    for item in items:
        if not any(tier.take(item) for tier in tiers):
            return item
    return ()


def _part(problem: Problem, blocks: _Item) -> Problem:
    """The problem of some blocks alone."""
    at = {block: place for place, block in enumerate(blocks)}
    return Problem(
        tuple(problem.blocks[block] for block in blocks),
        problem.nodes,
        {(at[a], at[b]): rule for (a, b), rule in problem.rules.items() if a in at and b in at},
        tuple((at[a], at[b], offset) for a, b, offset in problem.aliases if a in at and b in at),
    )


def _accesses(graph: Graph, problem: Problem) -> list[int]:
    """About how often bytes of each block are written or read: once by their writer, and by each reader once
    or, in a node that multiplies, once per multiplication.
    """
    macs = [operator(view.node.op, view.node.name).macs(view) for view in graph.views()]
    readers: dict[str, list[int]] = {}
    for index, node in enumerate(graph.nodes):
        for name in {name for name in node.inputs if name is not None}:
            readers.setdefault(name, []).append(index)
    return [
        block.nbytes
        + sum(
            max(block.nbytes, macs[index])
            for index in ([block.first] if block.tensor is None else readers.get(block.tensor, ()))
        )
        for block in problem.blocks
    ]


def _joined(
    graph: Graph, problem: Problem, single: MemoryPlan, tiers: Sequence[_Tier], memories: Sequence[Memory]
) -> MemoryPlan:
    """One plan of all memories that hold something."""
    tensors: dict[str, Buffer] = {}
    scratch: dict[int, Buffer] = {}
    inside: dict[str, tuple[str, int]] = {}
    arenas: list[Arena] = []
    for tier, memory in zip(tiers, memories, strict=True):
        if not tier.blocks:
            continue
        part = _part(problem, tier.blocks)
        units, packing = best_packing(part, live_bounds(part))
        suffix = f"_{memory_word(memory.name)}" if arenas else ""
        placed = buffers(part, units, packing.offsets, len(arenas))
        arenas.append(Arena(memory.name, packing.arena, suffix))
        tensors |= placed.tensors
        scratch |= placed.scratch
        inside |= placed.inside
    total = sum(arena.nbytes for arena in arenas)
    plan = MemoryPlan(
        total,
        min(single.lower_bound, total),
        without_bytes(graph, tensors),
        dict(sorted(scratch.items())),
        inside,
    )
    return _with_tiers(plan, tuple(arenas))


def _fits_nowhere(graph: Graph, problem: Problem, item: _Item, memories: Sequence[Memory]) -> DoesNotFit:
    largest = max((problem.blocks[block] for block in item), key=lambda block: block.nbytes)
    node = graph.nodes[min(max(largest.first, 0), len(graph.nodes) - 1)]
    at_once = max(live_bounds(problem)[largest.first + 1 : largest.last + 2])
    named = f"scratch of {node.op} {node.name}" if largest.tensor is None else largest.tensor
    return DoesNotFit(
        "a tensor fits in none of the memories",
        which=named,
        found=f"{largest.nbytes:,} B, while {at_once:,} B are in use",
        allowed=", ".join(f"{memory.name} {memory.nbytes:,} B" for memory in memories),
        next_step="take a smaller input, --optimize ram, or a board with more memory",
    )


def _with_tiers(plan: MemoryPlan, arenas: tuple[Arena, ...]) -> MemoryPlan:
    return MemoryPlan(plan.arena_bytes, plan.lower_bound, plan.tensors, plan.scratch, plan.inside, arenas)
