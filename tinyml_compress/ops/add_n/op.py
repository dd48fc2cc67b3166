"""ADD_N: sum of several tensors of one shape."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._fine_sums import check_sums, sum_params
from tinyml_compress.ops.base import Call, In, Operator, Options, Out, Scratch, Variant, refuse
from tinyml_compress.ops.structs import ints, struct

STRUCTS = (
    struct(
        "tc_add_n_params",
        ints("count"),
        ints("first", note="whether this is the first, and the last, of the inputs"),
        ints("last in_zero_point multiplier shift zero_point"),
    ),
)


def _emit(view: NodeView) -> tuple[Call, ...]:
    inputs = len(view.node.inputs)
    numbers = sum_params(view)
    calls: list[Call] = []
    for index in range(inputs):
        params = (
            ("count", view.output().elements),
            ("first", int(index == 0)),
            ("last", int(index == inputs - 1)),
            *numbers,
        )
        if view.output().dtype is DType.INT8:
            calls.append(Call("tc_s8_add_n__c", "tc_add_n_params", params, (In(index), Scratch(), Out())))
        else:
            calls.append(Call("tc_f32_add_n__c", "tc_add_n_params", params, (In(index), Out())))
    return tuple(calls)


class AddN(Operator):
    name = "ADD_N"
    elementwise = True
    options = Options("AddNOptions")
    types = (DType.INT8, DType.FLOAT32)
    limits = "one shape; int8 inputs of one quantization"
    variants = (
        Variant(
            "tc_s8_add_n__c",
            lambda view: view.output().dtype is DType.INT8,
            _emit,
            scratch=lambda view: 4 * view.output().elements,
        ),
        Variant("tc_f32_add_n__c", lambda view: view.output().dtype is DType.FLOAT32, _emit),
    )

    def check(self, view: NodeView) -> None:
        count = len(view.node.inputs)
        if count < 2:
            raise refuse(view, "number of inputs", found=count, allowed="2 or more")
        _checks.arity(view, count)
        first = view.input(0)
        dtype = _checks.one_type(view, self.types)
        for index in range(1, count):
            _checks.dtypes(view, view.input(index), (dtype,))
            if view.input(index).shape != first.shape:
                raise refuse(
                    view, f"shape of input {index}", found=view.input(index).shape, allowed=first.shape
                )
            if dtype is DType.INT8:
                _checks.same_quantization(view, first, view.input(index))
        if dtype is DType.INT8:
            check_sums(view)


OPERATOR = AddN()
