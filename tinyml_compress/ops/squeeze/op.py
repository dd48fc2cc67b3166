"""SQUEEZE: axes of one element vanish."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.ir import Attrs, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._moves import MOVABLE
from tinyml_compress.ops._same_bytes import SameBytesOperator
from tinyml_compress.ops.base import Options, refuse

_MAX_RANK = 8


@dataclass(frozen=True)
class SqueezeAttrs(Attrs):
    """Attributes of SQUEEZE; no axes means all of one element."""

    squeeze_dims: tuple[int, ...] = ()


class Squeeze(SameBytesOperator):
    name = "SQUEEZE"
    attrs_type = SqueezeAttrs
    options = Options("SqueezeOptions")

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 1)
        source = view.input(0)
        _checks.one_type(view, MOVABLE)
        rank = _checks.full_rank(view, source, _MAX_RANK)
        for axis in view.attrs(SqueezeAttrs).squeeze_dims:
            if source.shape[_checks.normal_axis(view, axis, rank)] != 1:
                raise refuse(view, f"axis {axis} cannot vanish", found=source.shape, allowed="one element")

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        shape, dims = view.input(0).shape, view.attrs(SqueezeAttrs).squeeze_dims
        gone = (
            {axis % len(shape) for axis in dims} if dims else {i for i, size in enumerate(shape) if size == 1}
        )
        return (tuple(size for axis, size in enumerate(shape) if axis not in gone),)


OPERATOR = Squeeze()
