"""The matrix by whose rank a kernel is split into two thin ones, and the kernel of such a matrix again.

Dense layers and 1x1 convolutions are a matrix as they are. A k x k convolution becomes k x 1 and 1 x k: its
matrix is (rows x inputs) by (columns x outputs).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def matrix_of(kernel: Array) -> Array:
    """By whose rank the kernel is split."""
    if not _has_two_steps(kernel.shape):
        return kernel.reshape(-1, kernel.shape[-1])
    rows, columns, inputs, outputs = kernel.shape
    return kernel.transpose(0, 2, 1, 3).reshape(rows * inputs, columns * outputs)


def kernel_of(matrix: Array, shape: tuple[int, ...]) -> Array:
    """The kernel of that shape."""
    if not _has_two_steps(shape):
        return matrix.reshape(shape)
    rows, columns, inputs, outputs = shape
    return np.ascontiguousarray(matrix.reshape(rows, inputs, columns, outputs).transpose(0, 2, 1, 3))


def _has_two_steps(shape: tuple[int, ...]) -> bool:
    return len(shape) == 4 and shape[:2] != (1, 1)
