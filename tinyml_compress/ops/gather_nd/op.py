"""GATHER_ND: slices picked by tuples of indices."""

from __future__ import annotations

import math

import numpy as np

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._walk import steps_of
from tinyml_compress.ops.base import Consts, In, Operator, Options, Out, refuse
from tinyml_compress.ops.rows import Params, called
from tinyml_compress.ops.structs import ints, pointers, struct
from tinyml_compress.ops.traits import Picks

STRUCTS = (
    struct(
        "tc_gather_nd_params",
        ints("picks"),
        ints("depth", note="indices per slice"),
        pointers("int32_t", "axes", note="per index: size of its axis, bytes from one to the next"),
        ints("bytes", note="per slice"),
    ),
)


def _entries(view: NodeView) -> int:
    """Along the shortest axis that an index names."""
    depth = max(view.input(1).shape[-1:], default=0)
    return min(view.input(0).shape[: max(depth, 0)], default=0)


def _params(view: NodeView) -> Params:
    source, indices = view.input(0), view.input(1)
    depth, size = indices.shape[-1], source.dtype.itemsize
    axes = [
        (count, step * size)
        for count, step in zip(source.shape[:depth], steps_of(source.shape), strict=False)
    ]
    return (
        ("picks", math.prod(indices.shape[:-1])),
        ("depth", depth),
        ("axes", Consts("axes", "int32_t", np.array(axes, np.int32))),
        ("bytes", math.prod(source.shape[depth:]) * size),
    )


class GatherNd(Operator):
    name = "GATHER_ND"
    options = Options("GatherNdOptions")
    types = (DType.INT8, DType.FLOAT32)
    limits = "int32 indices; one outside its axis is clamped to it"
    picks = Picks(0, 1, _entries)
    variants = (called("tc_x8_gather_nd__c", "tc_gather_nd_params", _params, (In(0), In(1), Out())),)

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 2)
        source, indices = view.input(0), view.input(1)
        _checks.one_type(view, self.types)
        _checks.dtypes(view, indices, (DType.INT32,), "the indices")
        rank = _checks.full_rank(view, source, 5, 1)
        _checks.full_rank(view, indices, 5, 1)
        if not 1 <= indices.shape[-1] <= rank:
            raise refuse(view, "indices per slice", found=indices.shape[-1], allowed=f"1 to {rank}")
        _checks.not_empty(view, source)
        if indices.data is not None:
            values = np.asarray(indices.data, np.int64).reshape(-1, indices.shape[-1])
            limits = np.array(source.shape[: indices.shape[-1]])
            if ((values < 0) | (values >= limits)).any():
                raise refuse(
                    view, "index outside its axis", found=values.max(axis=0), allowed=f"below {limits}"
                )

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        source, indices = view.input(0).shape, view.input(1).shape
        return ((*indices[:-1], *source[indices[-1] :]),)


OPERATOR = GatherNd()
