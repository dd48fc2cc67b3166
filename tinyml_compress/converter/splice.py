"""One graph out of two forms of a model: chosen layers with int16 activations, the others with int8."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from tinyml_compress.errors import ConversionError
from tinyml_compress.ir import DType, Graph, Node, Tensor
from tinyml_compress.ops import operator
from tinyml_compress.ops.traits import Carried

_CAST = "QUANTIZE"


def _values(node: Node) -> Carried:
    return operator(node.op, node.name).values


def candidates(narrow: Graph, wide: Graph) -> tuple[int, ...]:
    """Places of the nodes that may be chosen: those that compute, the same in both forms."""
    if [node.op for node in narrow.nodes] != [node.op for node in wide.nodes] or any(
        mine.outputs != others.outputs for mine, others in zip(narrow.nodes, wide.nodes, strict=True)
    ):
        raise ConversionError(
            "the int8 and the int16x8 form of the model differ in more than their numbers",
            which=narrow.name,
            found=f"{len(narrow.nodes)} and {len(wide.nodes)} operators",
            next_step="convert to one of the two forms as a whole",
        )
    return tuple(
        place
        for place, node in enumerate(narrow.nodes)
        if _values(node) is Carried.NEW and _is_wide(wide, node)
    )


def _is_wide(wide: Graph, node: Node) -> bool:
    return any(wide.tensors[name].dtype is DType.INT16 for name in node.outputs)


def followers(narrow: Graph, chosen: Collection[int]) -> frozenset[int]:
    """`chosen`, and what takes its form from it: casts at the ends, and nodes that only move values."""
    wide = set(chosen)
    maker = {name: place for place, node in enumerate(narrow.nodes) for name in node.outputs}
    makes_stored: list[tuple[int, str]] = []
    for place, node in enumerate(narrow.nodes):
        source = node.inputs[0] if node.inputs else None
        if _values(node) is Carried.NEW:
            continue
        if _values(node) is Carried.CAST and not narrow.tensors[node.outputs[0]].dtype.is_float:
            makes_stored.append((place, node.outputs[0]))
        elif source is not None and maker.get(source) in wide:
            wide.add(place)
    for place, stored in makes_stored:
        readers = [index for index, other in enumerate(narrow.nodes) if stored in other.inputs]
        if readers and all(index in wide for index in readers):
            wide.add(place)
    return frozenset(wide)


def splice(narrow: Graph, wide: Graph, chosen: Collection[int], *, narrow_ports: bool = False) -> Graph:
    """`narrow` with the nodes at the places `chosen` taken from `wide`, and a QUANTIZE wherever the forms
    meet.

    An input is int16 where all that reads it is, an output where its maker is, unless `narrow_ports` keeps
    them int8.
    """
    candidates(narrow, wide)
    places = followers(narrow, chosen)
    work = _Splice(narrow, wide, places, narrow_ports)
    for place in range(len(narrow.nodes)):
        work.add(place)
    return work.graph()


class _Splice:
    """The new graph as it grows. A tensor keeps its name in the form of its maker; its other form gets a
    suffix.
    """

    def __init__(self, narrow: Graph, wide: Graph, places: frozenset[int], narrow_ports: bool) -> None:
        self._forms = {False: narrow, True: wide}
        self._places, self._narrow_ports = places, narrow_ports
        self._nodes: list[Node] = []
        self._tensors: dict[str, Tensor] = {}
        self._home: dict[str, bool] = {}
        for name in narrow.inputs:
            readers = [place for place, node in enumerate(narrow.nodes) if name in node.inputs]
            is_wide = bool(readers) and all(place in places for place in readers) and not narrow_ports
            self._home[name] = is_wide
            self._tensors[name] = self._forms[is_wide].tensors[name]

    def add(self, place: int) -> None:
        is_wide = place in self._places
        node = self._forms[is_wide].nodes[place]
        inputs = tuple(None if name is None else self._read(name, is_wide) for name in node.inputs)
        for name in node.outputs:
            self._home[name] = is_wide
            self._tensors[name] = self._forms[is_wide].tensors[name]
        self._nodes.append(replace(node, inputs=inputs))

    def _read(self, name: str, is_wide: bool) -> str:
        """The name under which a node of this form reads the tensor, made when it is not there."""
        tensor = self._forms[is_wide].tensors[name]
        if tensor.is_const:
            return self._constant(tensor)
        home = self._home[name]
        mine, theirs = self._tensors[name], tensor
        if home is is_wide or (mine.dtype is theirs.dtype and mine.quant == theirs.quant):
            return name
        other = f"{name}_{theirs.dtype.numpy.name}"
        if other not in self._tensors:
            self._tensors[other] = replace(theirs, name=other)
            self._nodes.append(self._cast(name, other))
        return other

    def _constant(self, tensor: Tensor) -> str:
        known = self._tensors.get(tensor.name)
        if known is None or _same(known, tensor):
            self._tensors.setdefault(tensor.name, tensor)
            return tensor.name
        other = f"{tensor.name}_{tensor.dtype.numpy.name}"
        while other in self._tensors and not _same(self._tensors[other], tensor):
            other += "_"  # weights of one name, used by two layers in two forms
        self._tensors[other] = replace(tensor, name=other)
        return other

    def _cast(self, source: str, target: str) -> Node:
        return Node(_CAST, (source,), (target,), operator(_CAST).attrs_type(), name=target)

    def graph(self) -> Graph:
        narrow = self._forms[False]
        outputs = []
        for name in narrow.outputs:
            wanted = not self._narrow_ports and self._home.get(name, False)
            outputs.append(self._read(name, wanted) if self._narrow_ports else name)
        return narrow.rebuilt(nodes=tuple(self._nodes), tensors=self._tensors, outputs=tuple(outputs))


def _same(one: Tensor, other: Tensor) -> bool:
    return (
        one.dtype is other.dtype
        and one.shape == other.shape
        and one.quant == other.quant
        and one.data is not None
        and other.data is not None
        and bool(np.array_equal(one.data, other.data))
    )
