"""RESHAPE: the same bytes under another shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tinyml_compress.ir import Attrs, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._moves import MOVABLE
from tinyml_compress.ops._same_bytes import SameBytesOperator
from tinyml_compress.ops.base import Options, refuse


@dataclass(frozen=True)
class ReshapeAttrs(Attrs):
    """Attributes of RESHAPE; the second input, when it is there, comes before them."""

    new_shape: tuple[int, ...] = ()


class Reshape(SameBytesOperator):
    name = "RESHAPE"
    attrs_type = ReshapeAttrs
    options = Options("ReshapeOptions")

    def check(self, view: NodeView) -> None:
        if len(view.node.inputs) not in (1, 2) or view.node.inputs[0] is None or len(view.node.outputs) != 1:
            raise refuse(
                view,
                "wrong number of inputs or outputs",
                found=f"{len(view.node.inputs)} and {len(view.node.outputs)}",
                allowed="1 or 2, and 1",
            )
        _checks.one_type(view, MOVABLE)
        count = view.input(0).elements
        if view.output().elements != count:
            raise refuse(
                view, "number of elements changes", found=view.output().shape, allowed=f"{count} elements"
            )

    def of_shape(self, view: NodeView, shape: tuple[int, ...]) -> tuple[Attrs, Mapping[int, Sequence[int]]]:
        attrs = view.attrs(ReshapeAttrs)
        named = replace(attrs, new_shape=shape) if attrs.new_shape else attrs
        return named, {1: shape} if view.optional_input(1) is not None else {}

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        # TensorFlow Lite Micro takes the output tensor's own shape; it reads neither the wanted one nor its
        # type.
        return (view.output().shape,)


OPERATOR = Reshape()
