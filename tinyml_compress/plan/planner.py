"""Graph and kernel schedule in, checked memory plan out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tinyml_compress.errors import PlanError
from tinyml_compress.ir import Buffer, Graph, MemoryPlan
from tinyml_compress.ops.base import Variant
from tinyml_compress.plan.bound import equal_content, live_bounds
from tinyml_compress.plan.check import check
from tinyml_compress.plan.order import best_order
from tinyml_compress.plan.problem import Problem, lifetimes, problem_of
from tinyml_compress.plan.proof import pairs_of_problem, proven_bound
from tinyml_compress.plan.solver import Packing, solve
from tinyml_compress.plan.units import Units, join

_MOST_BYTES = 1 << 25
_BOUND_WORK = 200_000
_MOST_SINGLE_TRIES = 8
"""Up to so many granted aliases, each is also tried left out when all together miss the bound."""


@dataclass(frozen=True)
class Planned:
    """A graph with its nodes in the order of execution, the kernel of each, and where everything lies."""

    graph: Graph
    schedule: tuple[Variant, ...]
    memory: MemoryPlan
    bodies: tuple[Planned, ...] = ()
    """One per subgraph of the graph."""


def plan_in_best_order(graph: Graph, schedule: Sequence[Variant]) -> Planned:
    """Like `plan`, with the nodes in another order where that makes the arena smaller."""
    own = Planned(graph, tuple(schedule), plan(graph, schedule))
    order = best_order(graph, schedule)
    if order == tuple(range(len(graph.nodes))):
        return own
    moved = graph.rebuilt(nodes=tuple(graph.nodes[index] for index in order))
    kernels = tuple(schedule[index] for index in order)
    other = Planned(moved, kernels, plan(moved, kernels))
    return other if other.memory.arena_bytes < own.memory.arena_bytes else own


def plan(graph: Graph, schedule: Sequence[Variant]) -> MemoryPlan:
    """Offsets for every computed tensor and every scratch, checked byte by byte before they are handed out.

    Nodes run in the graph's order. Graph inputs lie in the arena and may be overwritten after their last
    reader; outputs stay to the end. The same graph and schedule always give the same plan.
    """
    _refuse_huge(graph)
    problem = problem_of(graph, schedule)
    bounds = live_bounds(problem)
    units, packing = best_packing(problem, bounds)
    bound = min(packing.arena, max(bounds))
    if packing.proven and not problem.aliases:
        bound = packing.arena
    elif bound < packing.arena:
        bound = proven_bound(
            pairs_of_problem(problem, equal_content(problem)), bound, packing.arena, _BOUND_WORK
        )
    whole = _as_plan(graph, problem, units, packing, bound)
    check(graph, schedule, whole)
    return whole


def _refuse_huge(graph: Graph) -> None:
    """The check follows every byte of every tensor; a model beyond this is no model for a microcontroller."""
    total = sum(tensor.nbytes for tensor in graph.tensors.values() if tensor.in_arena)
    if total > _MOST_BYTES:
        raise PlanError(
            "the model's tensors are too large for a microcontroller",
            found=f"{total:,} bytes in all",
            allowed=f"{_MOST_BYTES:,} bytes",
            next_step="take a smaller input or fewer channels",
        )


def arena_of(graph: Graph, schedule: Sequence[Variant]) -> int:
    """The arena that `plan` would need: for comparing schedules, so nothing is checked."""
    problem = problem_of(graph, schedule)
    return best_packing(problem, live_bounds(problem))[1].arena


def needs(graph: Graph, schedule: Sequence[Variant]) -> list[int]:
    """The least bytes that each node needs while it runs."""
    return live_bounds(problem_of(graph, schedule))[1 : len(graph.nodes) + 1]


def best_packing(problem: Problem, bounds: list[int]) -> tuple[Units, Packing]:
    """All aliases granted when that meets the bound; else the best of some subsets, more aliases first."""
    goal = max(bounds)
    units = join(problem, problem.aliases)
    best = solve(problem, units, bounds)
    if best.arena <= goal or not units.granted:
        return units, best
    tries: list[list[tuple[int, int, int]]] = []
    if len(units.granted) <= _MOST_SINGLE_TRIES:
        tries = [[alias for alias in problem.aliases if alias != left_out] for left_out in units.granted]
    tries.append([])
    for wanted in tries:
        other = join(problem, wanted)
        packing = solve(problem, other, bounds, effort=1 / (1 + len(tries)))
        if packing.arena < best.arena:
            units, best = other, packing
        if best.arena <= goal:
            break
    return units, best


@dataclass(frozen=True)
class Placed:
    """Where the blocks of a problem lie, by what they hold."""

    tensors: dict[str, Buffer]
    scratch: dict[int, Buffer]
    inside: dict[str, tuple[str, int]]


def buffers(problem: Problem, units: Units, offsets: Sequence[int], arena: int = 0) -> Placed:
    """The blocks of placed units, in the arena of that number."""
    tensors: dict[str, Buffer] = {}
    scratch: dict[int, Buffer] = {}
    for unit, base in zip(units.units, offsets, strict=True):
        for member, rel in unit.members:
            block = problem.blocks[member]
            buffer = Buffer(base + rel, block.nbytes, block.first, block.last, arena)
            if block.tensor is None:
                scratch[block.first] = buffer
            else:
                tensors[block.tensor] = buffer
    names = [block.tensor for block in problem.blocks]
    inside: dict[str, tuple[str, int]] = {}
    for inner, host, offset in units.granted:
        inside.setdefault(str(names[inner]), (str(names[host]), offset))
    return Placed(tensors, scratch, inside)


def without_bytes(graph: Graph, tensors: Mapping[str, Buffer]) -> dict[str, Buffer]:
    """The tensors with those that have no bytes, which lie anywhere."""
    empty = {
        name: Buffer(0, graph.tensors[name].nbytes, first, last)
        for name, (first, last) in lifetimes(graph).items()
    }
    return dict(sorted({**empty, **tensors}.items()))


def _as_plan(graph: Graph, problem: Problem, units: Units, packing: Packing, bound: int) -> MemoryPlan:
    placed = buffers(problem, units, packing.offsets)
    return MemoryPlan(
        packing.arena,
        bound,
        without_bytes(graph, placed.tensors),
        dict(sorted(placed.scratch.items())),
        placed.inside,
    )
