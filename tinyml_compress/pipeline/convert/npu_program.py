"""Vela's file as C: its command streams for the driver, what lies between compiled for the core."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import numpy as np

from tinyml_compress.converter import CorePart, NpuProgram, NpuStream, Place
from tinyml_compress.errors import ModelError, UnsupportedOperator
from tinyml_compress.formats.flat import FlatModel, FlatOperator, decode, metadata
from tinyml_compress.formats.schema import DTYPE_OF
from tinyml_compress.frontend.reader import Reading
from tinyml_compress.ir import Graph, Node, Prices
from tinyml_compress.pipeline.compile.verb import compile_graph
from tinyml_compress.support.files import sha256
from tinyml_compress.support.instruction_sets import Isa

_ETHOS_U = "ethos-u"
_PLACES = "OfflineMemoryAllocation"
_HEADER = 3
"""Words before the offsets: version, subgraph, how many."""


def npu_program(name: str, tflite: bytes, isas: Iterable[Isa], prices: Prices | None = None) -> NpuProgram:
    """What runs where, in order, of a file that Vela wrote. The core's operators are compiled as they stand
    in it.
    """
    file = _File(tflite)
    streams = [use for use in file.flat.operators if use.custom == _ETHOS_U]
    if not streams:
        raise ModelError("Vela placed nothing on the NPU", which=name)
    steps: list[NpuStream | CorePart] = []
    uses = enumerate(file.flat.operators)
    for on_npu, group in groupby(uses, key=lambda pair: pair[1].custom == _ETHOS_U):
        if on_npu:
            steps += [file.stream(use) for _, use in group]
        else:
            prefix = f"{name}_part{sum(isinstance(step, CorePart) for step in steps)}"
            steps.append(file.part(prefix, list(group), tuple(isas), prices))
    flat, constants = file.flat, streams[0].inputs[1]
    return NpuProgram(
        name=name,
        model=tflite,
        constants=file.data(constants),
        tensors=file.tensors,
        inputs=file.places(flat.inputs),
        outputs=file.places(flat.outputs),
        steps=tuple(steps),
    )


class _File:
    """Vela's file, with the places of its tensors."""

    def __init__(self, tflite: bytes) -> None:
        self.flat: FlatModel = decode(tflite)
        self._reading, self._digest = Reading(self.flat), sha256(tflite)
        held = metadata(tflite, _PLACES)
        if held is None:
            raise ModelError("Vela's file has no places of its tensors", which=_PLACES)
        self._offsets = [int(one) for one in np.frombuffer(held, "<i4")[_HEADER:]]

    def data(self, index: int) -> bytes:
        """Of a constant."""
        return self.flat.buffers[self.flat.tensors[index].buffer].data.tobytes()

    @property
    def tensors(self) -> int:
        """Bytes of the arena."""
        placed = [index for index, offset in enumerate(self._offsets) if offset >= 0]
        return max(self._offsets[index] + self._size(index) for index in placed)

    def _size(self, index: int) -> int:
        flat = self.flat.tensors[index]
        kind = DTYPE_OF.get(flat.type)
        return math.prod(flat.shape) * (1 if kind is None else kind.itemsize)

    def places(self, tensors: Iterable[int]) -> tuple[Place, ...]:
        return tuple((self._offsets[index], self._size(index)) for index in tensors)

    def stream(self, use: FlatOperator) -> NpuStream:
        """One call of the driver."""
        commands, _, _, _, *inputs = use.inputs
        if any(self.flat.tensors[index].variable for index in inputs):
            raise _remembers(self.flat.tensors[use.outputs[-1]].name)
        return NpuStream(self.data(commands), self.places((*inputs, *use.outputs)))

    def part(
        self,
        prefix: str,
        uses: Sequence[tuple[int, FlatOperator]],
        isas: tuple[Isa, ...],
        prices: Prices | None,
    ) -> CorePart:
        """Operators between two streams."""
        nodes = tuple(self._reading.node(index, use) for index, use in uses)
        numbers = dict(_numbers(nodes, uses))
        tensors = self._reading.tensors()
        inner = {name for node in nodes for name in node.outputs}
        taken = dict.fromkeys(name for node in nodes for name in node.inputs if name is not None)
        inputs = tuple(name for name in taken if name not in inner and tensors[name].in_arena)
        outside = self._wanted_outside({index for index, _ in uses})
        outputs = tuple(name for node in nodes for name in node.outputs if numbers[name] in outside)
        graph = Graph(prefix, tensors, nodes, inputs, outputs).rebuilt()
        program = compile_graph(graph, prefix, model_sha256=self._digest, isas=isas, prices=prices)
        if program.state_bytes:
            raise _remembers(prefix)
        places = [self.places(numbers[name] for name in names) for names in (inputs, outputs)]
        return CorePart(program, *places)

    def _wanted_outside(self, own: set[int]) -> set[int]:
        """Tensors that others than those operators take, or that leave the model."""
        flat = self.flat
        others = (use for index, use in enumerate(flat.operators) if index not in own)
        return {*flat.outputs, *(index for use in others for index in use.inputs)}


def _remembers(which: str) -> UnsupportedOperator:
    return UnsupportedOperator(
        "C around command streams keeps nothing from one inference to the next", which=which
    )


def _numbers(nodes: Sequence[Node], uses: Sequence[tuple[int, FlatOperator]]) -> Iterator[tuple[str, int]]:
    """The file's number of every tensor, by the name that the reader gave it."""
    for node, (_, use) in zip(nodes, uses, strict=True):
        for names, indexes in ((node.inputs, use.inputs), (node.outputs, use.outputs)):
            yield from ((name, index) for name, index in zip(names, indexes, strict=True) if name is not None)
