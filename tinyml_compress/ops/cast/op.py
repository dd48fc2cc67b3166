"""CAST: element types converted into one another."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._unary import UnaryOperator
from tinyml_compress.ops.base import Options
from tinyml_compress.ops.rows import Params, called
from tinyml_compress.ops.structs import ints, struct

STRUCTS = (struct("tc_cast_params", ints("count from to")),)

_CODES = {DType.INT8: 0, DType.INT16: 1, DType.INT32: 2, DType.BOOL: 3, DType.FLOAT32: 4, DType.UINT32: 5}
"""As in tc_cast.h."""


@dataclass(frozen=True)
class CastAttrs(Attrs):
    """Attributes of CAST, by the schema's numbers; the tensors' own types count."""

    in_data_type: int = 0
    out_data_type: int = 0


def _params(view: NodeView) -> Params:
    return (
        ("count", view.output().elements),
        ("from", _CODES[view.input(0).dtype]),
        ("to", _CODES[view.output().dtype]),
    )


class Cast(UnaryOperator):
    name = "CAST"
    attrs_type = CastAttrs
    options = Options("CastOptions")
    dtypes = ("int8", "int16", "int32", "uint32", "bool", "float32")
    types = tuple(_CODES)
    variants = (called("tc_x32_cast__c", "tc_cast_params", _params),)

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 1)
        _checks.dtypes(view, view.input(0), self.types)
        _checks.dtypes(view, view.output(), self.types)
        self.check_shapes(view)


OPERATOR = Cast()
