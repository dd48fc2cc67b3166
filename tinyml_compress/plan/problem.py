"""What has to be placed: blocks with lifetimes, overlap rules and declared aliases of one graph
and schedule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tinyml_compress.errors import PlanError
from tinyml_compress.ir import Graph, NodeView, Tensor
from tinyml_compress.ops import operator
from tinyml_compress.ops.base import Variant
from tinyml_compress.plan.words import MIN_ALIGN

SCRATCH_ALIGN = 8


@dataclass(frozen=True)
class Block:
    """One tensor or scratch: `nbytes` bytes needed from node `first` to node `last`, both included."""

    nbytes: int
    first: int
    last: int
    align: int
    tensor: str | None
    """None for scratch; `first` then names its node."""


@dataclass(frozen=True)
class Rule:
    """The two may share bytes while input.offset - output.offset >= gap, or only where it equals gap."""

    gap: int
    exact: bool = False


@dataclass(frozen=True)
class Problem:
    """Blocks and what may lie over what. Blocks of zero bytes are not listed."""

    blocks: tuple[Block, ...]
    nodes: int
    rules: Mapping[tuple[int, int], Rule]
    """By dying input and output."""
    aliases: tuple[tuple[int, int, int], ...]
    """(inner, host, byte offset): inner's bytes equal host's from that offset on, so they may share a place.
    """


def _align_of(tensor: Tensor) -> int:
    """Alignment of a tensor in the arena."""
    return max(MIN_ALIGN, tensor.dtype.itemsize)


def lifetimes(graph: Graph) -> dict[str, tuple[int, int]]:
    """First and last node of every tensor that needs a place in the arena.

    Inputs start at -1, outputs end at len(nodes). An output that is a constant or a variable gets a place at
    len(nodes) only: it is copied there after the last node. A tensor that nothing reads lives at its node
    alone.
    """
    end = len(graph.nodes)
    life: dict[str, tuple[int, int]] = {}
    for name in graph.inputs:
        if graph.tensors[name].in_arena:
            life[name] = (-1, -1)
    for index, node in enumerate(graph.nodes):
        for source in node.inputs:
            if source is None or not graph.tensors[source].in_arena:
                continue
            if source not in life:
                raise PlanError(
                    "a node reads a tensor before anything makes it", which=source, found=node.name
                )
            life[source] = (life[source][0], index)
        for target in node.outputs:
            if not graph.tensors[target].in_arena:
                continue
            if target in life:
                raise PlanError("a tensor is made twice", which=target, found=node.name)
            life[target] = (index, index)
    for name in graph.outputs:
        if not graph.tensors[name].in_arena:
            life[name] = (end, end)
        elif name in life:
            life[name] = (life[name][0], end)
        else:
            raise PlanError("nothing makes this output of the graph", which=name)
    return life


def problem_of(graph: Graph, schedule: Sequence[Variant]) -> Problem:
    """The placement problem of `graph` when node i runs kernel `schedule[i]`."""
    if len(schedule) != len(graph.nodes):
        raise PlanError(
            "the schedule does not fit the graph",
            found=f"{len(schedule)} kernels for {len(graph.nodes)} nodes",
        )
    blocks: list[Block] = []
    place: dict[str, int] = {}
    for name, (first, last) in lifetimes(graph).items():
        tensor = graph.tensors[name]
        if tensor.nbytes > 0:
            place[name] = len(blocks)
            blocks.append(Block(tensor.nbytes, first, last, _align_of(tensor), name))
    rules: dict[tuple[int, int], Rule] = {}
    aliases: dict[tuple[int, int, int], None] = {}
    for index, (view, variant) in enumerate(zip(graph.views(), schedule, strict=True)):
        scratch = variant.scratch(view)
        if scratch < 0:
            raise PlanError("a kernel asks for negative scratch", which=variant.symbol, found=scratch)
        if scratch:
            blocks.append(Block(scratch, index, index, SCRATCH_ALIGN, None))
        for (source, target), rule in overlap_rules(view, variant).items():
            if source in place and target in place and blocks[place[source]].last == index:
                rules[place[source], place[target]] = rule
        for inner, host, offset in _declared_aliases(view):
            if inner in place and host in place:
                aliases[place[inner], place[host], offset] = None
    return Problem(tuple(blocks), len(graph.nodes), rules, tuple(aliases))


def overlap_rules(view: NodeView, variant: Variant) -> dict[tuple[str, str], Rule]:
    """(input name, output name) -> rule, for pairs that the kernel lets overlap.

    A tensor that is read through several inputs needs a rule for each of them, and all must hold at once.
    """
    node = view.node
    given: dict[tuple[int, int], list[Rule]] = {}
    for overlap in variant.overlap(view):
        given.setdefault((overlap.input, overlap.output), []).append(Rule(overlap.gap, overlap.exact))
    rules: dict[tuple[str, str], Rule] = {}
    for name in dict.fromkeys(name for name in node.inputs if name is not None):
        slots = [slot for slot, source in enumerate(node.inputs) if source == name]
        for out, target in enumerate(node.outputs):
            if all((slot, out) in given for slot in slots):
                both = _strictest([rule for slot in slots for rule in given[slot, out]])
                if both is not None:
                    rules[name, target] = both
    return rules


def _strictest(rules: Sequence[Rule]) -> Rule | None:
    """One rule that says what all of them say; None when they contradict."""
    gap = max(rule.gap for rule in rules)
    exact = {rule.gap for rule in rules if rule.exact}
    if not exact:
        return Rule(gap)
    return Rule(gap, exact=True) if exact == {gap} else None


def _declared_aliases(view: NodeView) -> list[tuple[str, str, int]]:
    """The operator's aliases between tensors in the arena, checked for sense."""
    tensors = view.graph.tensors
    near = {name for name in (*view.node.inputs, *view.node.outputs) if name is not None}
    inside: list[tuple[str, str, int]] = []
    for alias in operator(view.node.op, view.node.name).aliases(view):
        if alias.inner not in near or alias.host not in near or alias.inner == alias.host:
            raise PlanError("an alias names a tensor of another node", which=f"{alias.inner} in {alias.host}")
        inner, host = tensors[alias.inner], tensors[alias.host]
        if alias.offset < 0 or alias.offset + inner.nbytes > host.nbytes:
            raise PlanError(
                "an alias does not fit its host",
                which=f"{alias.inner} in {alias.host}",
                found=f"{inner.nbytes} bytes at {alias.offset}",
                allowed=f"{host.nbytes} bytes",
            )
        if inner.in_arena and host.in_arena:
            inside.append((alias.inner, alias.host, alias.offset))
    return inside
