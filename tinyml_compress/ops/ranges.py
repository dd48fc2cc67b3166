"""Which values each channel of an int8 tensor can take, whatever the input: exact integer arithmetic on
intervals.

A range holds for a channel, an index along the last axis. Bounds are sound always, and tight where every
operator on the way is monotone in each of its inputs. An operator that tells nothing leaves its type's whole.
"""

from __future__ import annotations

import numpy as np

from tinyml_compress.ir import DType, Graph, Tensor
from tinyml_compress.ops import operator
from tinyml_compress.ops.numerics import dtype_range
from tinyml_compress.ops.traits import Range, channels_of


def ranges(graph: Graph) -> dict[str, Range]:
    """The range of every int8 tensor of a checked graph that holds anything."""
    known = {
        tensor.name: _of_data(tensor) if tensor.is_const else _spread(Range(*_WHOLE), tensor)
        for tensor in graph.tensors.values()
        if tensor.dtype is DType.INT8 and tensor.elements
    }
    for view in graph.views():
        inputs, outputs = view.node.inputs, view.node.outputs
        if any(name is not None and name not in known for name in (*inputs[:1], *outputs)):
            continue
        given = {index: known[name] for index, name in enumerate(inputs) if name in known}
        reached = operator(view.node.op, view.node.name).output_range(view, given)
        if reached is not None:
            known[outputs[0]] = _spread(reached, view.output())
    return known


_WHOLE = tuple(np.array([end]) for end in dtype_range(DType.INT8))


def _spread(reached: Range, tensor: Tensor) -> Range:
    """One entry per channel, within the type."""
    low, high = (np.broadcast_to(end, channels_of(tensor)) for end in (reached.low, reached.high))
    return Range(low, high).clipped(*dtype_range(tensor.dtype))


def _of_data(tensor: Tensor) -> Range:
    values = tensor.constant.reshape(-1, channels_of(tensor)).astype(np.int64)
    return Range(values.min(axis=0), values.max(axis=0))
