"""CIRCULAR_BUFFER: the last frames of a stream. Inferences between two full strides end at it, without a
result.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops.base import (
    FLEXBUFFER,
    Call,
    In,
    Kept,
    Operator,
    Options,
    Out,
    StateBlock,
    Variant,
    refuse,
)
from tinyml_compress.ops.structs import ints, struct

STRUCTS = (
    struct(
        "tc_circular_buffer_params",
        ints("kept", note="bytes of all frames but the newest"),
        ints("frame", note="bytes of one"),
        ints("cycles"),
    ),
)

_EACH_FRAME = (5, 13, 25)
_COUNTED = (2, 96)
"""Sizes of a layer whose stride, when the file leaves it open, TFLM tells by how many such layers it has
prepared.
"""


@dataclass(frozen=True)
class CircularBufferAttrs(Attrs):
    """Attributes of CIRCULAR_BUFFER. Without `cycles_max`, the number of frames tells the stride,
    as in TFLM.
    """

    cycles_max: int = 0


def _cycles(view: NodeView) -> int:
    given = view.attrs(CircularBufferAttrs).cycles_max
    if given > 0:
        return given
    return 1 if view.output().shape[1] in _EACH_FRAME else 2


def _emit(view: NodeView) -> tuple[Call, ...]:
    frame = view.input(0).nbytes
    params = (("kept", view.output().nbytes - frame), ("frame", frame), ("cycles", _cycles(view)))
    arguments = (In(0), Kept(), Out())
    if _tells(view):
        told = (*arguments, Out(1))
        return (Call("tc_s8_circular_buffer_told__c", "tc_circular_buffer_params", params, told),)
    stops = OPERATOR.stops(view)
    return (Call("tc_s8_circular_buffer__c", "tc_circular_buffer_params", params, arguments, stops=stops),)


def _tells(view: NodeView) -> bool:
    """Whether the end of a stride is an output; the inference then goes on in any case."""
    return len(view.node.outputs) == 2


class CircularBuffer(Operator):
    name = "CIRCULAR_BUFFER"
    custom = True
    attrs_type = CircularBufferAttrs
    options = Options(FLEXBUFFER)
    dtypes = ("int8",)
    limits = "batch 1; the buffer a variable tensor; not within subgraphs"
    variants = (
        Variant("tc_s8_circular_buffer__c", lambda view: not _tells(view), _emit),
        Variant("tc_s8_circular_buffer_told__c", _tells, _emit),
    )
    writes_variables = True

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 1, 2 if _tells(view) else 1)
        source, target = view.input(0), view.output()
        for tensor in (source, target):
            _checks.dtypes(view, tensor, (DType.INT8,))
            _checks.full_rank(view, tensor, 4, 4)
        if not target.variable:
            raise refuse(view, "the buffer is no variable", found=target.name, allowed="a variable tensor")
        if (source.shape[:2], source.shape[2:], target.shape[0]) != ((1, 1), target.shape[2:], 1):
            raise refuse(
                view,
                "shapes",
                found=f"{source.shape} to {target.shape}",
                allowed="one frame, and several of the same",
            )
        given = view.attrs(CircularBufferAttrs).cycles_max
        if given <= 0 and target.shape[1] not in _EACH_FRAME and target.shape[2:] == _COUNTED:
            raise refuse(
                view,
                "cycles_max",
                found=given,
                allowed="1 or more: TensorFlow Lite Micro would guess for this shape",
            )
        if _tells(view) and (view.output(1).dtype is not DType.BOOL or view.output(1).elements != 1):
            raise refuse(view, "the second output", found=view.output(1).dtype.value, allowed="one bool")
        if _tells(view) and view.output(1).variable:
            raise refuse(view, "the second output is a variable", found=view.output(1).name)
        if source.name == target.name:
            raise refuse(view, "the buffer is its own input", found=source.name)

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return tuple(view.output(index).shape for index in range(len(view.node.outputs)))

    def stops(self, view: NodeView) -> bool:
        return not _tells(view) and _cycles(view) > 1

    def state(self, view: NodeView) -> tuple[StateBlock, ...]:
        return (StateBlock("frames since the last result", DType.INT32, 1),)


OPERATOR = CircularBuffer()
