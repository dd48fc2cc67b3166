"""Reductions over axes (MEAN, SUM, REDUCE_MAX, REDUCE_MIN): what they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._walk import Walk, steps_of, walk
from tinyml_compress.ops.base import Consts, Operator, Options
from tinyml_compress.ops.rows import Params

MAX_RANK = 5


@dataclass(frozen=True)
class ReduceAttrs(Attrs):
    """Attributes of a reduction; the axes are the second input."""

    keep_dims: bool = False


def _reduced_axes(view: NodeView) -> tuple[int, ...]:
    """The axes to reduce, none twice, in ascending order."""
    rank = len(view.input(0).shape)
    return tuple(
        sorted({_checks.normal_axis(view, a, rank) for a in _checks.constant_ints(view, 1, "the axes")})
    )


def _split(view: NodeView) -> tuple[Walk, Walk]:
    """Loops over the output's elements, and over those that each of them gathers."""
    shape = view.input(0).shape
    steps, axes = steps_of(shape), _reduced_axes(view)
    kept = [axis for axis in range(len(shape)) if axis not in axes]

    def over(chosen: Sequence[int]) -> Walk:
        return walk([shape[axis] for axis in chosen], [steps[axis] for axis in chosen])

    return over(kept), over(axes)


def reduced_elements(view: NodeView) -> int:
    """How many input elements each output element gathers."""
    return _split(view)[1].elements


def walk_params(view: NodeView) -> Params:
    """The fields that every reduction's params start with."""
    walks = zip(("kept", "reduced"), _split(view), strict=True)
    return tuple((name, Consts(name, "int32_t", walk.table)) for name, walk in walks)


class ReduceOperator(Operator):
    """Input, axes (constant), output."""

    attrs_type = ReduceAttrs
    options = Options("ReducerOptions")

    def keeps_channels(self, view: NodeView) -> bool:
        return len(view.input(0).shape) - 1 not in _reduced_axes(view)

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 2)
        dtype = _checks.one_type(view, self.types)
        _checks.dtypes(view, view.input(1), (DType.INT32,), "the axes")
        _checks.full_rank(view, view.input(0), MAX_RANK, 1)
        _reduced_axes(view)
        if dtype in (DType.INT8, DType.INT16):
            for tensor in (view.input(0), view.output()):
                _checks.quantization(view, tensor)

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        axes, keep = _reduced_axes(view), view.attrs(ReduceAttrs).keep_dims
        shape = view.input(0).shape
        return (
            tuple(1 if axis in axes else size for axis, size in enumerate(shape) if keep or axis not in axes),
        )
