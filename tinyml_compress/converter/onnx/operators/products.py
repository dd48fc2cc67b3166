"""Products of matrices."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tinyml_compress.converter.onnx.call import Builder, OnnxCall, rounded
from tinyml_compress.converter.onnx.values import OnnxValue, ordered, plain_order, rows_as_folded, unfolded


def _left_to_converter(value: OnnxValue) -> OnnxValue:
    """A matrix with a scale per output without its grid, on which it lies already: the converter finds such
    scales by itself, and cannot be told them.
    """
    per_channel = value.grid is not None and value.grid.axis is not None and not value.whole
    return replace(value, grid=None) if per_channel else value


def _rows(call: OnnxCall, value: OnnxValue, transposed: bool) -> Any:
    """The constant matrix (inputs, outputs), its rows as the folded first operand has them, rounded."""
    first = call.raw(0)
    matrix = np.asarray(ordered(call.tf, value, plain_order(2)))
    matrix = matrix.T if transposed else matrix
    if first.folded is not None:
        matrix = matrix[rows_as_folded(first.folded)]
    order = (1, 0) if transposed else (0, 1)
    return rounded(call.tf, OnnxValue(np.ascontiguousarray(matrix), order, None, value.grid)).tensor


def _gemm(call: OnnxCall) -> OnnxValue:
    tf, first, second = call.tf, call.raw(0), _left_to_converter(call.raw(1))
    alpha, beta = call.attribute("alpha", 1.0), call.attribute("beta", 1.0)
    left, right = bool(call.attribute("transA", 0)), bool(call.attribute("transB", 0))
    if second.is_constant and not left:
        first = rounded(tf, first)
        a = first.tensor if first.folded is not None else ordered(tf, first, (0, 1))
        product = tf.matmul(a, _rows(call, second, right))
    else:
        product = tf.matmul(call.plain(0), call.plain(1), transpose_a=left, transpose_b=right)
    if alpha != 1.0:
        product = product * np.float32(alpha)
    if call.has(2) and beta != 0.0:
        bias = call.plain(2)
        if isinstance(bias, np.ndarray) and bias.ndim == 2 and bias.shape[0] == 1:
            bias = bias.reshape(-1)
        product = product + (bias if beta == 1.0 else bias * np.float32(beta))
    return OnnxValue.of(product)


def _mat_mul(call: OnnxCall) -> OnnxValue:
    tf, first, second = call.tf, call.raw(0), _left_to_converter(call.raw(1))
    if second.is_constant and second.rank == 2 and first.rank == 2 and not first.is_constant:
        first = rounded(tf, first)
        a = first.tensor if first.folded is not None else ordered(tf, first, (0, 1))
        return OnnxValue.of(tf.matmul(a, _rows(call, second, False)))
    left, right = call.value(0), unfolded(tf, rounded(tf, second))
    return OnnxValue.of(product(tf, left, right))


def product(tf: Any, left: OnnxValue, right: OnnxValue) -> Any:
    """Of matrices in stacks, as numpy multiplies them; in the model's order."""
    if left.rank == 1 or right.rank == 1:
        a, b = ordered(tf, left, plain_order(left.rank)), ordered(tf, right, plain_order(right.rank))
        a = tf.reshape(a, [1, -1]) if left.rank == 1 else a
        b = tf.reshape(b, [-1, 1]) if right.rank == 1 else b
        shape = [int(size) for size in tf.matmul(a, b).shape]
        kept = [
            *shape[: len(shape) - 2],
            *(shape[-2:-1] if left.rank > 1 else ()),
            *(shape[-1:] if right.rank > 1 else ()),
        ]
        return tf.reshape(tf.matmul(a, b), kept)
    a, turned_a = _turned(tf, left)
    b, turned_b = _turned(tf, right)
    if right.rank == 2 and left.rank > 2 and not turned_a:  # one matrix for all: rows one behind the other
        shape = [int(size) for size in a.shape]
        flat = tf.matmul(tf.reshape(a, [int(np.prod(shape[:-1])), shape[-1]]), b, transpose_b=turned_b)
        return tf.reshape(flat, [*shape[:-1], int(flat.shape[-1])])
    return tf.matmul(a, b, transpose_a=turned_a, transpose_b=turned_b)


def _turned(tf: Any, value: OnnxValue) -> tuple[Any, bool]:
    """The tensor, and whether its last two axes stand the other way round."""
    rank = value.rank
    swapped = (*range(rank - 2), rank - 1, rank - 2)
    if value.order == swapped and not value.is_constant:
        return value.tensor, True
    return ordered(tf, value, plain_order(rank)), False


def _einsum(call: OnnxCall) -> OnnxValue:
    tensors = [call.plain(index) for index in range(len(call.values))]
    return OnnxValue.of(call.tf.einsum(call.text("equation", "").replace(" ", ""), *tensors))


OPERATORS: dict[str, Builder] = {"Gemm": _gemm, "MatMul": _mat_mul, "Einsum": _einsum}
