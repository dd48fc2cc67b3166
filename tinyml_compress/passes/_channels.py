"""Which channels can go: those that are one value for every input, and those that nobody reads.

Channels are tied together where an operator hands each on to one of its output (depthwise convolutions, sums,
pools, moves): a tie goes whole or stays whole. Rows of a convolution or fully-connected layer start a tie,
its columns end one. A column can go when the channel is a constant that folds into the bias, or when no row
that stays reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import DType, Graph, NodeView
from tinyml_compress.ops.concatenation.op import ConcatenationAttrs
from tinyml_compress.ops.ranges import Products, Range, channels_of, products, ranges

__all__ = ["Layer", "Removal", "find_removable", "folded_bias"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_INT32 = 1 << 31
_MOST_WEIGHTS = 1 << 23
_MOST_CHANNELS = 1 << 18
_OPERANDS = frozenset({"ADD", "CONCATENATION", "MUL", "SUB"})
"""Operators of which every input is handed on; of all others only the first."""


@dataclass(frozen=True, eq=False)
class Layer:
    """A convolution or fully-connected node: rows make `output`'s channels from columns of `source`'s."""

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
class Removal:
    """What goes: per tensor the channels that stay, and the layers whose weights are to be cut."""

    kept: Mapping[str, Mask]
    layers: tuple[Layer, ...]


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


def find_removable(graph: Graph) -> Removal | None:
    """The largest set of channels that can go, at least one of every tensor staying; None when there are
    none.
    """
    if not _in_bounds(graph):
        return None
    known = ranges(graph)
    ties = _Ties(graph)
    layers: list[Layer] = []
    ties.fixed.update((*graph.inputs, *graph.outputs))
    for index, view in enumerate(graph.views()):
        layer = _layer(index, view, known)
        handed_on = view.node.inputs if view.node.op in _OPERANDS else view.node.inputs[:1]
        ties.fixed.update(name for name in view.node.inputs if name is not None and name not in handed_on)
        if layer is not None:
            layers.append(layer)
        elif not _tie(view, ties):
            ties.fixed.update(name for name in (*view.node.inputs, *view.node.outputs) if name is not None)
    ids = {name: ties.ids(name) for name in known if name in ties}
    gone = np.ones(ties.total, np.bool_)
    for name in ties.fixed & set(ids):
        gone[ids[name]] = False
    computed = [name for name in ids if not graph.tensors[name].is_const]
    while True:
        _settle(layers, ids, gone)
        if not (_keep_one(computed, ids, gone) or _keep_fours(computed, ids, gone)):
            break
    kept = {name: ~gone[ids[name]] for name in ids}
    if all(mask.all() for name, mask in kept.items() if not graph.tensors[name].is_const):
        return None
    return Removal(kept, tuple(layers))


def _in_bounds(graph: Graph) -> bool:
    """Whether the analysis is worth its time and memory; only a hostile file is larger."""
    small = [tensor for tensor in graph.tensors.values() if tensor.dtype is DType.INT8]
    weights = sum(tensor.elements for tensor in small if tensor.is_const)
    return weights <= _MOST_WEIGHTS and sum(map(channels_of, small)) <= _MOST_CHANNELS


def _settle(layers: list[Layer], ids: Mapping[str, Ints], gone: Mask) -> None:
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


def _keep_one(computed: list[str], ids: Mapping[str, Ints], gone: Mask) -> bool:
    """Bring one channel back for the first tensor that would lose all."""
    for name in computed:
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


def folded_bias(layer: Layer, columns: Mask) -> Ints:
    """The bias with the constants of these columns in it."""
    added: Ints = (layer.rows.weights[:, :, columns] * layer.constants[columns]).sum(axis=(1, 2))
    return layer.rows.bias + added


def _layer(index: int, view: NodeView, known: Mapping[str, Range]) -> Layer | None:
    if view.node.op not in ("CONV_2D", "FULLY_CONNECTED") or not {
        view.input(0).name,
        view.output().name,
    } <= set(known):
        return None
    rows = products(view, known)
    quant, output = view.input(0).quant, known[view.output().name]
    if rows is None or quant is None or len(rows.weights) != channels_of(view.output()):
        return None
    source = known[view.input(0).name]
    constants = np.where(source.constant, source.low - quant.zero_point, 0)
    folds = source.constant & ((constants == 0) | (not rows.padded))
    reach = np.maximum(np.abs(rows.low), np.abs(rows.high))
    settled = output.constant & (reach < _INT32)
    return Layer(index, view.input(0).name, view.output().name, rows, constants, folds, settled)


# --- operators that hand channels on ---


def _tie(view: NodeView, ties: _Ties) -> bool:
    """Tie the channels of a node's tensors; False when they cannot be removed one by one."""
    rule = _TIES.get(view.node.op)
    if rule is None:
        return False
    out = view.output()
    if out.name not in ties or view.input(0).name not in ties:
        return False
    return rule(view, ties)


def _each(view: NodeView, ties: _Ties) -> bool:
    """One to one with the first input."""
    count = channels_of(view.output())
    if channels_of(view.input(0)) != count:
        return False
    for channel in range(count):
        ties.tie(view.input(0).name, channel, view.output().name, channel)
    return True


def _both(view: NodeView, ties: _Ties) -> bool:
    """One to one with both inputs, where they are not broadcast along the channels."""
    out = view.output()
    count = channels_of(out)
    for index in (0, 1):
        given = view.input(index)
        if given.name not in ties:
            return False
        if channels_of(given) != count:
            ties.fixed.add(given.name)
            continue
        for channel in range(count):
            ties.tie(given.name, channel, out.name, channel)
    return True


def _depthwise(view: NodeView, ties: _Ties) -> bool:
    source, out = view.input(0), view.output()
    repeat = channels_of(out) // channels_of(source)
    for channel in range(channels_of(out)):
        ties.tie(source.name, channel // repeat, out.name, channel)
    return True


def _concatenation(view: NodeView, ties: _Ties) -> bool:
    out, place = view.output(), 0
    last = len(out.shape) - 1
    along = view.attrs(ConcatenationAttrs).axis % (last + 1) == last
    for index in range(len(view.node.inputs)):
        part = view.input(index)
        if part.name not in ties:
            return False
        for channel in range(channels_of(part)):
            ties.tie(part.name, channel, out.name, place + channel)
        place += channels_of(part) if along else 0
    return True


def _same_bytes(view: NodeView, ties: _Ties) -> bool:
    """A channel becomes every n-th of a flattened row."""
    source, out = view.input(0), view.output()
    count = channels_of(source)
    if channels_of(out) % count:
        return False
    for channel in range(channels_of(out)):
        ties.tie(source.name, channel % count, out.name, channel)
    return True


def _pad(view: NodeView, ties: _Ties) -> bool:
    amounts = view.input(1).data
    return amounts is not None and not np.asarray(amounts).reshape(-1, 2)[-1].any() and _each(view, ties)


def _mean(view: NodeView, ties: _Ties) -> bool:
    axes, rank = view.input(1).data, len(view.input(0).shape)
    return axes is not None and not ((axes.astype(np.int64) % rank) == rank - 1).any() and _each(view, ties)


_TIES: dict[str, Callable[[NodeView, _Ties], bool]] = {
    "ADD": _both,
    "AVERAGE_POOL_2D": _each,
    "CONCATENATION": _concatenation,
    "DEPTHWISE_CONV_2D": _depthwise,
    "HARD_SWISH": _each,
    "LOGISTIC": _each,
    "MAX_POOL_2D": _each,
    "MEAN": _mean,
    "MUL": _both,
    "PAD": _pad,
    "PADV2": _pad,
    "QUANTIZE": _each,
    "RELU": _each,
    "RELU6": _each,
    "RESHAPE": _same_bytes,
    "SQUEEZE": _same_bytes,
    "EXPAND_DIMS": _same_bytes,
    "SUB": _both,
    "TANH": _each,
}
