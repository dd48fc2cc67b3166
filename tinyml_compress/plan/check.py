"""Proves a memory plan by running it: every byte carries the identity of the value it holds.

Shares nothing with the planner but the graph and the kernels' own declarations. A node may read its inputs
only while their bytes are still there; what it writes wipes whatever was in that place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import PlanError
from tinyml_compress.ir import ARENA_ALIGN, Buffer, Graph, Memory, MemoryPlan, NodeView
from tinyml_compress.ops import operator
from tinyml_compress.ops.base import Overlap, Variant
from tinyml_compress.ops.strips.node import OPERATOR as STRIPS
from tinyml_compress.plan.rings import check_rings

_Ids = npt.NDArray[np.int64]
_NOTHING = -1


def check(
    graph: Graph, schedule: Sequence[Variant], plan: MemoryPlan, memories: Sequence[Memory] = ()
) -> None:
    """Raise PlanError unless every node finds its inputs whole, every output is there in the end, and each of
    several arenas fits its memory.
    """
    if len(schedule) != len(graph.nodes):
        raise PlanError(
            "the schedule does not fit the graph", found=f"{len(schedule)} of {len(graph.nodes)} kernels"
        )
    _check_buffers(graph, schedule, plan)
    _check_arenas(plan, memories)
    run = _Run(graph, plan)
    for name in dict.fromkeys(graph.inputs):
        if graph.tensors[name].in_arena:
            run.claim(name, "the graph's inputs")
    for index, (view, variant) in enumerate(zip(graph.views(), schedule, strict=True)):
        run.node(index, view, variant)
        if view.node.op == STRIPS.name:
            check_rings(view)
    for name in dict.fromkeys(graph.outputs):
        if not graph.tensors[name].in_arena:
            run.claim(name, "the graph's constant outputs")
    for name in graph.outputs:
        run.expect(name, "the end of the graph")
    if plan.lower_bound > plan.arena_bytes:
        raise PlanError(
            "the lower bound is above the arena", found=f"{plan.lower_bound} > {plan.arena_bytes}"
        )


def _check_arenas(plan: MemoryPlan, memories: Sequence[Memory]) -> None:
    room = {memory.name: memory.nbytes for memory in memories}
    if sum(arena.nbytes for arena in plan.arenas) != plan.arena_bytes:
        raise PlanError("the arenas are not the whole", found=plan.arenas, allowed=plan.arena_bytes)
    for arena in plan.tiers:
        if arena.nbytes > room.pop(arena.memory, -1):
            raise PlanError(
                "an arena does not fit its memory", which=arena.memory, found=arena.nbytes, allowed=memories
            )


def _check_buffers(graph: Graph, schedule: Sequence[Variant], plan: MemoryPlan) -> None:
    wanted = {*graph.inputs, *graph.outputs}
    for node in graph.nodes:
        wanted.update(name for name in node.inputs if name is not None and graph.tensors[name].in_arena)
        wanted.update(name for name in node.outputs if graph.tensors[name].in_arena)
    wanted -= {
        name for name in graph.inputs if not graph.tensors[name].in_arena and name not in graph.outputs
    }
    if wanted != set(plan.tensors):
        odd = sorted(wanted.symmetric_difference(plan.tensors))
        raise PlanError("the plan's tensors are not the graph's", which=", ".join(odd[:5]))
    for name, buffer in plan.tensors.items():
        tensor = graph.tensors[name]
        _check_place(name, buffer, tensor.nbytes, max(4, tensor.dtype.itemsize), plan)
    for index, (view, variant) in enumerate(zip(graph.views(), schedule, strict=True)):
        need = variant.scratch(view)
        scratch = plan.scratch.get(index)
        if (need > 0) != (scratch is not None):
            raise PlanError(
                "scratch does not match its kernel", which=f"node {index} {variant.symbol}", found=need
            )
        if scratch is not None:
            _check_place(f"scratch of node {index}", scratch, need, 8, plan)
    for inner, (host, offset) in plan.inside.items():
        place, around = plan.tensors[inner], plan.tensors[host]
        if (place.arena, place.offset) != (around.arena, around.offset + offset):
            raise PlanError("a tensor does not lie where its host holds it", which=f"{inner} in {host}")
    extra = [index for index in plan.scratch if not 0 <= index < len(graph.nodes)]
    if extra:
        raise PlanError("scratch of a node that does not exist", which=extra[0])


def _check_place(name: str, buffer: Buffer, nbytes: int, align: int, plan: MemoryPlan) -> None:
    if buffer.nbytes != nbytes:
        raise PlanError(
            "a buffer has another size than its tensor", which=name, found=buffer.nbytes, allowed=nbytes
        )
    size = plan.arenas[buffer.arena].nbytes if 0 <= buffer.arena < len(plan.arenas) else -1
    if buffer.offset < 0 or buffer.offset + nbytes > size:
        raise PlanError(
            "a buffer lies outside the arena", which=name, found=f"{buffer.offset} + {nbytes}", allowed=size
        )
    if buffer.offset % min(align, ARENA_ALIGN):
        raise PlanError(
            "a buffer is not aligned", which=name, found=buffer.offset, allowed=f"multiples of {align}"
        )


def _holds(rule: Overlap, distance: int) -> bool:
    return distance == rule.gap if rule.exact else distance >= rule.gap


class _Run:
    """The arenas while the graph runs, one behind the other, with identities for bytes."""

    def __init__(self, graph: Graph, plan: MemoryPlan) -> None:
        self._graph = graph
        self._plan = plan
        self._starts = [0, *accumulate(arena.nbytes for arena in plan.arenas)]
        self._arena: _Ids = np.full(plan.arena_bytes, _NOTHING, dtype=np.int64)
        self._ids: dict[str, _Ids] = {}
        self._fresh = 0

    def claim(self, name: str, when: str) -> None:
        """A tensor that comes from outside is written, and must not wipe another one that came
        just before.
        """
        self._ids[name] = self._new_ids(name)
        place = self._span(name)
        taken = self._arena[place] != _NOTHING
        if when == "the graph's inputs" and taken.any():
            raise PlanError("two inputs of the graph share bytes", which=name)
        self._arena[place] = self._ids[name]

    def expect(self, name: str, when: str) -> None:
        """All bytes of the tensor are where the plan says, and nothing has wiped them."""
        wrong = np.flatnonzero(self._arena[self._span(name)] != self._ids[name])
        if wrong.size:
            raise PlanError(
                "a tensor is overwritten while it is still needed",
                which=f"{name}, at {when}",
                found=f"{wrong.size} of {self._ids[name].size} bytes gone, the first at {int(wrong[0])}",
            )

    def node(self, index: int, view: NodeView, variant: Variant) -> None:
        node, when = view.node, f"node {index} ({view.node.op} {view.node.name})"
        inputs = [
            (slot, name)
            for slot, name in enumerate(node.inputs)
            if name is not None and self._graph.tensors[name].in_arena
        ]
        for _, name in inputs:
            self.expect(name, when)
        aliases = [(a.inner, a.host, a.offset) for a in operator(node.op, node.name).aliases(view)]
        granted = [a for a in aliases if self._coincide(*a)]
        self._identify(view, aliases)
        outputs = [name for name in node.outputs if self._graph.tensors[name].in_arena]
        written = {name: self._written(name, granted) for name in outputs}
        self._keep_clear(index, view, variant, inputs, written, when)
        if index in self._plan.scratch:
            self._arena[self._bytes(self._plan.scratch[index])] = _NOTHING
        for name in outputs:
            mask = written[name]
            self._arena[self._span(name)][mask] = self._ids[name][mask]
        for name in outputs:
            self.expect(name, f"the end of {when}")

    def _identify(self, view: NodeView, aliases: list[tuple[str, str, int]]) -> None:
        """Identities of the outputs' bytes: new ones, but for bytes that equal those of an input."""
        for name in view.node.outputs:
            if self._graph.tensors[name].in_arena:
                self._ids[name] = self._new_ids(name)
        for inner, host, offset in aliases:
            if inner not in self._ids or host not in self._ids:
                continue  # a constant or a variable: it has no place in the arena
            size = self._ids[inner].size
            if host in view.node.outputs:
                self._ids[host][offset : offset + size] = self._ids[inner]
            else:
                self._ids[inner] = self._ids[host][offset : offset + size].copy()

    def _coincide(self, inner: str, host: str, offset: int) -> bool:
        """Whether an alias holds in this plan; the emitter then drops the call that would have moved the
        bytes.
        """
        tensors = self._plan.tensors
        if inner not in tensors or host not in tensors:
            return False
        return self._start(tensors[inner]) == self._start(tensors[host]) + offset

    def _written(self, name: str, granted: list[tuple[str, str, int]]) -> npt.NDArray[np.bool_]:
        """Which bytes of an output the kernel writes: all but those that an alias has put there already."""
        mask = np.ones(self._ids[name].size, dtype=np.bool_)
        for inner, host, offset in granted:
            if host == name:
                mask[offset : offset + self._plan.tensors[inner].nbytes] = False
            if inner == name:
                mask[:] = False
        return mask

    def _keep_clear(
        self,
        index: int,
        view: NodeView,
        variant: Variant,
        inputs: list[tuple[int, str]],
        written: Mapping[str, npt.NDArray[np.bool_]],
        when: str,
    ) -> None:
        """What the node writes (outputs, scratch) must not touch what it reads, nor one output another."""
        rules: dict[tuple[int, int], list[Overlap]] = {}
        for rule in variant.overlap(view):
            rules.setdefault((rule.input, rule.output), []).append(rule)
        owner: _Ids = np.full(self._arena.size, _NOTHING, dtype=np.int64)
        for out, name in enumerate(view.node.outputs):
            if name not in written:
                continue  # a variable
            spot = self._span(name)
            own = owner[spot]
            if (own[written[name]] != _NOTHING).any():
                raise PlanError("two outputs of a node share bytes", which=f"{name}, {when}")
            own[written[name]] = out
        if index in self._plan.scratch:
            place = self._bytes(self._plan.scratch[index])
            if (owner[place] != _NOTHING).any():
                raise PlanError("scratch lies over an output", which=when)
            owner[place] = len(view.node.outputs)
        for slot, name in inputs:
            for out in np.unique(owner[self._span(name)]):
                if out == _NOTHING:
                    continue
                if out == len(view.node.outputs):
                    raise PlanError("scratch lies over an input", which=f"{name}, {when}")
                target = view.node.outputs[int(out)]
                tensors = self._plan.tensors
                distance = self._start(tensors[name]) - self._start(tensors[target])
                allowed = rules.get((slot, int(out)), [])
                if not allowed or any(not _holds(rule, distance) for rule in allowed):
                    raise PlanError(
                        "an output lies over an input that the kernel still reads",
                        which=f"{target} over {name}, {when}",
                        found=f"{variant.symbol} with the input {distance} bytes above the output",
                        allowed=", ".join(
                            ["apart", *(f"{'' if r.exact else 'at least '}{r.gap}" for r in allowed)]
                        ),
                    )

    def _span(self, name: str) -> slice:
        return self._bytes(self._plan.tensors[name])

    def _bytes(self, buffer: Buffer) -> slice:
        return slice(self._start(buffer), self._start(buffer) + buffer.nbytes)

    def _start(self, buffer: Buffer) -> int:
        return self._starts[buffer.arena] + buffer.offset

    def _new_ids(self, name: str) -> _Ids:
        size = self._graph.tensors[name].nbytes
        self._fresh += size
        return np.arange(self._fresh - size, self._fresh, dtype=np.int64)
