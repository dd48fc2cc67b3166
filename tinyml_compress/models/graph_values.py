"""What a graph computes from constants and shapes alone: numbers for its reshapes, folded scales of its
weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tinyml_compress.models.proof import Array

Arrays = Sequence[Array]


def constant(node: Any) -> Array:
    """The value of a Const node."""
    from tinyml_compress.support import backend

    return np.asarray(backend.tensorflow().make_ndarray(node.attr["value"].tensor))


def is_computable(op: str) -> bool:
    """Whether `computed` knows the operator."""
    return op in _COMPUTED


def computed(node: Any, inputs: Arrays) -> Array:
    """The node's value; a free batch size stands in shapes as -1, and stays below 0 in products."""
    with np.errstate(all="ignore"):
        return np.asarray(_COMPUTED[node.op](node, inputs))


def _strided(node: Any, inputs: Arrays) -> Array:
    """A slice of a vector, with or without its axis."""
    values, begin, end, step = (np.asarray(value).reshape(-1) for value in inputs)
    masks = {name: node.attr[name].i for name in ("begin_mask", "end_mask", "shrink_axis_mask")}
    if masks["shrink_axis_mask"] & 1:
        return np.asarray(values[int(begin[0])])
    first = None if masks["begin_mask"] & 1 else int(begin[0])
    last = None if masks["end_mask"] & 1 else int(end[0])
    return np.asarray(values[first : last : int(step[0])])


def _packed(node: Any, inputs: Arrays) -> Array:
    return np.stack([np.asarray(value) for value in inputs], axis=node.attr["axis"].i)


def _joined(node: Any, inputs: Arrays) -> Array:
    return np.concatenate([np.asarray(value) for value in inputs[:-1]], axis=int(inputs[-1]))


def _gathered(node: Any, inputs: Arrays) -> Array:
    return np.take(inputs[0], np.asarray(inputs[1], np.int64), axis=int(inputs[2]) if len(inputs) > 2 else 0)


def _product(node: Any, inputs: Arrays) -> Array:
    axes = tuple(int(axis) for axis in np.asarray(inputs[1]).reshape(-1))
    values = np.asarray(inputs[0], np.float64 if inputs[0].dtype.kind == "f" else np.int64)
    return np.asarray(values.prod(axis=axes or None, keepdims=node.attr["keep_dims"].b)).astype(
        inputs[0].dtype
    )


def _cast(node: Any, inputs: Arrays) -> Array:
    from tinyml_compress.support import backend

    return inputs[0].astype(backend.tensorflow().dtypes.as_dtype(node.attr["DstT"].type).as_numpy_dtype)


def _squeezed(node: Any, inputs: Arrays) -> Array:
    axes = tuple(node.attr["squeeze_dims"].list.i)
    return np.squeeze(inputs[0], axis=axes or None)


def _two(function: Callable[[Array, Array], Array]) -> Callable[[Any, Arrays], Array]:
    return lambda node, inputs: function(inputs[0], inputs[1])


def _one(function: Callable[[Array], Array]) -> Callable[[Any, Arrays], Array]:
    return lambda node, inputs: function(inputs[0])


def _reciprocal_root(value: Array) -> Array:
    return np.asarray(1.0 / np.sqrt(value)).astype(value.dtype)


_COMPUTED: Mapping[str, Callable[[Any, Arrays], Array]] = {
    "Add": _two(np.add),
    "AddV2": _two(np.add),
    "Cast": _cast,
    "ConcatV2": _joined,
    "Exp": _one(np.exp),
    "ExpandDims": lambda node, inputs: np.expand_dims(inputs[0], int(inputs[1])),
    "GatherV2": _gathered,
    "Maximum": _two(np.maximum),
    "Minimum": _two(np.minimum),
    "Mul": _two(np.multiply),
    "Neg": _one(np.negative),
    "Pack": _packed,
    "Prod": _product,
    "RealDiv": _two(np.divide),
    "Reshape": lambda node, inputs: np.reshape(inputs[0], np.asarray(inputs[1], np.int64)),
    "Rsqrt": _one(_reciprocal_root),
    "Sqrt": _one(np.sqrt),
    "Square": _one(np.square),
    "Squeeze": _squeezed,
    "StridedSlice": _strided,
    "Sub": _two(np.subtract),
    "Transpose": lambda node, inputs: np.transpose(inputs[0], np.asarray(inputs[1], np.int64)),
}
