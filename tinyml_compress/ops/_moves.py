"""Operators that only change places: each becomes strided copies through one family of kernels in `csrc/`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops._walk import Walk, walk
from tinyml_compress.ops.base import Alias, Call, Consts, In, Operator, Out, Ref, Variant
from tinyml_compress.ops.structs import ints, pointers, struct
from tinyml_compress.ops.traits import Range, channels_of

STRUCTS = (
    struct(
        "tc_move_params",
        pointers(
            "int32_t",
            "walk",
            note="lanes: input, output; a row's elements are bytes that follow one another, or strided",
        ),
    ),
    struct("tc_copy_params", ints("count")),
    struct("tc_fill_params", ints("count"), ints("value", note="its low bits are the element")),
)

_TILE = 4
"""Rows and columns that are transposed at once."""
MOVABLE = (
    DType.INT8,
    DType.UINT8,
    DType.BOOL,
    DType.INT16,
    DType.INT32,
    DType.UINT32,
    DType.FLOAT32,
    DType.INT64,
)
"""Element types that the kernels can move."""


def copy_call(nbytes: int, source: In, target: Out) -> Call:
    """A block of bytes, whole and in order; nothing is left of it where the two lie at one place."""
    return Call("tc_x8_copy__c", "tc_copy_params", (("count", nbytes),), (source, target), moves=True)


def move_call(
    view: NodeView,
    extents: Sequence[int],
    in_steps: Sequence[int],
    out_steps: Sequence[int],
    *,
    source: int = 0,
    target: int = 0,
    in_start: int = 0,
    out_start: int = 0,
    name: str = "walk",
) -> Call:
    """Element `sum(i * in_steps)` of input `source` to element `sum(i * out_steps)` of output `target`.

    Steps and starts count elements. `name` tells the tables of several calls of one node apart.
    """
    size = view.input(source).dtype.itemsize
    pointers = (In(source, in_start * size), Out(target, out_start * size))
    loops = walk(extents, in_steps, out_steps)
    if loops.row_steps == (1, 1) and loops.rows == 1:
        return copy_call(loops.row * size, *pointers)
    kernel, unit = f"tc_x{8 * size}_move__c", 1
    if loops.row_steps == (1, 1) and loops.row * size >= 4:
        kernel, unit = "tc_x8_move_rows__c", size
    elif loops.row == 1:
        return copy_call(size, *pointers)
    elif size == 1 and _turned(loops):
        kernel = "tc_x8_transpose__c"
    scaled = walk(
        (*loops.extents[:-1], loops.row * unit),
        *((*(step * unit for step in lane[:-1]), lane[-1]) for lane in loops.steps),
    )
    table = Consts(name, "int32_t", scaled.table)
    return Call(kernel, "tc_move_params", (("walk", Ref(name)),), pointers, (table,))


def _turned(loops: Walk) -> bool:
    """Whether rows of the output are columns of the input."""
    if loops.rows < _TILE or loops.row < _TILE or loops.row_steps[1] != 1:
        return False
    return loops.extents[-2] >= _TILE and loops.steps[0][-2] == 1


def fill_call(view: NodeView, value: np.generic, count: int, target: int = 0) -> Call:
    """Output `target` filled with one value of its type."""
    size = view.output(target).dtype.itemsize
    raw = np.asarray(value).tobytes()
    if len(set(raw)) == 1:
        size, count, raw = 1, count * size, raw[:1]
    bits = int.from_bytes(raw, "little", signed=True)
    return Call(
        f"tc_x{8 * size}_fill__c", "tc_fill_params", (("count", count), ("value", bits)), (Out(target),)
    )


class MoveOperator(Operator):
    """An operator that is nothing but moves; where one is a plain copy, the planner is offered to
    spare it.
    """

    def __init__(self) -> None:
        type(self).variants = (Variant("tc_x8_move__c", lambda view: True, self.moves),)

    @abstractmethod
    def moves(self, view: NodeView) -> tuple[Call, ...]:
        """The calls that make the outputs."""

    def output_range(self, view: NodeView, given: Mapping[int, Range]) -> Range | None:
        """Of the values that come in, and of those that it fills with."""
        handed_on, count = self.handed_on(view), channels_of(view.output())
        params = [pair for call in self.moves(view) for pair in call.params]
        fills = [value for name, value in params if name == "value" and isinstance(value, int)]
        low, high = np.full(count, min(fills, default=127)), np.full(count, max(fills, default=-128))
        for index, source in given.items():
            if handed_on is None:
                low, high = np.minimum(low, source.low.min()), np.maximum(high, source.high.max())
            elif index in handed_on:
                filled = np.flatnonzero(handed_on[index] >= 0)
                own = handed_on[index][filled]
                low[filled] = np.minimum(low[filled], source.low[own])
                high[filled] = np.maximum(high[filled], source.high[own])
        return Range(low, high)

    def aliases(self, view: NodeView) -> tuple[Alias, ...]:
        aliases: dict[str, Alias] = {}
        calls = self.moves(view)
        if any(len(call.arguments) == 1 for call in calls):
            return ()  # a fill would write over what is already in place
        for call in calls:
            if not call.moves:
                continue
            source, target = call.arguments
            assert isinstance(source, In)
            assert isinstance(target, Out)
            given, result, count = view.input(source.index), view.output(target.index), call.params[0][1]
            if given.is_const or given.name == result.name or not count:
                continue
            if count == result.nbytes:
                aliases.setdefault(result.name, Alias(result.name, given.name, source.offset))
            elif count == given.nbytes:
                aliases.setdefault(given.name, Alias(given.name, result.name, target.offset))
        return tuple(aliases.values())
