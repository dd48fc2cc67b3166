"""Operators that move, cut and join values."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyml_compress.converter.onnx.call import Builder, OnnxCall, rounded
from tinyml_compress.converter.onnx.model import OnnxGraph
from tinyml_compress.converter.onnx.operators.elementwise import aligned
from tinyml_compress.converter.onnx.values import (
    OnnxValue,
    ordered,
    plain_order,
    regrouped,
    unfolded,
)

_OLD_AXES = 13
"""From this version on, axes are an input."""


def _reshape(call: OnnxCall) -> OnnxValue:
    value = rounded(call.tf, call.raw(0))
    asked = [int(size) for size in call.attribute("shape", ())] if call.opset < 5 else call.numbers(1)
    given = unfolded(call.tf, value).shape
    if not call.attribute("allowzero", 0):
        asked = [given[axis] if size == 0 and axis < len(given) else size for axis, size in enumerate(asked)]
    return regrouped(call.tf, value, _with_rest(call, given, asked))


def _with_rest(call: OnnxCall, given: tuple[int, ...], asked: list[int]) -> list[int]:
    count = int(np.prod(given))
    if -1 in asked:
        known = int(np.prod([size for size in asked if size != -1]))
        asked = [count // known if size == -1 and known else size for size in asked]
    if int(np.prod(asked)) != count:
        raise call.refused(f"{given} cannot become {asked}")
    return asked


def _flatten(call: OnnxCall) -> OnnxValue:
    value = rounded(call.tf, call.raw(0))
    shape = value.shape
    axis = call.attribute("axis", 1)
    axis = axis + len(shape) if axis < 0 else axis
    return regrouped(call.tf, value, [int(np.prod(shape[:axis])), int(np.prod(shape[axis:]))])


def _axes(call: OnnxCall) -> list[int] | None:
    if call.opset < _OLD_AXES:
        axes = call.attribute("axes")
        return None if axes is None else [int(axis) for axis in axes]
    return call.numbers(1) if call.has(1) else None


def _squeeze(call: OnnxCall) -> OnnxValue:
    value = rounded(call.tf, call.raw(0))
    shape, axes = value.shape, _axes(call)
    gone = [axis % len(shape) for axis in axes] if axes is not None else [
        axis for axis, size in enumerate(shape) if size == 1
    ]  # fmt: skip
    if any(shape[axis] != 1 for axis in gone):
        raise call.refused(f"axes {gone} of {shape}", "axes of size 1")
    kept = [axis for axis in range(len(shape)) if axis not in gone]
    order = [axis for axis in value.order if axis in kept]
    tensor = call.tf.reshape(value.tensor, [shape[axis] for axis in order])
    return OnnxValue(tensor, tuple(kept.index(axis) for axis in order))


def _unsqueeze(call: OnnxCall) -> OnnxValue:
    value = unfolded(call.tf, rounded(call.tf, call.raw(0)))
    axes = _axes(call) or []
    rank = value.rank + len(axes)
    new = sorted(axis % rank for axis in axes)
    places = [axis for axis in range(rank) if axis not in new]
    order = [places[axis] for axis in value.order]
    sizes = dict(zip(order, value.stored_shape, strict=True))
    for axis in new:
        order.insert(axis if axis <= len(order) else len(order), axis)
    tensor = call.tf.reshape(value.tensor, [sizes.get(axis, 1) for axis in order])
    return OnnxValue(tensor, tuple(order))


def _transpose(call: OnnxCall) -> OnnxValue:
    raw = call.raw(0)
    value = raw if raw.folded is None else unfolded(call.tf, raw)
    moved = call.attribute("perm") or list(range(value.rank))[::-1]
    if sorted(moved) != list(range(value.rank)):
        raise call.refused(f"perm {moved} of {value.rank} axes")
    if value.grid is not None and value.grid.axis is not None:
        value = rounded(call.tf, value)
    return OnnxValue(value.tensor, tuple(moved.index(axis) for axis in value.order), None, value.grid)


def _concat(call: OnnxCall) -> OnnxValue:
    tf = call.tf
    values = [unfolded(tf, rounded(tf, call.raw(index))) for index in range(len(call.values))]
    lead = next((value for value in values if not value.is_constant), values[0])
    if not lead.is_constant:
        lead = next((value for value in values if not value.is_plain and not value.is_constant), lead)
    tensors = [ordered(tf, value, lead.order) for value in values]
    dtype = lead.tensor.dtype
    tensors = [tensor if tensor.dtype == dtype else tf.cast(tensor, dtype) for tensor in tensors]
    axis = lead.order.index(call.axis(call.attribute("axis", 1), lead.rank))
    return OnnxValue(tf.concat(tensors, axis), lead.order)


def _split(call: OnnxCall) -> list[OnnxValue]:
    tf, value = call.tf, call.value(0)
    axis = call.axis(call.attribute("axis", 0), value.rank)
    size, count = value.shape[axis], len(call.node.outputs)
    sizes = call.attribute("split") if call.opset < _OLD_AXES else call.numbers(1) if call.has(1) else None
    if sizes is None:
        each = -(-size // count)
        sizes = [each] * (count - 1) + [size - each * (count - 1)]
    parts = tf.split(value.tensor, [int(part) for part in sizes], value.order.index(axis))
    return [OnnxValue(part, value.order) for part in parts]


def _slice(call: OnnxCall) -> OnnxValue:
    value = call.value(0)
    if call.opset < 10:
        starts, ends = list(call.attribute("starts")), list(call.attribute("ends"))
        axes, steps = list(call.attribute("axes", range(len(starts)))), [1] * len(starts)
    else:
        starts, ends = call.numbers(1), call.numbers(2)
        axes = call.numbers(3) if call.has(3) else list(range(len(starts)))
        steps = call.numbers(4) if call.has(4) else [1] * len(starts)
    cuts = [slice(None)] * value.rank
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        axis = call.axis(axis, value.rank)
        start, end, step = slice(start, end, step).indices(value.shape[axis])
        cuts[value.order.index(axis)] = slice(start, None if end < 0 else end, step)
    return value.with_tensor(value.tensor[tuple(cuts)])


def _gather(call: OnnxCall) -> OnnxValue:
    tf, value = call.tf, call.value(0)
    axis = call.axis(call.attribute("axis", 0), value.rank)
    places = _not_negative(call, call.plain(1), value.shape[axis])
    if isinstance(places, np.ndarray) and places.ndim == 0 and not value.is_constant:  # one row: a slice
        at = value.order.index(axis)
        cuts = [slice(None)] * value.rank
        cuts[at] = slice(int(places), int(places) + 1)
        order = [other for other in value.order if other != axis]
        tensor = tf.reshape(value.tensor[tuple(cuts)], [value.shape[other] for other in order])
        return OnnxValue(tensor, tuple(other - (other > axis) for other in order))
    return OnnxValue.of(tf.gather(ordered(tf, value, plain_order(value.rank)), places, axis=axis))


def _not_negative(call: OnnxCall, places: Any, size: int) -> Any:
    """Places counted from the end, counted from the start."""
    if isinstance(places, np.ndarray):
        places = np.where(places < 0, places + size, places)
        if places.size and (places.min() < 0 or places.max() >= size):
            raise call.refused(f"places {places.min()} to {places.max()}", f"0 to {size - 1}")
        return places.astype(np.int32)
    return places


def _grids(tf: Any, shape: Any) -> list[Any]:
    return [np.asarray(grid, np.int32) for grid in np.meshgrid(*map(np.arange, shape), indexing="ij")]


def _gather_elements(call: OnnxCall) -> OnnxValue:
    tf, data, places = call.tf, call.plain(0), call.plain(1)
    axis = call.axis(call.attribute("axis", 0), len(data.shape))
    places = tf.cast(_not_negative(call, places, int(data.shape[axis])), tf.int32)
    grids = _grids(tf, [int(size) for size in places.shape])
    grids[axis] = places
    return OnnxValue.of(tf.gather_nd(data, tf.stack(grids, -1)))


def _gather_nd(call: OnnxCall) -> OnnxValue:
    tf = call.tf
    return OnnxValue.of(
        tf.gather_nd(call.plain(0), tf.cast(_nd(call), tf.int32), call.attribute("batch_dims", 0))
    )


def _nd(call: OnnxCall) -> Any:
    """Places along several axes, none below zero."""
    data, places = call.plain(0), call.plain(1)
    if isinstance(places, np.ndarray):
        first = call.attribute("batch_dims", 0)
        sizes = np.array([int(size) for size in data.shape[first : first + places.shape[-1]]])
        places = np.where(places < 0, places + sizes, places)
    return places


def _scatter_elements(call: OnnxCall) -> OnnxValue:
    tf, data, updates = call.tf, call.plain(0), call.plain(2)
    axis = call.axis(call.attribute("axis", 0), len(data.shape))
    places = tf.cast(_not_negative(call, call.plain(1), int(data.shape[axis])), tf.int32)
    grids = _grids(tf, [int(size) for size in updates.shape])
    grids[axis] = places
    return OnnxValue.of(_scattered(call, data, tf.stack(grids, -1), updates))


def _scattered(call: OnnxCall, data: Any, places: Any, updates: Any) -> Any:
    tf, how = call.tf, call.text("reduction", "none")
    names = {"none": "update", "add": "add", "max": "max", "min": "min"}
    if how not in names:
        raise call.refused(f"reduction {how}", ", ".join(names))
    return getattr(tf, f"tensor_scatter_nd_{names[how]}")(data, places, updates)


def _scatter_nd(call: OnnxCall) -> OnnxValue:
    return OnnxValue.of(
        _scattered(call, call.plain(0), call.tf.cast(_nd(call), call.tf.int32), call.plain(2))
    )


def _expand(call: OnnxCall) -> OnnxValue:
    tf, value = call.tf, call.raw(0)
    if value.tensor.dtype in (bool, tf.bool):
        value = value.with_tensor(tf.cast(value.tensor, tf.float32))
        tensors, order = aligned(call, [value, OnnxValue.of(np.ones(call.numbers(1), np.float32))])
        return OnnxValue(tf.cast(tensors[0] * tensors[1], tf.bool), order)
    tensors, order = aligned(call, [value, OnnxValue.of(np.ones(call.numbers(1), np.float32))])
    shape = np.broadcast_shapes(*([int(size) for size in tensor.shape] for tensor in tensors))
    return OnnxValue(tf.broadcast_to(tensors[0], shape), order)


def _tile(call: OnnxCall) -> OnnxValue:
    value = call.value(0)
    times = call.numbers(1)
    return value.with_tensor(call.tf.tile(value.tensor, [times[axis] for axis in value.order]))


def _pad(call: OnnxCall) -> OnnxValue:
    tf, value = call.tf, call.value(0)
    rank = value.rank
    pads = list(call.attribute("pads")) if call.opset < 11 else call.numbers(1)
    fill: Any = call.attribute("value", 0.0) if call.opset < 11 else 0.0
    if call.opset >= 11 and call.has(2):
        fill = call.constant(2).reshape(())
    axes = [call.axis(axis, rank) for axis in call.numbers(3)] if call.has(3) else list(range(rank))
    ends = {axis: (pads[place], pads[place + len(axes)]) for place, axis in enumerate(axes)}
    cuts = [slice(max(-ends.get(axis, (0, 0))[0], 0), value.shape[axis] + min(ends.get(axis, (0, 0))[1], 0))
            for axis in value.order]  # fmt: skip
    tensor = value.tensor[tuple(cuts)] if any(pad < 0 for pad in pads) else value.tensor
    widths = [[max(end, 0) for end in ends.get(axis, (0, 0))] for axis in value.order]
    how = call.text("mode", "constant")
    if how == "constant":
        fill = np.asarray(fill).astype(tf.as_dtype(tensor.dtype).as_numpy_dtype)
        return value.with_tensor(tf.pad(tensor, widths, constant_values=fill))
    if how == "reflect":
        return value.with_tensor(tf.pad(tensor, widths, mode="REFLECT"))
    for axis, (before, after) in enumerate(widths):
        size = int(tensor.shape[axis])
        if before or after:
            places = np.arange(-before, size + after)
            places = np.clip(places, 0, size - 1) if how == "edge" else places % size
            tensor = tf.gather(tensor, places.astype(np.int32), axis=axis)
    return value.with_tensor(tensor)


def _shape(call: OnnxCall) -> OnnxValue:
    shape = unfolded(call.tf, call.raw(0)).shape
    return OnnxValue.of(
        np.array(shape[call.attribute("start", 0) : call.attribute("end", len(shape))], np.int64)
    )


def _size(call: OnnxCall) -> OnnxValue:
    return OnnxValue.of(np.array(int(np.prod(call.raw(0).shape)), np.int64))


def _constant(call: OnnxCall) -> OnnxValue:
    kinds = {
        "value_float": np.float32,
        "value_floats": np.float32,
        "value_int": np.int64,
        "value_ints": np.int64,
    }
    for name, dtype in kinds.items():
        if call.attribute(name) is not None:
            return OnnxValue.of(np.array(call.attribute(name), dtype))
    if call.attribute("value") is None:
        raise call.refused(", ".join(call.node.attributes) or "no value", "a tensor or numbers")
    return OnnxValue.of(np.asarray(call.attribute("value")))


def _constant_of_shape(call: OnnxCall) -> OnnxValue:
    fill = call.attribute("value")
    fill = np.zeros(1, np.float32) if fill is None else np.asarray(fill)
    return OnnxValue.of(np.full(call.numbers(0), fill.reshape(-1)[0]))


def _range(call: OnnxCall) -> OnnxValue:
    start, limit, step = (call.constant(index).reshape(()) for index in range(3))
    return OnnxValue.of(np.arange(start, limit, step).astype(start.dtype))


def _one_hot(call: OnnxCall) -> OnnxValue:
    tf, depth = call.tf, int(call.constant(1).reshape(-1)[0])
    off, on = call.constant(2).reshape(-1)
    places = tf.cast(call.plain(0), tf.int32)
    places = tf.where(places < 0, places + depth, places)
    axis = call.attribute("axis", -1)
    return OnnxValue.of(
        tf.one_hot(places, depth, on, off, axis=axis if axis >= 0 else len(places.shape) + 1 + axis)
    )


def _to_depth(call: OnnxCall) -> OnnxValue:
    value, size = call.value(0), int(call.attribute("blocksize"))
    tensor = call.tf.nn.space_to_depth(ordered(call.tf, value, (0, 2, 3, 1)), size)
    return OnnxValue(tensor, (0, 2, 3, 1))


def _to_space(call: OnnxCall) -> OnnxValue:
    tf, value, size = call.tf, call.value(0), int(call.attribute("blocksize"))
    tensor = ordered(tf, value, (0, 2, 3, 1))
    c = value.shape[1]
    if call.text("mode", "DCR") == "CRD":
        # channels (all, size, size) become (size, size, all)
        rows = np.arange(c).reshape(c // size**2, size**2).T.reshape(-1)
        tensor = tf.gather(tensor, rows.astype(np.int32), axis=3)
    return OnnxValue(tf.nn.depth_to_space(tensor, size), (0, 2, 3, 1))


def _eye_like(call: OnnxCall) -> OnnxValue:
    rows, columns = call.raw(0).shape
    return OnnxValue.of(np.eye(rows, columns, call.attribute("k", 0), dtype=np.float32))


def _trilu(call: OnnxCall) -> OnnxValue:
    tf, tensor = call.tf, call.plain(0)
    shape = [int(size) for size in tensor.shape]
    k = int(call.constant(1).reshape(())) if call.has(1) else 0
    mask = np.tril(np.ones(shape[-2:], bool), k)
    if call.attribute("upper", 1):
        mask = np.triu(np.ones(shape[-2:], bool), k)
    return OnnxValue.of(tf.where(np.broadcast_to(mask, shape), tensor, tf.zeros_like(tensor)))


def _top_k(call: OnnxCall) -> list[OnnxValue]:
    tf, value = call.tf, call.value(0)
    axis = call.axis(call.attribute("axis", -1), value.rank)
    k = int(call.attribute("k")) if call.opset < 10 else call.numbers(1)[0]
    order = (*(other for other in range(value.rank) if other != axis), axis)
    tensor = ordered(tf, value, order)
    if call.attribute("largest", 1):
        values, places = tf.math.top_k(tensor, k)
    else:
        values, places = tf.math.top_k(-tensor, k)
        values = -values
    return [OnnxValue(values, order), OnnxValue(places, order)]


def _compress(call: OnnxCall) -> OnnxValue:
    tf, places = call.tf, np.flatnonzero(call.constant(1))
    if call.attribute("axis") is None:
        return OnnxValue.of(tf.gather(tf.reshape(call.plain(0), [-1]), places))
    tensor = call.plain(0)
    return OnnxValue.of(tf.gather(tensor, places, axis=call.axis(call.attribute("axis"), len(tensor.shape))))


def _non_zero(call: OnnxCall) -> OnnxValue:
    return OnnxValue.of(np.array(np.nonzero(call.constant(0)), np.int64))


def _reverse_sequence(call: OnnxCall) -> OnnxValue:
    batch, time = call.attribute("batch_axis", 1), call.attribute("time_axis", 0)
    lengths = call.tf.cast(call.plain(1), call.tf.int32)
    return OnnxValue.of(call.tf.reverse_sequence(call.plain(0), lengths, seq_axis=time, batch_axis=batch))


def _if(call: OnnxCall) -> list[OnnxValue]:
    taken = bool(call.constant(0).reshape(-1)[0])
    graph = call.attribute("then_branch" if taken else "else_branch")
    if not isinstance(graph, OnnxGraph):
        raise call.refused("no branch")
    return call.inner(graph)


OPERATORS: dict[str, Builder] = {
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Transpose": _transpose,
    "Concat": _concat,
    "Split": _split,
    "Slice": _slice,
    "Gather": _gather,
    "GatherElements": _gather_elements,
    "GatherND": _gather_nd,
    "Scatter": _scatter_elements,
    "ScatterElements": _scatter_elements,
    "ScatterND": _scatter_nd,
    "Expand": _expand,
    "Tile": _tile,
    "Pad": _pad,
    "Shape": _shape,
    "Size": _size,
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
    "Range": _range,
    "OneHot": _one_hot,
    "SpaceToDepth": _to_depth,
    "DepthToSpace": _to_space,
    "EyeLike": _eye_like,
    "Trilu": _trilu,
    "TopK": _top_k,
    "Compress": _compress,
    "NonZero": _non_zero,
    "ReverseSequence": _reverse_sequence,
    "If": _if,
}
