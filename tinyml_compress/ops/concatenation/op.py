"""CONCATENATION: tensors one after another along an axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._fixed_point import Ints
from tinyml_compress.ops._moves import MoveOperator, move_call
from tinyml_compress.ops._walk import steps_of
from tinyml_compress.ops.along import Along
from tinyml_compress.ops.base import Call, Options, refuse
from tinyml_compress.ops.numerics import Activation, Fused
from tinyml_compress.ops.traits import channels_of

_MAX_INPUTS = 10
_MAX_RANK = 4


@dataclass(frozen=True)
class ConcatenationAttrs(Fused):
    axis: int = 0
    activation: Activation = Activation.NONE


def _axis(view: NodeView) -> int:
    return view.attrs(ConcatenationAttrs).axis % max(len(view.output().shape), 1)


def _starts(view: NodeView) -> tuple[int, ...]:
    """Index along the axis at which each input starts in the output."""
    axis, position, starts = _axis(view), 0, []
    for index in range(len(view.node.inputs)):
        starts.append(position)
        position += view.input(index).shape[axis]
    return tuple(starts)


class Concatenation(MoveOperator):
    name = "CONCATENATION"
    attrs_type = ConcatenationAttrs
    options = Options("ConcatenationOptions")
    types = (DType.INT8, DType.INT16, DType.INT32, DType.INT64, DType.BOOL, DType.FLOAT32)
    limits = f"up to {_MAX_INPUTS} inputs, rank up to {_MAX_RANK}, no fused activation"

    def handed_on(self, view: NodeView) -> Mapping[int, Ints] | None:
        place, places = np.arange(channels_of(view.output())), {}
        for index, start in enumerate(_starts(view)):
            own = place - (start if _axis(view) == len(view.output().shape) - 1 else 0)
            places[index] = np.where(own < channels_of(view.input(index)), own, -1)
        return places

    def along(self, view: NodeView, axis: int) -> Along | None:
        return Along(axis) if _axis(view) != axis else None

    def cut(self, view: NodeView, axis: int, before: int, after: int) -> Attrs | None:
        return view.node.attrs

    def check(self, view: NodeView) -> None:
        count = len(view.node.inputs)
        if not 1 <= count <= _MAX_INPUTS:
            raise refuse(view, "number of inputs", found=count, allowed=f"1 to {_MAX_INPUTS}")
        _checks.arity(view, count)
        _checks.no_activation(view)
        first = view.input(0)
        dtype = _checks.one_type(view, self.types)
        rank = _checks.full_rank(view, first, _MAX_RANK, 1)
        axis = _checks.normal_axis(view, view.attrs(ConcatenationAttrs).axis, rank)
        for index in range(count):
            tensor = view.input(index)
            _checks.dtypes(view, tensor, (dtype,))
            if dtype is DType.INT8:
                # TensorFlow Lite Micro copies the stored values, whatever they mean.
                _checks.same_quantization(view, tensor, view.output())
            others = [size for i, size in enumerate(tensor.shape) if i != axis]
            if len(tensor.shape) != rank or others != [
                size for i, size in enumerate(first.shape) if i != axis
            ]:
                raise refuse(
                    view,
                    f"shape of input {index}",
                    found=tensor.shape,
                    allowed=f"{first.shape} but for axis {axis}",
                )

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        first = view.input(0).shape
        axis = view.attrs(ConcatenationAttrs).axis % len(first)
        total = sum(view.input(index).shape[axis] for index in range(len(view.node.inputs)))
        return ((*first[:axis], total, *first[axis + 1 :]),)

    def moves(self, view: NodeView) -> tuple[Call, ...]:
        axis, steps = _axis(view), steps_of(view.output().shape)
        calls: list[Call] = []
        for index, start in enumerate(_starts(view)):
            shape = view.input(index).shape
            if view.input(index).elements:
                calls.append(
                    move_call(
                        view,
                        shape,
                        steps_of(shape),
                        steps,
                        source=index,
                        out_start=start * steps[axis],
                        name=f"walk{index}",
                    )
                )
        return tuple(calls)


OPERATOR = Concatenation()
