"""Convolutions, pools and what else slides over pictures and rows of samples, with the channels last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tinyml_compress.converter.onnx.call import Builder, OnnxCall, on_grid, rounded
from tinyml_compress.converter.onnx.values import OnnxValue, channels_last, ordered

Pads = list[tuple[int, int]]


def _picture(call: OnnxCall, index: int = 0) -> tuple[Any, int]:
    """The input with its channels last, and how many axes of space it has."""
    value = call.value(index)
    return ordered(call.tf, value, channels_last(value.rank)), value.rank - 2


def _window(
    call: OnnxCall, space: int, kernel: Sequence[int], sizes: Sequence[int]
) -> tuple[list[int], list[int], Pads]:
    """Strides, dilations and pads."""
    strides = list(call.attribute("strides") or [1] * space)
    dilations = list(call.attribute("dilations") or [1] * space)
    auto = call.text("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        pads = []
        for size, k, stride, dilation in zip(sizes, kernel, strides, dilations, strict=True):
            total = max((-(-size // stride) - 1) * stride + (k - 1) * dilation + 1 - size, 0)
            small = total // 2
            pads.append((small, total - small) if auto == "SAME_UPPER" else (total - small, small))
        return strides, dilations, pads
    given = list(call.attribute("pads") or [0] * 2 * space) if auto != "VALID" else [0] * 2 * space
    return strides, dilations, list(zip(given[:space], given[space:], strict=True))


def _is_same(
    pads: Pads, kernel: Sequence[int], sizes: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> bool:
    """Whether TensorFlow's own padding adds just that."""
    for (before, after), k, size, stride, dilation in zip(
        pads, kernel, sizes, strides, dilations, strict=True
    ):
        total = max((-(-size // stride) - 1) * stride + (k - 1) * dilation + 1 - size, 0)
        if (before, after) != (total // 2, total - total // 2):
            return False
    return True


def padded(tf: Any, x: Any, pads: Pads, fill: float = 0.0) -> Any:
    """With a border; crops where a pad is below zero."""
    if any(end < 0 for pair in pads for end in pair):
        cuts = [slice(None), *(slice(max(-a, 0), min(b, 0) or None) for a, b in pads)]
        x = x[tuple(cuts)]
    if not any(end > 0 for pair in pads for end in pair):
        return x
    widths = [[0, 0], *([max(a, 0), max(b, 0)] for a, b in pads), [0, 0]]
    return tf.pad(x, widths, constant_values=np.float32(fill))


def _conv(call: OnnxCall) -> OnnxValue:
    x, space = _picture(call)
    bias = call.plain(2) if call.has(2) else None
    return OnnxValue(_convolved(call, x, call.raw(1), bias, space), channels_last(space + 2))


def _convolved(call: OnnxCall, x: Any, weights: OnnxValue, bias: Any, space: int) -> Any:
    """The convolution of a picture with its channels last; `weights` as the model has them."""
    tf = call.tf
    kernel, sizes = weights.shape[2:], [int(size) for size in x.shape[1:-1]]
    strides, dilations, pads = _window(call, space, kernel, sizes)
    groups, outputs = int(call.attribute("group", 1)), weights.shape[0]
    same = _is_same(pads, kernel, sizes, strides, dilations)
    if not same:
        x = padded(tf, x, pads)
    padding = "SAME" if same and any(end for pair in pads for end in pair) else "VALID"
    if space == 1:  # one row of a picture
        x = tf.expand_dims(x, 1)
        strides, dilations, kernel = [1, *strides], [1, *dilations], (1, *kernel)
    y = _sum(call, x, weights, space, groups, outputs, strides, dilations, padding, kernel)
    if space == 1:
        y = tf.squeeze(y, [1])
    return y if bias is None else y + bias


def _filter(call: OnnxCall, weights: OnnxValue, space: int, depthwise: bool) -> Any:
    """(height, width, inputs, outputs), rounded as the model rounds it; depthwise with the channels third."""
    tf = call.tf
    order = (*range(2, space + 2), 1, 0)
    tensor = ordered(tf, replace(weights, grid=None), order)
    if space == 1:  # before it is rounded: the converter loses the channels' axis on the way
        tensor = tensor[None] if weights.is_constant else tf.expand_dims(tensor, 0)
    if weights.grid is not None and not weights.whole:
        tensor = on_grid(tf, tensor, weights.grid)
    if depthwise:
        height, width, _, outputs = (int(size) for size in tensor.shape)
        tensor = tf.reshape(tensor, [height, width, outputs, 1])
    return tensor


def _sum(
    call: OnnxCall, x: Any, weights: OnnxValue, space: int, groups: int, outputs: int, strides: Sequence[int],
    dilations: Sequence[int], padding: str, kernel: Sequence[int],
) -> Any:  # fmt: skip
    tf, channels = call.tf, int(x.shape[-1])
    if space == 3:
        if groups != 1:
            raise call.refused(f"{groups} groups in three dimensions", "1")
        if any(dilation != 1 for dilation in dilations):
            raise call.refused(f"dilations {dilations} in three dimensions", "1")
        return tf.nn.conv3d(x, _filter(call, weights, 3, False), [1, *strides, 1], padding)
    if groups == channels and groups > 1 and outputs % groups == 0 and strides[0] == strides[1]:
        filters = _filter(call, weights, space, True)
        if outputs != groups:
            height, width = (int(size) for size in filters.shape[:2])
            filters = tf.reshape(filters, [height, width, groups, outputs // groups])
        return tf.nn.depthwise_conv2d(x, filters, [1, *strides, 1], padding, dilations=list(dilations))
    filters = _filter(call, weights, space, False)
    if groups == 1:
        return tf.nn.conv2d(x, filters, list(strides), padding, dilations=list(dilations))
    parts = zip(tf.split(x, groups, -1), tf.split(filters, groups, -1), strict=True)
    sums = [tf.nn.conv2d(part, one, list(strides), padding, dilations=list(dilations)) for part, one in parts]
    return tf.concat(sums, -1)


def _conv_transpose(call: OnnxCall) -> OnnxValue:
    tf = call.tf
    x, space = _picture(call)
    weights, groups = call.raw(1), int(call.attribute("group", 1))
    if space > 2:
        raise call.refused("three dimensions", "one or two")
    if any(dilation != 1 for dilation in call.attribute("dilations") or [1]):
        raise call.refused(f"dilations {call.attribute('dilations')}", "1")
    kernel, sizes = list(weights.shape[2:]), [int(size) for size in x.shape[1:-1]]
    strides = list(call.attribute("strides") or [1] * space)
    more = list(call.attribute("output_padding") or [0] * space)
    full = [(size - 1) * stride + k for size, stride, k in zip(sizes, strides, kernel, strict=True)]
    pads = _transposed_pads(call, space, sizes, strides, full, more)
    order = (*range(2, space + 2), 1, 0)
    filters = ordered(tf, rounded(tf, weights), order)
    if space == 1:
        x, filters = tf.expand_dims(x, 1), tf.expand_dims(filters, 0)
        strides, full, kernel = [1, *strides], [1, *full], [1, *kernel]
    parts = []
    for part, one in zip(tf.split(x, groups, -1), tf.split(filters, groups, -1), strict=True):
        shape = [int(x.shape[0]), *full, int(one.shape[-2])]
        parts.append(tf.nn.conv2d_transpose(part, one, shape, strides, "VALID"))
    y = parts[0] if groups == 1 else tf.concat(parts, -1)
    if space == 1:
        y = tf.squeeze(y, [1])
    y = padded(tf, y, [(-before, extra - after) for (before, after), extra in zip(pads, more, strict=True)])
    return OnnxValue(y + call.plain(2) if call.has(2) else y, channels_last(space + 2))


def _transposed_pads(
    call: OnnxCall,
    space: int,
    sizes: Sequence[int],
    strides: Sequence[int],
    full: Sequence[int],
    more: Sequence[int],
) -> Pads:
    """What is cut off on each side."""
    auto, wanted = call.text("auto_pad", "NOTSET"), call.attribute("output_shape")
    if auto in ("SAME_UPPER", "SAME_LOWER") and not wanted:
        wanted = [size * stride for size, stride in zip(sizes, strides, strict=True)]
    if wanted:
        pads = []
        for size, whole, extra in zip(list(wanted)[-space:], full, more, strict=True):
            total = whole + extra - size
            small = total // 2
            pads.append((small, total - small) if auto != "SAME_LOWER" else (total - small, small))
        return pads
    given = list(call.attribute("pads") or [0] * 2 * space)
    return list(zip(given[:space], given[space:], strict=True))


def _pool_window(
    call: OnnxCall, space: int, sizes: Sequence[int]
) -> tuple[list[int], list[int], list[int], Pads, Pads]:
    """Kernel, strides, dilations, pads of the model, and pads with what rounding up adds behind."""
    kernel = list(call.attribute("kernel_shape"))
    strides, dilations, pads = _window(call, space, kernel, sizes)
    wide = list(pads)
    if call.attribute("ceil_mode", 0):
        for axis in range(space):
            before, after = pads[axis]
            reach = (kernel[axis] - 1) * dilations[axis] + 1
            span = sizes[axis] + before + after - reach
            steps = -(-span // strides[axis])
            if steps * strides[axis] >= sizes[axis] + before:  # a window may not begin behind the picture
                steps -= 1
            wide[axis] = (before, after + max(steps * strides[axis] - span, 0))
    return kernel, strides, dilations, pads, wide


def _pooled(
    tf: Any, x: Any, kind: str, kernel: list[int], strides: list[int], dilations: list[int], padding: str
) -> Any:
    space = len(kernel)
    if space == 1:
        y = _pooled(tf, tf.expand_dims(x, 1), kind, [1, *kernel], [1, *strides], [1, *dilations], padding)
        return tf.squeeze(y, [1])
    if space == 3 or any(dilation != 1 for dilation in dilations):
        return _by_slices(tf, x, kind, kernel, strides, dilations)
    pool = tf.nn.max_pool2d if kind == "MAX" else tf.nn.avg_pool2d
    return pool(x, kernel, strides, padding)


def _by_slices(
    tf: Any, x: Any, kind: str, kernel: list[int], strides: list[int], dilations: list[int]
) -> Any:
    """Each place of the window is a slice of the picture; for windows that TensorFlow Lite does not have."""
    result: Any = None
    outs = [
        (int(size) - (k - 1) * dilation - 1) // stride + 1
        for size, k, stride, dilation in zip(x.shape[1:-1], kernel, strides, dilations, strict=True)
    ]
    for place in np.ndindex(*kernel):
        starts = [at * dilation for at, dilation in zip(place, dilations, strict=True)]
        cuts = [slice(None)] + [
            slice(start, start + (out - 1) * stride + 1, stride)
            for start, out, stride in zip(starts, outs, strides, strict=True)
        ]
        part = x[tuple(cuts)]
        result = part if result is None else tf.maximum(result, part) if kind == "MAX" else result + part
    return result if kind == "MAX" else result / float(np.prod(kernel))


def _max_pool(call: OnnxCall) -> OnnxValue:
    if len(call.node.outputs) > 1 and call.node.outputs[1]:
        raise call.refused("the places of the maxima as a second output", "one output")
    x, space = _picture(call)
    sizes = [int(size) for size in x.shape[1:-1]]
    kernel, strides, dilations, _, pads = _pool_window(call, space, sizes)
    tf = call.tf
    dtype = tf.as_dtype(x.dtype)
    if dtype != tf.float32:
        x = tf.cast(x, tf.float32)
    # SAME leaves what it adds out of the maximum, as the model does.
    if space <= 2 and _is_same(pads, kernel, sizes, strides, dilations) and all(d == 1 for d in dilations):
        y = _pooled(tf, x, "MAX", kernel, strides, dilations, "SAME")
    else:
        lowest = 0.0 if _is_relu(x) else float(np.finfo(np.float32).min)
        y = _pooled(tf, padded(tf, x, pads, lowest), "MAX", kernel, strides, dilations, "VALID")
    return OnnxValue(y if dtype == tf.float32 else tf.cast(y, dtype), channels_last(space + 2))


def _is_relu(x: Any) -> bool:
    """Whether no value is below zero, so that a border of zeros changes no maximum."""
    op = getattr(x, "op", None)
    return op is not None and op.type in ("Relu", "Relu6", "Sigmoid", "Softmax")


def _average_pool(call: OnnxCall) -> OnnxValue:
    tf = call.tf
    x, space = _picture(call)
    sizes = [int(size) for size in x.shape[1:-1]]
    kernel, strides, dilations, pads, wide = _pool_window(call, space, sizes)
    order = channels_last(space + 2)
    counted = bool(call.attribute("count_include_pad", 0))
    plain = all(dilation == 1 for dilation in dilations)
    if not any(end for pair in wide for end in pair):
        if kernel == sizes and plain:
            return OnnxValue(tf.reduce_mean(x, list(range(1, space + 1)), keepdims=True), order)
        return OnnxValue(_pooled(tf, x, "AVG", kernel, strides, dilations, "VALID"), order)
    if not counted and space <= 2 and plain and _is_same(wide, kernel, sizes, strides, dilations):
        return OnnxValue(_pooled(tf, x, "AVG", kernel, strides, dilations, "SAME"), order)
    y = _pooled(tf, padded(tf, x, wide), "AVG", kernel, strides, dilations, "VALID")
    inside = np.ones([1, *sizes, 1], np.float32)
    if counted:
        inside = np.pad(inside, [(0, 0), *pads, (0, 0)], constant_values=1.0)
        wide = [(0, b - after) for (_, b), (_, after) in zip(wide, pads, strict=True)]
    inside = np.pad(inside, [(0, 0), *wide, (0, 0)])
    with tf.init_scope():
        part = np.asarray(_pooled(tf, tf.constant(inside), "AVG", kernel, strides, dilations, "VALID"))
    return OnnxValue(y if np.all(part == 1.0) else y * (1.0 / part).astype(np.float32), order)


def _lp_pool(call: OnnxCall) -> OnnxValue:
    tf = call.tf
    x, space = _picture(call)
    p = int(call.attribute("p", 2))
    sizes = [int(size) for size in x.shape[1:-1]]
    kernel, strides, dilations, _, pads = _pool_window(call, space, sizes)
    powers = tf.pow(tf.abs(padded(tf, x, pads)), float(p))
    sums = _pooled(tf, powers, "AVG", kernel, strides, dilations, "VALID") * float(np.prod(kernel))
    return OnnxValue(tf.pow(sums, 1.0 / p), channels_last(space + 2))


def _global(name: str) -> Builder:
    def builder(call: OnnxCall) -> OnnxValue:
        x, space = _picture(call)
        axes = list(range(1, space + 1))
        return OnnxValue(getattr(call.tf, name)(x, axes, keepdims=True), channels_last(space + 2))

    return builder


def _batch_normalization(call: OnnxCall) -> OnnxValue:
    tf, value = call.tf, call.value(0)
    order = channels_last(value.rank) if value.rank > 2 else (0, 1)[: value.rank]
    if call.attribute("training_mode", 0):
        raise call.refused("training mode", "a model exported for inference")
    x = ordered(tf, value, order)
    scale, shift, mean, variance = (call.plain(index) for index in range(1, 5))
    epsilon = call.attribute("epsilon", 1e-5)
    if all(isinstance(one, np.ndarray) for one in (scale, shift, mean, variance)):
        factor = (scale / np.sqrt(variance.astype(np.float64) + epsilon)).astype(np.float32)
        return OnnxValue(x * factor + (shift - mean * factor).astype(np.float32), order)
    factor = scale * tf.math.rsqrt(variance + np.float32(epsilon))
    return OnnxValue(x * factor + (shift - mean * factor), order)


def _lrn(call: OnnxCall) -> OnnxValue:
    x, space = _picture(call)
    tf, size = call.tf, int(call.attribute("size"))
    alpha, beta, bias = (call.attribute(*pair) for pair in (("alpha", 1e-4), ("beta", 0.75), ("bias", 1.0)))
    if size % 2 and space == 2:
        y = tf.nn.local_response_normalization(x, size // 2, float(bias), alpha / size, beta)
        return OnnxValue(y, channels_last(4))
    channels, before = int(x.shape[-1]), (size - 1) // 2
    wide = tf.pad(tf.square(x), [[0, 0]] * (space + 1) + [[before, size - 1 - before]])
    sums = sum(wide[..., at : at + channels] for at in range(size))
    return OnnxValue(x / tf.pow(bias + alpha / size * sums, beta), channels_last(space + 2))


OPERATORS: dict[str, Builder] = {
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "MaxPool": _max_pool,
    "AveragePool": _average_pool,
    "LpPool": _lp_pool,
    "GlobalAveragePool": _global("reduce_mean"),
    "GlobalMaxPool": _global("reduce_max"),
    "BatchNormalization": _batch_normalization,
    "LRN": _lrn,
}
