"""Which channels can go: those that are one value for every input, and those that nobody reads.

Channels are tied together where an operator hands each on to one of its output (`Operator.handed_on`): a tie
goes whole or stays whole. Rows of a layer's weights start a tie, its columns end one. A column can go when
the channel is a constant that folds into the bias, or when no row that stays reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import DType, Graph, NodeView
from tinyml_compress.ops import operator
from tinyml_compress.ops._fixed_point import Ints
from tinyml_compress.ops.base import Operator
from tinyml_compress.ops.ranges import ranges
from tinyml_compress.ops.traits import Products, Range, channels_of

Mask = npt.NDArray[np.bool_]
_INT32 = 1 << 31
_MOST_WEIGHTS = 1 << 23
_MOST_CHANNELS = 1 << 18


@dataclass(frozen=True, eq=False)
class WeightNode:
    """A node of weights: rows make `output`'s channels from columns of `source`'s."""

    node: int
    source: str
    output: str
    rows: Products
    constants: Ints
    """Per column the channel's one value less the input's zero point, where `folds` says that it is one."""
    folds: Mask
    settled: Mask
    """Rows whose result is one value whatever they read."""


@dataclass(frozen=True, eq=False)
class Cutting:
    """What goes: per tensor the channels that stay, and the layers whose weights are to be cut."""

    kept: Mapping[str, Mask]
    layers: tuple[WeightNode, ...]


class _Ties:
    """Union-find over the channels of all tensors."""

    def __init__(self, graph: Graph) -> None:
        self._start: dict[str, int] = {}
        total = 0
        for name, tensor in graph.tensors.items():
            if tensor.dtype is DType.INT8 and tensor.elements:
                self._start[name] = total
                total += channels_of(tensor)
        self._parent = list(range(total))
        self._counts = {name: channels_of(graph.tensors[name]) for name in self._start}
        self.fixed: set[str] = set()
        """Tensors that stay whole."""

    def __contains__(self, tensor: str) -> bool:
        return tensor in self._start

    def _root(self, item: int) -> int:
        while self._parent[item] != item:
            self._parent[item] = self._parent[self._parent[item]]
            item = self._parent[item]
        return item

    def tie(self, first: str, one: int, second: str, other: int) -> None:
        a, b = self._root(self._start[first] + one), self._root(self._start[second] + other)
        self._parent[max(a, b)] = min(a, b)

    def ids(self, tensor: str) -> Ints:
        """The tie that each channel belongs to."""
        start = self._start[tensor]
        return np.array([self._root(start + index) for index in range(self._counts[tensor])], np.int64)

    @property
    def total(self) -> int:
        return len(self._parent)


def find_removable(graph: Graph) -> Cutting | None:
    """The largest set of channels that can go, at least one of every tensor staying; None when there are
    none.
    """
    if not _in_bounds(graph):
        return None
    known = ranges(graph)
    ties = _Ties(graph)
    layers: list[WeightNode] = []
    ties.fixed.update((*graph.inputs, *graph.outputs))
    for index, view in enumerate(graph.views()):
        op = operator(view.node.op, view.node.name)
        whole = {name for name in (*view.node.inputs, *view.node.outputs) if name is not None}
        handed_on = op.handed_on(view)
        if handed_on is not None:
            if _tie(view, handed_on, ties):
                whole -= {view.output().name, *(view.input(index).name for index in handed_on)}
        elif op.weights is not None and (layer := _layer(index, op, view, known)) is not None:
            layers.append(layer)
            whole -= {layer.source, layer.output}
        ties.fixed.update(whole)
    ids = {name: ties.ids(name) for name in known if name in ties}
    gone = np.ones(ties.total, np.bool_)
    for name in ties.fixed & set(ids):
        gone[ids[name]] = False
    computed = [name for name in ids if not graph.tensors[name].is_const]
    read = [*computed, *(layer.source for layer in layers)]  # a layer may read a constant
    while True:
        _settle(layers, ids, gone)
        if not (_keep_one(read, ids, gone) or _keep_fours(computed, ids, gone)):
            break
    kept = {name: ~gone[ids[name]] for name in ids}
    if all(mask.all() for name, mask in kept.items() if not graph.tensors[name].is_const):
        return None
    return Cutting(kept, tuple(layers))


def _in_bounds(graph: Graph) -> bool:
    """Whether the analysis is worth its time and memory; only a hostile file is larger."""
    small = [tensor for tensor in graph.tensors.values() if tensor.dtype is DType.INT8]
    weights = sum(tensor.elements for tensor in small if tensor.is_const)
    return weights <= _MOST_WEIGHTS and sum(map(channels_of, small)) <= _MOST_CHANNELS


def _settle(layers: list[WeightNode], ids: Mapping[str, Ints], gone: Mask) -> None:
    """Bring back every tie that some row needs, until nothing changes; this ends, as ties only come back."""
    before = -1
    while (now := int(gone.sum())) != before:
        before = now
        for layer in layers:
            rows = ~gone[ids[layer.output]]
            columns = ids[layer.source]
            read = (layer.rows.weights[rows & ~layer.settled] != 0).any(axis=(0, 1))
            gone[columns[read & ~layer.folds]] = False
            folded = gone[columns] & layer.folds
            if (np.abs(folded_bias(layer, folded)[rows]) >= _INT32).any():
                gone[columns[folded]] = False


def _keep_one(names: list[str], ids: Mapping[str, Ints], gone: Mask) -> bool:
    """Bring one channel back for the first tensor that would lose all."""
    for name in names:
        if gone[ids[name]].all():
            gone[ids[name][0]] = False
            return True
    return False


def _keep_fours(computed: list[str], ids: Mapping[str, Ints], gone: Mask) -> bool:
    """Bring a few channels back for the first tensor that would leave a multiple of four: kernels (TFLM's
    too) that read words would no longer fit, which costs more than up to three channels save.
    """
    for name in computed:
        mask = gone[ids[name]]
        missing = -int((~mask).sum()) % 4
        if missing and mask.any() and len(mask) % 4 == 0:
            gone[np.unique(ids[name][mask])[:missing]] = False
            return True
    return False


def folded_bias(layer: WeightNode, columns: Mask) -> Ints:
    """The bias with the constants of these columns in it."""
    added: Ints = (layer.rows.weights[:, :, columns] * layer.constants[columns]).sum(axis=(1, 2))
    return layer.rows.bias + added


def _layer(index: int, op: Operator, view: NodeView, known: Mapping[str, Range]) -> WeightNode | None:
    source, output = known.get(view.input(0).name), known.get(view.output().name)
    if source is None or output is None:
        return None
    rows, quant = op.products(view, source), view.input(0).quant
    if rows is None or quant is None or len(rows.weights) != channels_of(view.output()):
        return None
    constants = np.where(source.constant, source.low - quant.zero_point, 0)
    folds = source.constant & ((constants == 0) | (not rows.padded))
    reach = np.maximum(np.abs(rows.low), np.abs(rows.high))
    settled = output.constant & (reach < _INT32)
    return WeightNode(index, view.input(0).name, view.output().name, rows, constants, folds, settled)


def _tie(view: NodeView, handed_on: Mapping[int, Ints], ties: _Ties) -> bool:
    """Tie the channels of a node's tensors; False when they cannot be removed one by one."""
    out = view.output().name
    sources = [(view.input(index).name, channels) for index, channels in handed_on.items()]
    if any(name not in ties for name in (view.input(0).name, out, *(name for name, _ in sources))):
        return False
    for name, channels in sources:
        for channel in np.flatnonzero(channels >= 0).tolist():
            ties.tie(name, int(channels[channel]), out, channel)
    return True
