"""What operators on variables share: their handles, and variables once `passes/` has put them in the handles'
place.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.ir import Attrs, DType, NodeView, Tensor
from tinyml_compress.ops import _checks
from tinyml_compress.ops._moves import MOVABLE
from tinyml_compress.ops.base import refuse


@dataclass(frozen=True)
class VariableAttrs(Attrs):
    """Attributes of VAR_HANDLE: together they name a variable of the model."""

    container: str = ""
    shared_name: str = ""


def check_handle(view: NodeView, tensor: Tensor) -> None:
    """A handle, or the variable itself."""
    if not tensor.variable:
        _checks.dtypes(view, tensor, (DType.RESOURCE,), "the handle")
        if tensor.elements != 1:
            raise refuse(view, f"shape of handle {tensor.name}", found=tensor.shape, allowed="one element")


def check_value(view: NodeView, handle: Tensor, value: Tensor) -> None:
    """A value that the variable holds, byte for byte."""
    _checks.dtypes(view, value, MOVABLE, "the value")
    if handle.variable and (handle.dtype, handle.nbytes) != (value.dtype, value.nbytes):
        raise refuse(
            view,
            f"value {value.name} is not of the variable's type and size",
            found=f"{value.dtype.value} {value.shape}",
            allowed=f"{handle.dtype.value} {handle.shape}, as the variable {handle.name} was first given",
        )
