"""The custom operators of audio front ends, named Signal...: what their checks and calls share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import DType, NodeView, Tensor
from tinyml_compress.ops import _checks
from tinyml_compress.ops.base import Operator

__all__ = ["SignalOperator", "constant"]


class SignalOperator(Operator):
    """A custom operator whose tensors have fixed element types and ranks."""

    custom = True
    takes: Sequence[DType]
    """Element types of the inputs."""
    gives: Sequence[DType]
    """Element types of the outputs."""
    rank: int | None = 1
    """Of every tensor that is not a single number; None leaves it to the operator."""

    def check(self, view: NodeView) -> None:
        _checks.arity(self, view, len(self.takes), len(self.gives))
        for index, dtype in enumerate(self.takes):
            _checks.dtypes(self, view, view.input(index), (dtype,))
        for index, dtype in enumerate(self.gives):
            _checks.dtypes(self, view, view.output(index), (dtype,))
        if self.rank is not None:
            for tensor in (*map(view.input, range(len(self.takes))), *map(view.output, range(len(self.gives)))):
                if tensor.shape or tensor.elements != 1:
                    _checks.full_rank(self, view, tensor, self.rank, self.rank)

    def bounded(self, view: NodeView, what: str, value: int, low: int, high: int) -> None:
        """An option lies within bounds."""
        if not low <= value <= high:
            raise self.refuse(view, what, found=value, allowed=f"{low} to {high}")


def constant(op: Operator, view: NodeView, index: int, what: str) -> npt.NDArray[np.int64]:
    """The values of an input that must be a constant."""
    tensor: Tensor = view.input(index)
    if tensor.data is None:
        raise op.refuse(view, f"{what} is computed at run time", found=f"tensor {tensor.name}", allowed="a constant")
    return np.asarray(tensor.data).reshape(-1).astype(np.int64)
