"""An int8 graph with weights of four bits: convolutions and fully-connected layers, on fifteen steps.

The converter knows no such weights, but a row of them comes through it whole: its int8 scale is made from the
largest one, so that 15 steps are found again among its 255. Weights that nobody put on such steps are rounded
to the nearest of them, which costs much more; but where most of a model's weights lie on such steps, those
that do not were spared, and keep eight bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import TinymlError
from tinyml_compress.ir import DType, Graph, Node, NodeView, Quant, Tensor
from tinyml_compress.ops import operator
from tinyml_compress.ops.traits import Scales, Weights

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_MOST = 7
_NEAR = 0.75
"""Of an int8 step: so far a weight may lie from a coarse step and still have been put there."""


@dataclass(frozen=True, eq=False)
class FourBits:
    """The graph, and what became of the weights of each layer."""

    graph: Graph
    narrow: tuple[str, ...]
    """Layers, by the name of their output, whose weights have four bits."""
    rounded: tuple[str, ...]
    """Those of them whose weights did not lie on fifteen steps."""
    left: tuple[tuple[str, str], ...]
    """Layers that keep eight bits, and why."""

    def notes(self) -> Iterator[str]:
        """What a person should know of it."""
        for name in self.rounded:
            yield f"{name}: its weights lay on no fifteen steps and were rounded; put `brain_quantize` before"
        for name, why in self.left:
            yield f"{name}: eight bits, {why}"


def four_bits(graph: Graph) -> FourBits:
    """Every layer of eight-bit weights with four bits where the kernels have that form."""
    tried = {
        place: _narrowed(graph, node, weights) if (why := _why_not(graph, node)) is None else why
        for place, node in enumerate(graph.nodes)
        if (weights := operator(node.op, node.name).weights) is not None and weights.four_bits is not None
    }
    was_prepared = _is_prepared([one for one in tried.values() if not isinstance(one, str)])
    tensors, nodes = dict(graph.tensors), list(graph.nodes)
    narrow, rounded, left = [], [], []
    for place, narrowed in tried.items():
        name = graph.nodes[place].outputs[0]
        if isinstance(narrowed, str):
            left.append((name, narrowed))
            continue
        tried_graph = replace(
            graph, tensors={**tensors, **narrowed.tensors}, nodes=_with(nodes, place, narrowed.node)
        )
        why = _refused(NodeView(tried_graph, narrowed.node), narrowed, was_prepared)
        if why is not None:
            left.append((name, why))
            continue
        tensors.update(narrowed.tensors)
        nodes[place] = narrowed.node
        narrow.append(name)
        if not narrowed.was_on_steps:
            rounded.append(name)
    changed = graph.rebuilt(nodes=tuple(nodes), tensors=tensors)
    return FourBits(changed, tuple(narrow), tuple(rounded), tuple(left))


def _is_prepared(layers: Sequence[_Narrowed]) -> bool:
    """Whether somebody put weights on fifteen steps: most of them lie there."""
    on_steps = sum(layer.count for layer in layers if layer.was_on_steps)
    return 2 * on_steps > sum(layer.count for layer in layers)


def _refused(view: NodeView, narrowed: _Narrowed, was_prepared: bool) -> str | None:
    if was_prepared and not narrowed.was_on_steps:
        return "its weights were not put on fifteen steps as the others' were"
    try:
        operator(view.node.op).check(view)
    except TinymlError as error:
        return f"{error.what}, {error.found}"
    return None


def steps_of_rows(rows: Floats, steps: Floats) -> tuple[Ints, Floats, bool]:
    """Per row whole numbers from -7 to 7 and the scale that makes the weights of them again; and whether all
    weights lay on such steps.

    `steps` are the int8 steps that the weights were rounded to before. A row need not reach 7: the finest
    scale on which all of it lies is taken.
    """
    tops = np.abs(rows).max(axis=1)
    scales = np.where(tops > 0, tops / _MOST, steps)
    settled = tops == 0
    for most in range(_MOST, 0, -1):
        tried = np.where(tops > 0, tops / most, steps)
        apart = np.abs(rows - np.round(rows / tried[:, None]) * tried[:, None]).max(axis=1)
        fits = ~settled & (apart <= _NEAR * steps)
        scales, settled = np.where(fits, tried, scales), settled | fits
    values = np.clip(np.round(rows / scales[:, None]), -_MOST, _MOST).astype(np.int64)
    return values, scales, bool(settled.all())


@dataclass(frozen=True, eq=False)
class _Narrowed:
    node: Node
    tensors: dict[str, Tensor]
    count: int
    """Of its weights."""
    was_on_steps: bool


def _why_not(graph: Graph, node: Node) -> str | None:
    source, weights = graph.tensors[str(node.inputs[0])], graph.tensors[str(node.inputs[1])]
    if source.dtype is not DType.INT8 or weights.dtype is not DType.INT8 or weights.data is None:
        return f"{weights.dtype.name} weights on {source.dtype.name} activations"
    if weights.quant is None:
        return "its weights have no scale"
    return None


def _narrowed(graph: Graph, node: Node, held: Weights) -> _Narrowed:
    source, weights = graph.tensors[str(node.inputs[0])], graph.tensors[str(node.inputs[1])]
    assert weights.data is not None
    assert weights.quant is not None
    assert source.quant is not None
    axis = held.outputs
    values = np.moveaxis(weights.data.astype(np.float64), axis, 0)
    count = values.shape[0]
    steps = np.broadcast_to(np.asarray(weights.quant.scales, np.float64), (count,))
    rows = values.reshape(count, -1) * steps[:, None]
    if held.four_bits is Scales.ONE:
        whole, scale, was_on_steps = steps_of_rows(rows.reshape(1, -1), steps.max(keepdims=True))
        stored, scales = whole.reshape(rows.shape), np.repeat(scale, count)
        quant = Quant((float(np.float32(scale[0])),), (0,))
    else:
        stored, scales, was_on_steps = steps_of_rows(rows, steps)
        quant = Quant(
            tuple(float(np.float32(one)) for one in scales), (0,) * count, axis if count > 1 else None
        )
    data = np.moveaxis(stored.reshape(values.shape), 0, axis).astype(np.int8)
    name = f"{weights.name}_int4"
    tensors = {name: Tensor(name, weights.shape, DType.INT4, quant, np.ascontiguousarray(data))}
    inputs = [node.inputs[0], name, *node.inputs[2:]]
    if len(inputs) > 2 and inputs[2] is not None:
        bias = graph.tensors[inputs[2]]
        tensors.update(
            _bias(bias, f"{bias.name}_for_{name}", source.quant.scale * steps, source.quant.scale * scales)
        )
        inputs[2] = f"{bias.name}_for_{name}"
    return _Narrowed(replace(node, inputs=tuple(inputs)), tensors, values.size, was_on_steps)


def _bias(bias: Tensor, name: str, before: Floats, after: Floats) -> dict[str, Tensor]:
    """The same real values on the steps of the new weights."""
    assert bias.data is not None
    limit = np.iinfo(np.int32)
    values = np.clip(np.round(bias.data.astype(np.float64) * before / after), limit.min, limit.max)
    quant = bias.quant
    if quant is not None:
        scales = tuple(float(np.float32(one)) for one in (after if quant.per_channel else after[:1]))
        quant = replace(quant, scales=scales)
    return {name: replace(bias, name=name, data=values.astype(np.int32), quant=quant)}


def _with(nodes: list[Node], place: int, node: Node) -> tuple[Node, ...]:
    return (*nodes[:place], node, *nodes[place + 1 :])
