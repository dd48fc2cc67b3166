"""EMBEDDING_LOOKUP: rows of a table picked by index."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops.base import In, Operator, Out, refuse
from tinyml_compress.ops.rows import Params, called
from tinyml_compress.ops.structs import floats, ints, struct
from tinyml_compress.ops.traits import Picks

STRUCTS = (
    struct(
        "tc_embedding_params",
        ints("lookups rows"),
        ints("bytes", note="per row of the table"),
        floats("scale", note="where the row is turned into float"),
    ),
)


def _widens(view: NodeView) -> bool:
    return view.input(1).dtype is not view.output().dtype


def _params(view: NodeView) -> Params:
    table = view.input(1)
    return (
        ("lookups", view.input(0).elements),
        ("rows", table.shape[0]),
        ("bytes", table.nbytes // table.shape[0]),
        ("scale", table.quant.scale if table.quant is not None else 1.0),
    )


class EmbeddingLookup(Operator):
    name = "EMBEDDING_LOOKUP"
    dtypes = ("int8", "float32")
    limits = "int32 indices; one outside the table is clamped to it"
    picks = Picks(1, 0, lambda view: max(view.input(1).shape[:1], default=0))
    variants = (
        called(
            "tc_s8_f32_embedding__c", "tc_embedding_params", _params, (In(0), In(1), Out()), accepts=_widens
        ),
        called("tc_x8_embedding__c", "tc_embedding_params", _params, (In(0), In(1), Out())),
    )

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 2)
        _checks.dtypes(view, view.input(0), (DType.INT32,), "the indices")
        _checks.full_rank(view, view.input(0), 1, 1)
        table = view.input(1)
        dtype = _checks.dtypes(view, table, (DType.INT8, DType.FLOAT32), "the table")
        _checks.full_rank(view, table, 6, 2)
        _checks.dtypes(
            view,
            view.output(),
            (DType.INT8, DType.FLOAT32) if dtype is DType.INT8 else (DType.FLOAT32,),
        )
        _checks.not_empty(view, table, "table")
        picks = view.input(0).data
        if picks is not None and any(not 0 <= int(index) < table.shape[0] for index in picks.tolist()):
            raise refuse(
                view, "index outside the table", found=picks.tolist(), allowed=f"0 to {table.shape[0] - 1}"
            )
        if _widens(view):
            quant = _checks.quantization(view, table)
            if quant.zero_point != 0:
                raise refuse(view, "zero point of the table", found=quant.zero_point, allowed=0)

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return ((*view.input(0).shape, *view.input(1).shape[1:]),)


OPERATOR = EmbeddingLookup()
