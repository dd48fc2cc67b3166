"""TANH: hyperbolic tangent."""

from __future__ import annotations

from tinyml_compress.ops import _fixed_point
from tinyml_compress.ops._sigmoid import SigmoidOperator, table_of
from tinyml_compress.ops._unary import lookup_variant

__all__ = ["OPERATOR", "Tanh"]


class Tanh(SigmoidOperator):
    name = "TANH"
    variants = (lookup_variant(lambda view: table_of(view, _fixed_point.tanh, 7, 0)),)


OPERATOR = Tanh()
