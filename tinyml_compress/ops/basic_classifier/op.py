"""BasicClassifier: which of some classes reach their thresholds, in whole numbers."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._signal import constant
from tinyml_compress.ops.base import In, Operator, Out, refuse
from tinyml_compress.ops.rows import Params, called
from tinyml_compress.ops.structs import ints, struct

STRUCTS = (struct("tc_basic_classifier_params", ints("targets")),)


def _params(view: NodeView) -> Params:
    return (("targets", view.output().elements),)


class BasicClassifier(Operator):
    name = "BasicClassifier"
    custom = True
    dtypes = ("int32",)
    limits = "indices of the classes constant"
    variants = (
        called(
            "tc_s32_basic_classifier__c",
            "tc_basic_classifier_params",
            _params,
            (In(0), In(1), In(2), Out(0), Out(1)),
        ),
    )

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 3, 2)
        for index in range(3):
            _checks.dtypes(view, view.input(index), (DType.INT32,))
            _checks.full_rank(view, view.input(index), 1, 1)
        _checks.dtypes(view, view.output(0), (DType.BOOL,))
        _checks.dtypes(view, view.output(1), (DType.INT32,))
        classes, targets = constant(view, 1, "the indices of the classes"), view.input(1).elements
        if any(not 0 <= index < view.input(0).elements for index in classes.tolist()):
            raise refuse(
                view, "index of a class", found=classes.tolist(), allowed=f"0 to {view.input(0).elements - 1}"
            )
        if view.input(2).elements != targets:
            raise refuse(view, "number of thresholds", found=view.input(2).elements, allowed=targets)

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return (view.input(1).shape, view.input(1).shape)


OPERATOR = BasicClassifier()
