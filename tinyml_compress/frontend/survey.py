"""All that stands between a .tflite file and the ahead-of-time engine, where `read` stops at the
first thing.
"""

from __future__ import annotations

from tinyml_compress.errors import ModelError, TinymlError
from tinyml_compress.formats.flat import decode
from tinyml_compress.frontend.reader import Reading, read
from tinyml_compress.ir import Graph, Node
from tinyml_compress.ops import operator
from tinyml_compress.results import Refused

_ELSE = "change the layer, or run the model with TensorFlow Lite Micro (--engine tflm)"


def survey(model: bytes) -> tuple[Refused, ...]:
    """Every operator that the engine refuses, in the file's order; ModelError when the file itself is
    unsound.
    """
    flat = decode(model)
    reading = Reading(flat)
    refused: dict[int, Refused] = {}
    nodes: dict[int, Node] = {}
    for index, entry in enumerate(flat.operators):
        try:
            nodes[index] = reading.node(index, entry)
        except ModelError as error:
            refused[index] = _refused(reading.layer(index, entry), error)
    if not refused:
        read(model, "model")
    graph = Graph("survey", reading.tensors(), tuple(nodes.values()), (), (), reading.bodies())
    for index, node in nodes.items():
        try:
            operator(node.op).check(graph.view(node))
        except ModelError as error:
            refused[index] = _refused(node.name, error)
    return tuple(refused[index] for index in sorted(refused))


def _refused(layer: str, error: TinymlError) -> Refused:
    return Refused(
        layer=layer,
        what=error.what,
        found=error.found,
        allowed=error.allowed,
        next_step=error.next_step or _ELSE,
    )
