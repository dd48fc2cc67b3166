"""Elementwise operators on two tensors with broadcasting: what they share."""

from __future__ import annotations

from collections.abc import Callable

from tinyml_compress.ir import DType, NodeView, Tensor
from tinyml_compress.ops import _checks
from tinyml_compress.ops._walk import Walk, broadcast_steps, walk
from tinyml_compress.ops.base import Call, In, Operator, Out, Overlap, ParamValue, Ref, Table, Variant, refuse
from tinyml_compress.ops.structs import ints, pointers, struct

STRUCTS = (struct("tc_broadcast_params", ints("count"), pointers("int32_t", "walk")),)

Params = tuple[tuple[str, ParamValue], ...]
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


def _broadcast_walk(view: NodeView) -> Walk:
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


def broadcast_call(view: NodeView, symbol: str, params_type: str, params: Params) -> Call:
    """A call of a kernel that broadcasts; its params start with count and walk."""
    head: Params = (("count", view.output().elements), ("walk", Ref("walk")))
    table = Table("walk", "int32_t", _broadcast_walk(view).table)
    return Call(symbol, params_type, head + params, (In(0), In(1), Out()), (table,))


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

    def emit(symbol: str, walks: bool) -> Callable[[NodeView], tuple[Call, ...]]:
        def calls(view: NodeView) -> tuple[Call, ...]:
            tables = (Table("walk", "int32_t", _broadcast_walk(view).table),) if walks else ()
            head: Params = (("count", view.output().elements), ("walk", Ref("walk") if walks else 0))
            return (Call(symbol, params_type, head + params(view), (In(0), In(1), Out()), tables),)

        return calls

    one_shape, many = f"tc_{dtype}_{op}__c", f"tc_{dtype}_{op}_broadcast__c"
    general = Variant(many, accepts, emit(many, True), overlap=flat_in_place)
    if not flat:
        return (general,)
    return (
        Variant(
            one_shape,
            lambda view: accepts(view) and is_flat(view),
            emit(one_shape, False),
            overlap=flat_in_place,
        ),
        general,
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
