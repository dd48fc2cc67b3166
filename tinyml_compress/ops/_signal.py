"""The custom operators of audio front ends, named Signal...: what their checks and calls share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import DType, NodeView, Tensor
from tinyml_compress.ops import _checks
from tinyml_compress.ops.base import Operator, refuse


class SignalOperator(Operator):
    """A custom operator whose tensors have fixed element types and, unless it says otherwise, one axis."""

    custom = True
    takes: Sequence[DType]
    """Element types of the inputs."""
    gives: Sequence[DType]
    """Element types of the outputs."""
    ranks: tuple[Sequence[int | None], Sequence[int | None]] | None = None
    """Of inputs and outputs where they are not all 1; None leaves one to the operator."""

    def check(self, view: NodeView) -> None:
        _checks.arity(view, len(self.takes), len(self.gives))
        ranks = self.ranks or ((1,) * len(self.takes), (1,) * len(self.gives))
        sides = ((view.input, self.takes, ranks[0]), (view.output, self.gives, ranks[1]))
        for tensor_of, dtypes, wanted in sides:
            for index, (dtype, rank) in enumerate(zip(dtypes, wanted, strict=True)):
                tensor: Tensor = tensor_of(index)
                _checks.dtypes(view, tensor, (dtype,))
                if rank is not None:
                    _checks.full_rank(view, tensor, rank, rank)

    def bounded(self, view: NodeView, what: str, value: int, low: int, high: int) -> None:
        """An option or a size lies within bounds."""
        if not low <= value <= high:
            raise refuse(view, what, found=value, allowed=f"{low} to {high}" if low < high else low)

    def sized(self, view: NodeView, tensor: Tensor, elements: int) -> None:
        """A tensor has that many elements."""
        if tensor.elements != elements:
            raise refuse(view, f"elements of tensor {tensor.name}", found=tensor.elements, allowed=elements)

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        """As the file has them; `check` has compared them with inputs and options."""
        return tuple(view.output(index).shape for index in range(len(self.gives)))


def constant(view: NodeView, index: int, what: str) -> npt.NDArray[np.int64]:
    """The values of an input that must be a constant."""
    tensor = view.input(index)
    if tensor.data is None:
        raise refuse(
            view, f"{what} is computed at run time", found=f"tensor {tensor.name}", allowed="a constant"
        )
    return np.asarray(tensor.data).reshape(-1).astype(np.int64)
