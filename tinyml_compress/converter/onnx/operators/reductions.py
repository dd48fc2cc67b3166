"""Operators along axes: sums, means, maxima, softmax, normalizations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinyml_compress.converter.onnx.call import Builder, OnnxCall, rounded
from tinyml_compress.converter.onnx.values import OnnxValue, channels_last, ordered, plain_order, unfolded

Reduce = Callable[[Any, Any, list[int], bool], Any]


def _reduce(function: Reduce, inputs_since: int = 18) -> Builder:
    """`inputs_since` is the version in which the axes became an input."""

    def builder(call: OnnxCall) -> OnnxValue:
        value = unfolded(call.tf, rounded(call.tf, call.raw(0)))
        axes = call.attribute("axes")
        if call.opset >= inputs_since:
            axes = call.numbers(1) if call.has(1) else None
        if not axes:
            if call.attribute("noop_with_empty_axes", 0):
                return value
            axes = list(range(value.rank))
        gone = [call.axis(int(axis), value.rank) for axis in axes]
        keeps = bool(call.attribute("keepdims", 1))
        tensor = function(call.tf, value.tensor, [value.order.index(axis) for axis in gone], keeps)
        return _left(value, tensor, gone, keeps)

    return builder


def _left(value: OnnxValue, tensor: Any, gone: list[int], keeps: bool) -> OnnxValue:
    if keeps:
        return OnnxValue(tensor, value.order)
    kept = [axis for axis in range(value.rank) if axis not in gone]
    return OnnxValue(tensor, tuple(kept.index(axis) for axis in value.order if axis in kept))


def _log_sum_exp(tf: Any, x: Any, axes: list[int], keeps: bool) -> Any:
    top = tf.reduce_max(x, axes, keepdims=True)
    low = tf.reduce_sum(tf.exp(x - top), axes, keepdims=keeps)
    return tf.math.log(low) + (top if keeps else tf.squeeze(top, axes))


def _arg(function: str) -> Builder:
    def builder(call: OnnxCall) -> OnnxValue:
        tf, value = call.tf, call.value(0)
        axis = call.axis(call.attribute("axis", 0), value.rank)
        at, size = value.order.index(axis), value.shape[axis]
        pick = getattr(tf, function)
        if call.attribute("select_last_index", 0):
            tensor = size - 1 - pick(tf.reverse(value.tensor, [at]), at, output_type=tf.int32)
        else:
            tensor = pick(value.tensor, at, output_type=tf.int32)
        keeps = bool(call.attribute("keepdims", 1))
        return _left(value, tf.expand_dims(tensor, at) if keeps else tensor, [axis], keeps)

    return builder


def _cumsum(call: OnnxCall) -> OnnxValue:
    value = call.value(0)
    axis = value.order.index(call.axis(int(call.constant(1).reshape(())), value.rank))
    flags = {"exclusive": bool(call.attribute("exclusive", 0)), "reverse": bool(call.attribute("reverse", 0))}
    return value.with_tensor(call.tf.cumsum(value.tensor, axis, **flags))


def _normal(name: str) -> Builder:
    """Softmax and its kin, which before version 13 took all axes from the given one on."""

    def builder(call: OnnxCall) -> OnnxValue:
        tf = call.tf
        value = call.value(0)
        axis = call.axis(call.attribute("axis", -1 if call.opset >= 13 else 1), value.rank)
        if call.opset < 13 and int(np.prod(value.shape[axis + 1 :])) != 1:
            flat = ordered(tf, value, plain_order(value.rank))
            rows = tf.reshape(flat, [int(np.prod(value.shape[:axis])), -1])
            return OnnxValue.of(tf.reshape(_softmax(call, name, rows, -1), value.shape))
        at = value.order.index(axis)
        if at != value.rank - 1:  # TensorFlow Lite knows the last axis alone
            order = (*(other for other in value.order if other != axis), axis)
            return OnnxValue(_softmax(call, name, ordered(tf, value, order), -1), order)
        return value.with_tensor(_softmax(call, name, value.tensor, -1))

    return builder


def _softmax(call: OnnxCall, name: str, x: Any, axis: int) -> Any:
    tf = call.tf
    if name == "hardmax":
        return tf.one_hot(
            tf.argmax(x, axis, output_type=tf.int32), int(x.shape[axis]), axis=axis, dtype=x.dtype
        )
    return tf.nn.softmax(x, axis) if name == "softmax" else tf.nn.log_softmax(x, axis)


def _lp(call: OnnxCall) -> OnnxValue:
    tf, value = call.tf, call.value(0)
    axis = value.order.index(call.axis(call.attribute("axis", -1), value.rank))
    x = value.tensor
    if call.attribute("p", 2) == 1:
        size = tf.reduce_sum(tf.abs(x), axis, keepdims=True)
    else:
        size = tf.sqrt(tf.reduce_sum(x * x, axis, keepdims=True))
    return value.with_tensor(x / tf.maximum(size, np.float32(1e-30)))


def moments(tf: Any, x: Any, axes: list[int], epsilon: float) -> Any:
    """Less the mean, over the standard deviation."""
    middle = tf.reduce_mean(x, axes, keepdims=True)
    away = x - middle
    spread = tf.reduce_mean(tf.square(away), axes, keepdims=True)
    return away * tf.math.rsqrt(spread + np.float32(epsilon))


def _layer(call: OnnxCall) -> list[OnnxValue]:
    tf, value = call.tf, call.value(0)
    axis = call.axis(call.attribute("axis", -1), value.rank)
    x = ordered(tf, value, plain_order(value.rank))
    axes, epsilon = list(range(axis, value.rank)), call.attribute("epsilon", 1e-5)
    middle = tf.reduce_mean(x, axes, keepdims=True)
    away = x - middle
    over = tf.math.rsqrt(tf.reduce_mean(tf.square(away), axes, keepdims=True) + np.float32(epsilon))
    y = away * over * call.plain(1)
    y = y + call.plain(2) if call.has(2) else y
    return [OnnxValue.of(tensor) for tensor in (y, middle, over)][: len(call.node.outputs)]


def _rms(call: OnnxCall) -> OnnxValue:
    tf, x = call.tf, call.plain(0)
    axis = call.axis(call.attribute("axis", -1), len(x.shape))
    axes, epsilon = list(range(axis, len(x.shape))), call.attribute("epsilon", 1e-5)
    over = tf.math.rsqrt(tf.reduce_mean(tf.square(x), axes, keepdims=True) + np.float32(epsilon))
    return OnnxValue.of(x * over * call.plain(1))


def _mean_variance(call: OnnxCall) -> OnnxValue:
    tf, value = call.tf, call.value(0)
    axes = [value.order.index(call.axis(axis, value.rank)) for axis in call.attribute("axes", [0, 2, 3])]
    x = value.tensor
    away = x - tf.reduce_mean(x, axes, keepdims=True)
    spread = tf.sqrt(tf.reduce_mean(tf.square(away), axes, keepdims=True))
    return value.with_tensor(away / (spread + np.float32(1e-9)))


def _instance(call: OnnxCall) -> OnnxValue:
    tf, value = call.tf, call.value(0)
    order = channels_last(value.rank)
    x = moments(
        tf, ordered(tf, value, order), list(range(1, value.rank - 1)), call.attribute("epsilon", 1e-5)
    )
    return OnnxValue(x * call.plain(1) + call.plain(2), order)


def _group(call: OnnxCall) -> OnnxValue:
    tf, value = call.tf, call.value(0)
    groups, order, shape = int(call.attribute("num_groups")), channels_last(value.rank), value.shape
    space, each = [shape[axis] for axis in order[1:-1]], shape[1] // int(call.attribute("num_groups"))
    x = tf.reshape(ordered(tf, value, order), [shape[0], *space, groups, each])
    axes = [*range(1, len(space) + 1), len(space) + 2]
    x = tf.reshape(moments(tf, x, axes, call.attribute("epsilon", 1e-5)), [shape[0], *space, shape[1]])
    scale, shift = call.plain(1), call.plain(2)
    if int(scale.shape[0]) == groups != shape[1]:  # version 18 has one per group
        scale, shift = np.repeat(call.constant(1), each), np.repeat(call.constant(2), each)
    return OnnxValue(x * scale + shift, order)


def _losses(call: OnnxCall) -> list[OnnxValue]:
    """Negative log likelihood, with the softmax before it where the node says so."""
    tf, scores = call.tf, call.plain(0)
    logs = scores
    if call.node.op == "SoftmaxCrossEntropyLoss":
        last = ordered(tf, OnnxValue.of(scores), channels_last(len(scores.shape)))
        logs = ordered(tf, OnnxValue(tf.nn.log_softmax(last, -1), channels_last(len(scores.shape))),
                       plain_order(len(scores.shape)))  # fmt: skip
    classes = int(scores.shape[1])
    target = tf.cast(call.plain(1), tf.int32)
    weights = call.plain(2) if call.has(2) else np.ones(classes, np.float32)
    hot = tf.one_hot(target, classes, axis=1)
    shape = [1, classes, *[1] * (len(scores.shape) - 2)]
    each = tf.reduce_sum(hot * tf.reshape(weights, shape), 1)
    ignored = call.attribute("ignore_index")
    if ignored is not None:
        each = each * tf.cast(tf.not_equal(target, int(ignored)), tf.float32)
    loss = -tf.reduce_sum(logs * hot, 1) * each
    how = call.text("reduction", "mean")
    if how == "sum":
        loss = tf.reduce_sum(loss)
    elif how == "mean":
        loss = tf.reduce_sum(loss) / tf.reduce_sum(each)
    return [OnnxValue.of(tensor) for tensor in (loss, logs)][: len(call.node.outputs)]


OPERATORS: dict[str, Builder] = {
    "ReduceSum": _reduce(lambda tf, x, axes, keeps: tf.reduce_sum(x, axes, keeps), 13),
    "ReduceMean": _reduce(lambda tf, x, axes, keeps: tf.reduce_mean(x, axes, keeps)),
    "ReduceMax": _reduce(lambda tf, x, axes, keeps: tf.reduce_max(x, axes, keeps)),
    "ReduceMin": _reduce(lambda tf, x, axes, keeps: tf.reduce_min(x, axes, keeps)),
    "ReduceProd": _reduce(lambda tf, x, axes, keeps: tf.reduce_prod(x, axes, keeps)),
    "ReduceL1": _reduce(lambda tf, x, axes, keeps: tf.reduce_sum(tf.abs(x), axes, keeps)),
    "ReduceL2": _reduce(lambda tf, x, axes, keeps: tf.sqrt(tf.reduce_sum(tf.square(x), axes, keeps))),
    "ReduceSumSquare": _reduce(lambda tf, x, axes, keeps: tf.reduce_sum(tf.square(x), axes, keeps)),
    "ReduceLogSum": _reduce(lambda tf, x, axes, keeps: tf.math.log(tf.reduce_sum(x, axes, keeps))),
    "ReduceLogSumExp": _reduce(_log_sum_exp),
    "ArgMax": _arg("argmax"),
    "ArgMin": _arg("argmin"),
    "CumSum": _cumsum,
    "Softmax": _normal("softmax"),
    "LogSoftmax": _normal("log_softmax"),
    "Hardmax": _normal("hardmax"),
    "LpNormalization": _lp,
    "LayerNormalization": _layer,
    "RMSNormalization": _rms,
    "MeanVarianceNormalization": _mean_variance,
    "InstanceNormalization": _instance,
    "GroupNormalization": _group,
    "NegativeLogLikelihoodLoss": _losses,
    "SoftmaxCrossEntropyLoss": _losses,
}
