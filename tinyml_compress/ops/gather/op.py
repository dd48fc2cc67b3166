"""GATHER: slices of one axis, picked by indices."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops.base import In, Operator, Options, Out, refuse
from tinyml_compress.ops.rows import Params, called
from tinyml_compress.ops.structs import ints, struct
from tinyml_compress.ops.traits import Picks

STRUCTS = (
    struct(
        "tc_gather_params",
        ints("batches outer"),
        ints("size", note="of the axis"),
        ints("picks", note="indices per batch"),
        ints("bytes", note="per slice"),
    ),
)


@dataclass(frozen=True)
class GatherAttrs(Attrs):
    axis: int = 0
    batch_dims: int = 0


def _axes(view: NodeView) -> tuple[int, int]:
    """Axis and number of batch axes, neither negative."""
    attrs = view.attrs(GatherAttrs)
    batches = attrs.batch_dims + (len(view.input(1).shape) if attrs.batch_dims < 0 else 0)
    return attrs.axis % len(view.input(0).shape), batches


def _entries(view: NodeView) -> int:
    shape = view.input(0).shape
    return shape[view.attrs(GatherAttrs).axis % len(shape)] if shape else 0


def _params(view: NodeView) -> Params:
    axis, batches = _axes(view)
    source, indices = view.input(0), view.input(1)
    return (
        ("batches", math.prod(source.shape[:batches])),
        ("outer", math.prod(source.shape[batches:axis])),
        ("size", source.shape[axis]),
        ("picks", math.prod(indices.shape[batches:])),
        ("bytes", math.prod(source.shape[axis + 1 :]) * source.dtype.itemsize),
    )


class Gather(Operator):
    name = "GATHER"
    attrs_type = GatherAttrs
    options = Options("GatherOptions")
    types = (DType.INT8, DType.FLOAT32)
    limits = "int32 indices; one outside the axis is clamped to it"
    picks = Picks(0, 1, _entries)
    variants = (called("tc_x8_gather__c", "tc_gather_params", _params, (In(0), In(1), Out())),)

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 2)
        source, indices = view.input(0), view.input(1)
        _checks.one_type(view, self.types)
        _checks.dtypes(view, indices, (DType.INT32,), "the indices")
        rank = _checks.full_rank(view, source, 6, 1)
        attrs = view.attrs(GatherAttrs)
        _checks.normal_axis(view, attrs.axis, rank)
        axis, batches = _axes(view)
        if not 0 <= batches <= min(axis, len(indices.shape)):
            raise refuse(
                view, "batch_dims", found=attrs.batch_dims, allowed=f"0 to {min(axis, len(indices.shape))}"
            )
        if source.shape[:batches] != indices.shape[:batches]:
            raise refuse(view, "batch axes differ", found=f"{source.shape} and {indices.shape}")
        if source.shape[axis] < 1:
            raise refuse(view, "empty axis", found=source.shape, allowed="at least one element")
        if indices.data is not None:
            outside = [
                int(i) for i in np.asarray(indices.data).reshape(-1) if not 0 <= i < source.shape[axis]
            ]
            if outside:
                raise refuse(
                    view, "index outside the axis", found=outside[0], allowed=f"0 to {source.shape[axis] - 1}"
                )

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        axis, batches = _axes(view)
        source, indices = view.input(0).shape, view.input(1).shape
        return ((*source[:axis], *indices[batches:], *source[axis + 1 :]),)


OPERATOR = Gather()
