"""All that stands between a .tflite file and the ahead-of-time engine, where `read` stops at the
first thing.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.errors import ModelError, TinymlError
from tinyml_compress.formats.flat import decode
from tinyml_compress.frontend.reader import Reading, read
from tinyml_compress.ir import Graph, Node
from tinyml_compress.ops import operator

__all__ = ["Refused", "survey"]


_ELSE = "change the layer, or run the model with TensorFlow Lite Micro (--engine tflm)"


@dataclass(frozen=True)
class Refused:
    """One operator of the file, and why it is refused."""

    layer: str
    what: str
    found: str | None
    allowed: str | None
    next_step: str

    @staticmethod
    def of(layer: str, error: TinymlError) -> Refused:
        return Refused(layer, error.what, error.found, error.allowed, error.next_step or _ELSE)


def survey(model: bytes) -> tuple[Refused, ...]:
    """Every operator that the engine refuses, in the file's order; ModelError when the file itself is
    unsound.
    """
    flat = decode(model)
    reading = Reading(flat)
    refused: dict[int, Refused] = {}
    nodes: dict[int, Node] = {}
    for index, found in enumerate(flat.operators):
        try:
            nodes[index] = reading.node(index, found)
        except ModelError as error:
            refused[index] = Refused.of(reading.layer(index, found), error)
    if not refused:
        read(model, "model")
    graph = Graph("survey", reading.tensors(), tuple(nodes.values()), (), (), reading.bodies())
    for index, node in nodes.items():
        try:
            operator(node.op).check(graph.view(node))
        except ModelError as error:
            refused[index] = Refused.of(node.name, error)
    return tuple(refused[index] for index in sorted(refused))
