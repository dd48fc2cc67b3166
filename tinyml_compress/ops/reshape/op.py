"""RESHAPE: the same bytes under another shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._moves import MOVABLE
from tinyml_compress.ops._same_bytes import SameBytesOperator
from tinyml_compress.ops.base import OptionField, Options

__all__ = ["OPERATOR", "Reshape", "ReshapeAttrs"]


@dataclass(frozen=True)
class ReshapeAttrs(Attrs):
    """Attributes of RESHAPE; the second input, when it is there, comes before them."""

    new_shape: tuple[int, ...] = ()


def _wanted(view: NodeView) -> tuple[int, ...] | None:
    """The new shape, possibly with one -1; None when it is computed at run time."""
    second = view.optional_input(1)
    if second is None:
        return cast(ReshapeAttrs, view.attrs).new_shape
    if second.data is None:
        return None
    return tuple(int(size) for size in np.asarray(second.data).reshape(-1))


class Reshape(SameBytesOperator):
    name = "RESHAPE"
    attrs_type = ReshapeAttrs
    options = Options("ReshapeOptions", (OptionField("new_shape", "new_shape", tuple),))

    def check(self, view: NodeView) -> None:
        if len(view.node.inputs) not in (1, 2) or view.node.inputs[0] is None or len(view.node.outputs) != 1:
            raise self.refuse(
                view,
                "wrong number of inputs or outputs",
                found=f"{len(view.node.inputs)} and {len(view.node.outputs)}",
                allowed="1 or 2, and 1",
            )
        shape = view.optional_input(1)
        if shape is not None:
            _checks.dtypes(self, view, shape, (DType.INT32,), "the shape")
        dtype = _checks.dtypes(self, view, view.input(0), MOVABLE)
        _checks.dtypes(self, view, view.output(), (dtype,))
        count = view.input(0).elements
        if view.output().elements != count:
            raise self.refuse(
                view, "number of elements changes", found=view.output().shape, allowed=f"{count} elements"
            )

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        # TensorFlow Lite Micro takes the output tensor's own shape; the wanted one is advice that may be stale.
        wanted, count = _wanted(view), view.input(0).elements
        if wanted is None or any(size < -1 for size in wanted) or wanted.count(-1) > 1:
            return (view.output().shape,)
        rest = int(np.prod([size for size in wanted if size != -1], dtype=np.int64))
        filled = tuple((count // rest if rest else 0) if size == -1 else size for size in wanted)
        matches = int(np.prod(filled, dtype=np.int64)) == count
        return (filled if matches else view.output().shape,)


OPERATOR = Reshape()
