"""BATCH_MATMUL: products of matrices, either of which may be transposed, with broadcast batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._walk import broadcast_steps, walk
from tinyml_compress.ops.base import Consts, In, Operator, Options, Out, Variant, refuse
from tinyml_compress.ops.numerics import quantize_multiplier
from tinyml_compress.ops.rows import Params, each_type
from tinyml_compress.ops.structs import ints, pointers, struct

STRUCTS = (
    struct(
        "tc_batch_matmul_params",
        pointers("int32_t", "batches", note="two lanes: where both matrices of a product start"),
        ints("rows columns depth row_step1 depth_step1 depth_step2 column_step2"),
    ),
    struct(
        "tc_s8_batch_matmul_params",
        pointers("int32_t", "batches"),
        ints("rows columns depth row_step1 depth_step1 depth_step2 column_step2 zero_point1"),
        ints("zero_point2 multiplier shift zero_point"),
    ),
)

_MAX_RANK = 5


@dataclass(frozen=True)
class BatchMatmulAttrs(Attrs):
    adj_x: bool = False
    adj_y: bool = False
    asymmetric_quantize_inputs: bool = False


@dataclass(frozen=True)
class _Matrix:
    """A matrix as the product reads it, with the steps between its rows and columns."""

    rows: int
    columns: int
    row_step: int
    column_step: int


def _matrix(view: NodeView, index: int) -> _Matrix:
    attrs = view.attrs(BatchMatmulAttrs)
    rows, columns = view.input(index).shape[-2:]
    if attrs.adj_x if index == 0 else attrs.adj_y:
        return _Matrix(columns, rows, 1, columns)
    return _Matrix(rows, columns, columns, 1)


def _factor(view: NodeView) -> tuple[int, int]:
    first, second, out = view.quant(0), view.quant(1), view.output_quant()
    with np.errstate(all="ignore"):  # extreme scales of a hostile file: the shift's check refuses infinity
        product = np.float32(first.scale) * np.float32(second.scale)  # in float32, unlike a convolution's
    return quantize_multiplier(float(product) / out.scale)


def _params(view: NodeView) -> Params:
    first, second, out = _matrix(view, 0), _matrix(view, 1), view.output().shape
    steps = []
    for index in (0, 1):
        shape = view.input(index).shape
        size = shape[-2] * shape[-1]
        steps.append([step * size for step in broadcast_steps(shape[:-2], len(out) - 2)])
    table = Consts("walk", "int32_t", walk(out[:-2], *steps).table)
    return (
        ("batches", table),
        ("rows", first.rows),
        ("columns", second.columns),
        ("depth", first.columns),
        ("row_step1", first.row_step),
        ("depth_step1", first.column_step),
        ("depth_step2", second.row_step),
        ("column_step2", second.column_step),
    )


def _quantized_params(view: NodeView) -> Params:
    first, second, out = view.quant(0), view.quant(1), view.output_quant()
    multiplier, shift = _factor(view)
    return (
        *_params(view),
        ("zero_point1", first.zero_point),
        ("zero_point2", second.zero_point),
        ("multiplier", multiplier),
        ("shift", shift),
        ("zero_point", out.zero_point),
    )


def _rows(struct: str, params: Callable[[NodeView], Params], *types: DType) -> tuple[Variant, ...]:
    return each_type("tc_{}_batch_matmul__c", types, struct, params, (In(0), In(1), Out()))


class BatchMatmul(Operator):
    name = "BATCH_MATMUL"
    tflm_method = "AddBatchMatMul"
    attrs_type = BatchMatmulAttrs
    options = Options("BatchMatMulOptions")
    types = (DType.INT8, DType.INT16, DType.FLOAT32)
    limits = f"rank 2 to {_MAX_RANK}"
    variants = (
        *_rows("tc_s8_batch_matmul_params", _quantized_params, DType.INT8, DType.INT16),
        *_rows("tc_batch_matmul_params", _params, DType.FLOAT32),
    )

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 2)
        dtype = _checks.one_type(view, self.types, 0, 1)
        for index in (0, 1):
            _checks.full_rank(view, view.input(index), _MAX_RANK, 2)
        first, second = _matrix(view, 0), _matrix(view, 1)
        if first.columns != second.rows:
            raise refuse(
                view,
                "inner sizes differ",
                found=f"{view.input(0).shape} by {view.input(1).shape}",
                allowed="equal ones",
            )
        if 0 in (first.rows, first.columns, second.columns):
            raise refuse(view, "empty matrix", found=f"{view.input(0).shape} by {view.input(1).shape}")
        for a, b in zip(reversed(view.input(0).shape[:-2]), reversed(view.input(1).shape[:-2]), strict=False):
            if a != b and 1 not in (a, b):
                raise refuse(
                    view, "batches do not broadcast", found=f"{view.input(0).shape} by {view.input(1).shape}"
                )
        if dtype is not DType.FLOAT32:
            _checks.quantizations(view, view.input(0), view.input(1), view.output())
            _checks.shift(view, _factor(view)[1] + (23 if dtype is DType.INT16 else 0))

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        batches = np.broadcast_shapes(view.input(0).shape[:-2], view.input(1).shape[:-2])
        return ((*(int(size) for size in batches), _matrix(view, 0).rows, _matrix(view, 1).columns),)

    def macs(self, view: NodeView) -> int:
        return view.output().elements * _matrix(view, 0).columns


OPERATOR = BatchMatmul()
