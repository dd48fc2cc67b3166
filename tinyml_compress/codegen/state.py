"""Where variables and the nodes' own memory lie in the caller's state, and the C that brings it
to its start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from tinyml_compress.ir import Graph, MemoryPlan, StateSlot
from tinyml_compress.ops import operator
from tinyml_compress.ops.base import Variant

_WORD = 4


@dataclass(frozen=True)
class StateLayout:
    """Offsets of everything that outlives an inference."""

    slots: tuple[StateSlot, ...]
    nbytes: int
    """Of the whole struct."""
    align: int
    variables: Mapping[str, int]
    """Offset by tensor name; names are unique over all bodies."""
    blocks: Mapping[tuple[int, int, int], int]
    """Offset by graph (its `id`), node and block."""


class PlannedGraph(Protocol):
    """A graph with kernels and places, as `plan/` makes it."""

    @property
    def graph(self) -> Graph: ...
    @property
    def schedule(self) -> Sequence[Variant]: ...
    @property
    def memory(self) -> MemoryPlan: ...
    @property
    def bodies(self) -> Sequence[PlannedGraph]:
        """One per subgraph."""


def lay_out(planned: PlannedGraph) -> StateLayout:
    """A place for each variable and each node's own memory, largest elements first, each on a word."""
    kept: list[tuple[StateSlot, tuple[int, int, int] | None]] = []
    seen: set[str] = set()
    for inner in _graphs(planned, set()):
        for name, tensor in inner.tensors.items():
            if tensor.variable and name not in seen:
                seen.add(name)
                kept.append(
                    (StateSlot(name, tensor.dtype, tensor.elements, 0, tensor.first_byte, False), None)
                )
        for index, view in enumerate(inner.views()):
            for number, block in enumerate(operator(view.node.op, view.node.name).state(view)):
                name = f"{view.node.name}: {block.name}"
                slot = StateSlot(name, block.dtype, block.count, 0, block.fill, block.survives)
                kept.append((slot, (id(inner), index, number)))
    kept.sort(key=lambda pair: -pair[0].dtype.itemsize)  # stable: the graph's order among equals
    slots: list[StateSlot] = []
    variables: dict[str, int] = {}
    blocks: dict[tuple[int, int, int], int] = {}
    offset = 0
    for slot, key in kept:
        if key is None:
            variables[slot.name] = offset
        else:
            blocks[key] = offset
        slots.append(replace(slot, offset=offset))
        offset += -(-slot.nbytes // _WORD) * _WORD
    align = max(_WORD, *(slot.dtype.itemsize for slot in slots)) if slots else 1
    return StateLayout(tuple(slots), -(-offset // align) * align, align, variables, blocks)


def _graphs(planned: PlannedGraph, seen: set[int]) -> Iterator[Graph]:
    """The graph and all bodies, each once."""
    if id(planned) in seen:
        return
    seen.add(id(planned))
    yield planned.graph
    for inner in planned.bodies:
        yield from _graphs(inner, seen)


def start_text(prefix: str, layout: StateLayout) -> str:
    """The C of init and reset."""
    again = [slot for slot in layout.slots if not slot.survives]
    init = _function(f"{prefix}_init", prefix, _fills(layout.slots))
    if len(again) == len(layout.slots):
        return init + "\n" + _function(f"{prefix}_reset", prefix, [f"    {prefix}_init(state);"])
    return init + "\n" + _function(f"{prefix}_reset", prefix, _fills(again))


def _fills(slots: Sequence[StateSlot]) -> list[str]:
    if not slots:
        return ["    (void)state;"]
    fills = [f"    TC_MEMSET(bytes + {slot.offset}, {slot.fill}, {slot.nbytes});" for slot in slots]
    return ["    uint8_t *const bytes = (uint8_t *)state;", *fills]


def _function(name: str, prefix: str, lines: Sequence[str]) -> str:
    return "\n".join([f"void {name}({prefix}_state_t *state) {{", *lines, "}", ""])
