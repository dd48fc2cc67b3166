"""Dense layers of float files whose weights are int8 with a scale per row: tflite-runtime 2.14 takes the
first row's scale for all of them and says nothing; LiteRT takes each row's.
"""

from __future__ import annotations

from tinyml_compress.errors import ModelError
from tinyml_compress.formats import schema
from tinyml_compress.formats.flat import FlatGraph, decode
from tinyml_compress.ir import DType

_DENSE = schema.OPERATOR_NUMBERS["FULLY_CONNECTED"]
_FLOAT, _INT8 = schema.TYPE_OF[DType.FLOAT32], schema.TYPE_OF[DType.INT8]


def scales_rows(file: bytes) -> bool:
    """Whether it has such a layer; a file that we cannot read has none that we know of."""
    try:
        model = decode(file)
    except ModelError:
        return False
    return any(_in(graph) for graph in model.graphs)


def _in(graph: FlatGraph) -> bool:
    for operator in graph.operators:
        if operator.number != _DENSE or len(operator.inputs) < 2:
            continue
        places = operator.inputs[:2]
        if not all(0 <= place < len(graph.tensors) for place in places):
            continue
        values, weights = (graph.tensors[place] for place in places)
        rows = 0 if weights.quant is None else len(weights.quant.scales)
        if values.type == _FLOAT and weights.type == _INT8 and rows > 1:
            return True
    return False
