"""Elementwise operators on two tensors with broadcasting: what they share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinyml_compress.ir import DType, NodeView, Tensor, needed
from tinyml_compress.ops import _checks
from tinyml_compress.ops._fixed_point import Ints
from tinyml_compress.ops._walk import Walk, broadcast_steps, walk
from tinyml_compress.ops.base import Call, Consts, In, Operator, Out, Overlap, Ref, Variant, refuse
from tinyml_compress.ops.rows import Params, called
from tinyml_compress.ops.structs import ints, pointers, struct

STRUCTS = (struct("tc_broadcast_params", ints("count"), pointers("int32_t", "walk")),)

MAX_RANK = 6


def broadcast(view: NodeView) -> tuple[int, ...]:
    """The shape that both inputs are broadcast to."""
    shapes = [view.input(0).shape, view.input(1).shape]
    rank = max(len(shape) for shape in shapes)
    first, second = ((1,) * (rank - len(shape)) + shape for shape in shapes)
    for a, b in zip(first, second, strict=True):
        if a != b and 1 not in (a, b):
            raise refuse(
                view,
                "shapes cannot be broadcast together",
                found=f"{shapes[0]} and {shapes[1]}",
                allowed="sizes equal or 1 along each axis",
            )
    return tuple(b if a == 1 else a for a, b in zip(first, second, strict=True))


def broadcast_walk(view: NodeView) -> Walk:
    """Loops over the output with one lane per input."""
    shape = view.output().shape
    return walk(shape, *(broadcast_steps(view.input(index).shape, len(shape)) for index in (0, 1)))


def is_flat(view: NodeView) -> bool:
    """Whether both inputs have the elements of the output, one to one."""
    count = view.output().elements
    return view.input(0).elements == count and view.input(1).elements == count


def flat_in_place(view: NodeView) -> tuple[Overlap, ...]:
    """In place over each input that is as large as the output and is not read again behind the writing."""
    out = view.output()
    return tuple(
        Overlap(index, 0)
        for index in (0, 1)
        if view.input(index).elements == out.elements and view.input(index).dtype is out.dtype
    )


def broadcast_params(view: NodeView) -> Params:
    """What the params of a kernel that broadcasts start with."""
    table = Consts("walk", "int32_t", broadcast_walk(view).table)
    return (("count", view.output().elements), ("walk", table))


def _flat_params(view: NodeView) -> Params:
    return (("count", view.output().elements), ("walk", 0))


def binary_variants(
    op: str,
    dtype: str,
    params_type: str,
    params: Callable[[NodeView], Params],
    accepts: Callable[[NodeView], bool],
    *,
    flat: bool = True,
) -> tuple[Variant, ...]:
    """The kernels `tc_<dtype>_<op>__c` (one shape) and `..._broadcast__c`.

    Their params start with count and walk, `params` gives the rest. Without `flat` the second serves all.
    """

    def row(shape: str, head: Callable[[NodeView], Params], accepts: Callable[[NodeView], bool]) -> Variant:
        return called(
            f"tc_{dtype}_{op}{shape}__c",
            params_type,
            lambda view: (*head(view), *params(view)),
            (In(0), In(1), Out()),
            accepts=accepts,
            overlap=flat_in_place,
        )

    general = row("_broadcast", broadcast_params, accepts)
    if not flat:
        return (general,)
    return (row("", _flat_params, lambda view: accepts(view) and is_flat(view)), general)


def scalar_variant(results: Callable[[NodeView, Ints, Ints], Ints]) -> Variant:
    """A table of what all values of int8 become with a constant that is one value; `results` combines the
    values of the first and the second input.
    """
    symbol = "tc_x8_lookup__c"

    def constant(view: NodeView) -> int | None:
        """The input that is one."""
        for index in (0, 1):
            held = view.input(index)
            if (
                held.is_const
                and held.elements == 1
                and view.input(1 - index).elements == view.output().elements
            ):
                return index
        return None

    def accepts(view: NodeView) -> bool:
        return view.output().dtype is DType.INT8 and constant(view) is not None

    def emit(view: NodeView) -> tuple[Call, ...]:
        index = needed(constant(view))
        sides = [np.arange(-128, 128), np.asarray(view.input(index).constant, np.int64).reshape(-1)]
        combined = results(view, *(sides if index else sides[::-1]))
        table = Consts("table", "uint8_t", np.roll(combined, 128).astype(np.int8).view(np.uint8))
        params = (("count", view.output().elements), ("table", Ref("table")))
        return (Call(symbol, "tc_lookup_params", params, (In(1 - index), Out()), (table,)),)

    return Variant(
        symbol,
        accepts,
        emit,
        overlap=flat_in_place,
        counts=lambda view: {"outputs": view.output().elements},
    )


class BinaryOperator(Operator):
    """Two inputs of one element type, one output, broadcast against each other."""

    elementwise = True
    max_rank = MAX_RANK

    def output_dtype(self, inputs: DType) -> DType:
        return inputs

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 2)
        first, second, out = view.input(0), view.input(1), view.output()
        dtype = _checks.dtypes(view, first, self.types)
        _checks.dtypes(view, second, (dtype,))
        _checks.dtypes(view, out, (self.output_dtype(dtype),))
        for tensor in (first, second, out):
            _checks.full_rank(view, tensor, self.max_rank)
        broadcast(view)
        self.check_values(view, first, second, out)

    def check_values(self, view: NodeView, first: Tensor, second: Tensor, out: Tensor) -> None:
        """Quantization and attributes; called once types and shapes are known to be sound."""

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return (broadcast(view),)
