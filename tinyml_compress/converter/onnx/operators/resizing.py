"""Resize and its older forms, by the methods of TensorFlow Lite where they are the same, else by matrices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.converter.onnx.call import Builder, OnnxCall
from tinyml_compress.converter.onnx.values import OnnxValue, channels_last, ordered, plain_order

Floats = npt.NDArray[np.float64]


def _resize(call: OnnxCall) -> OnnxValue:
    tf, value = call.tf, call.value(0)
    sizes, factors = _wanted(call, value.shape)
    changed = [axis for axis in range(value.rank) if sizes[axis] != value.shape[axis] or factors[axis] != 1]
    mode, how = call.text("mode", "nearest"), _coordinates(call)
    if how == "tf_crop_and_resize":
        raise call.refused(how, "half_pixel, align_corners, asymmetric, pytorch_half_pixel")
    spatial = value.rank == 4 and set(changed) <= {2, 3}
    order = channels_last(value.rank) if spatial else plain_order(value.rank)
    x = ordered(tf, value, order)
    if not changed:
        return OnnxValue(x, order)
    if spatial:
        whole = [sizes[axis] % value.shape[axis] == 0 for axis in (2, 3)]
        by_pixels = all(whole) and all(factors[axis] == sizes[axis] / value.shape[axis] for axis in (2, 3))
        if mode == "nearest" and by_pixels and _repeats(call, how):
            return OnnxValue(tf.compat.v1.image.resize_nearest_neighbor(x, [sizes[2], sizes[3]]), order)
        exact = all(factors[axis] == sizes[axis] / value.shape[axis] for axis in (2, 3))
        flags = {"half_pixel": {"half_pixel_centers": True}, "align_corners": {"align_corners": True},
                 "asymmetric": {}, "pytorch_half_pixel": {"half_pixel_centers": True}}  # fmt: skip
        one = how == "pytorch_half_pixel" and 1 in (sizes[2], sizes[3])
        if mode == "linear" and exact and not one and not call.attribute("antialias", 0):
            result = tf.compat.v1.image.resize_bilinear(x, [sizes[2], sizes[3]], **flags[how])
            return OnnxValue(result, order)
    for axis in changed:
        matrix = _matrix(call, value.shape[axis], sizes[axis], factors[axis], mode, how)
        at = order.index(axis)
        places = matrix.argmax(1)
        if mode == "nearest":
            x = tf.gather(x, places.astype(np.int32), axis=at)
        else:
            last = [*(other for other in range(value.rank) if other != at), at]
            back = [last.index(other) for other in range(value.rank)]
            x = tf.transpose(tf.matmul(tf.transpose(x, last), matrix.T.astype(np.float32)), back)
    return OnnxValue(x, order)


def _coordinates(call: OnnxCall) -> str:
    old = call.node.op == "Upsample" or call.opset < 11
    return "asymmetric" if old else call.text("coordinate_transformation_mode", "half_pixel")


def _repeats(call: OnnxCall, how: str) -> bool:
    """Whether each value is repeated a whole number of times, as TensorFlow does it."""
    rounding = (
        "floor"
        if how == "asymmetric" and call.opset < 11
        else call.text("nearest_mode", "round_prefer_floor")
    )
    return (how, rounding) in (
        ("asymmetric", "floor"),
        ("half_pixel", "round_prefer_floor"),
        ("half_pixel", "round_prefer_ceil"),
        ("pytorch_half_pixel", "round_prefer_floor"),
    )


def _wanted(call: OnnxCall, shape: Sequence[int]) -> tuple[list[int], list[float]]:
    """Sizes and factors of all axes."""
    old = call.node.op == "Upsample" or call.opset < 11
    scales: Any = call.attribute("scales")
    asked: Any = None
    if scales is None:
        at = 1 if old else 2
        scales = call.constant(at).reshape(-1) if call.has(at) and call.raw(at).tensor.size else None
        asked = call.numbers(3) if not old and call.has(3) and scales is None else None
    if scales is None and asked is None:
        raise call.refused("neither sizes nor scales")
    axes = [call.axis(int(axis), len(shape)) for axis in call.attribute("axes") or range(len(shape))]
    if call.text("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise call.refused("keep_aspect_ratio_policy", "stretch")
    sizes, factors = list(shape), [1.0] * len(shape)
    for place, axis in enumerate(axes):
        if asked is not None:
            sizes[axis], factors[axis] = asked[place], asked[place] / shape[axis]
        else:
            factors[axis] = float(scales[place])
            sizes[axis] = int(np.floor(shape[axis] * factors[axis]))
    return sizes, factors


def _matrix(call: OnnxCall, old: int, new: int, factor: float, mode: str, how: str) -> Floats:
    """(new, old): what each value is of the old ones."""
    at = np.arange(new, dtype=np.float64)
    if how == "align_corners":
        places = at * (old - 1) / max(new - 1, 1)
    elif how == "asymmetric":
        places = at / factor
    elif how == "pytorch_half_pixel" and new == 1:
        places = np.zeros(1)
    else:
        places = (at + 0.5) / factor - 0.5
    matrix = np.zeros((new, old))
    rows = np.arange(new)
    if mode == "nearest":
        default = "floor" if call.node.op == "Upsample" or call.opset < 11 else "round_prefer_floor"
        rounding: dict[str, Callable[[Floats], Floats]] = {
            "floor": np.floor,
            "ceil": np.ceil,
            "round_prefer_floor": lambda x: np.ceil(x - 0.5),
            "round_prefer_ceil": lambda x: np.floor(x + 0.5),
        }
        nearest = rounding[call.text("nearest_mode", default)](places)
        matrix[rows, np.clip(nearest, 0, old - 1).astype(int)] = 1.0
        return matrix
    if call.attribute("antialias", 0):
        raise call.refused("antialias", "no antialias")
    low = np.floor(places)
    away = places - low
    if mode == "linear":
        taps = {0: 1 - away, 1: away}
    else:
        a = call.attribute("cubic_coeff_a", -0.75)
        taps = {offset: _cubic(np.abs(away - offset), a) for offset in (-1, 0, 1, 2)}
    for offset, weight in taps.items():
        column = (low + offset).astype(int)
        if call.attribute("exclude_outside", 0):
            weight = np.where((column < 0) | (column >= old), 0.0, weight)
        np.add.at(matrix, (rows, np.clip(column, 0, old - 1)), weight)
    rows_of_one: Floats = matrix / matrix.sum(1, keepdims=True)
    return rows_of_one


def _cubic(x: Floats, a: float) -> Floats:
    near = (a + 2) * x**3 - (a + 3) * x**2 + 1
    far = a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a
    weights: Floats = np.where(x <= 1, near, np.where(x < 2, far, 0.0))
    return weights


OPERATORS: dict[str, Builder] = {"Resize": _resize, "Upsample": _resize}
