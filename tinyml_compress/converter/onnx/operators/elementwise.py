"""Operators of each element by itself, or of pairs of elements."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from tinyml_compress.converter.onnx.call import Builder, OnnxCall, rounded
from tinyml_compress.converter.onnx.values import OnnxValue, Order, ordered, plain_order, unfolded

_TYPES: dict[int, Any] = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int32", 9: "bool",
    10: "float32", 11: "float32", 12: "uint32", 13: "uint32", 16: "float32",
}  # fmt: skip
"""What the numbers of ONNX's types become; int64 is int32 in what is computed on a board."""


def aligned(call: OnnxCall, values: Sequence[OnnxValue]) -> tuple[list[Any], Order]:
    """Tensors of one rank and one order of axes, ready to be broadcast, and that order."""
    tf = call.tf
    values = [unfolded(tf, rounded(tf, value)) for value in values]
    rank = max(value.rank for value in values)
    wide = [_widened(tf, value, rank) for value in values]
    first = [
        one for one, value in zip(wide, values, strict=True) if not one.is_constant and value.rank == rank
    ]
    lead = next((one for one in first if not one.is_plain), first[0] if first else wide[0])
    order = lead.order if first else plain_order(rank)
    tensors = [ordered(tf, value, order) for value in wide]
    dtypes = [tensor.dtype for tensor, value in zip(tensors, wide, strict=True) if not value.is_constant]
    if dtypes:
        wanted = tf.as_dtype(dtypes[0])
        tensors = [
            tensor if tf.as_dtype(tensor.dtype) == wanted else _as(tf, tensor, wanted) for tensor in tensors
        ]
    return tensors, order


def _as(tf: Any, tensor: Any, wanted: Any) -> Any:
    if isinstance(tensor, np.ndarray) and wanted.is_integer:
        limits = np.iinfo(wanted.as_numpy_dtype)
        return np.clip(tensor, limits.min, limits.max).astype(wanted.as_numpy_dtype)
    return tf.cast(tensor, wanted)


def _widened(tf: Any, value: OnnxValue, rank: int) -> OnnxValue:
    more = rank - value.rank
    if more == 0:
        return value
    order = (*range(more), *(axis + more for axis in value.order))
    return OnnxValue(tf.reshape(value.tensor, [*[1] * more, *value.stored_shape]) if not value.is_constant
                 else value.tensor.reshape([1] * more + list(value.stored_shape)), order)  # fmt: skip


def unary(function: Callable[[Any, Any], Any]) -> Builder:
    """Of a function of (tf, tensor)."""

    def builder(call: OnnxCall) -> OnnxValue:
        value = rounded(call.tf, call.raw(0))
        return value.with_tensor(function(call.tf, value.tensor))

    return builder


def with_attributes(function: Callable[[OnnxCall, Any], Any]) -> Builder:
    """The same where it depends on the node."""

    def builder(call: OnnxCall) -> OnnxValue:
        value = rounded(call.tf, call.raw(0))
        return value.with_tensor(function(call, value.tensor))

    return builder


def _pairs(function: Callable[[Any, Any, Any], Any]) -> Builder:
    def builder(call: OnnxCall) -> OnnxValue:
        tensors, order = aligned(call, [call.raw(index) for index in range(len(call.values))])
        return OnnxValue(reduce(lambda a, b: function(call.tf, a, b), tensors), order)

    return builder


def _logic(function: Callable[[Any, Any, Any], Any]) -> Builder:
    def builder(call: OnnxCall) -> OnnxValue:
        (a, b), order = aligned(call, [call.raw(0), call.raw(1)])
        return OnnxValue(function(call.tf, a, b), order)

    return builder


def _div(tf: Any, a: Any, b: Any) -> Any:
    if tf.as_dtype(a.dtype).is_floating:
        return tf.divide(a, b)
    if tf.as_dtype(a.dtype).is_unsigned:
        return tf.math.floordiv(a, b)
    return tf.math.sign(a) * tf.math.sign(b) * tf.math.floordiv(tf.abs(a), tf.abs(b))


def _mean(call: OnnxCall) -> OnnxValue:
    tensors, order = aligned(call, [call.raw(index) for index in range(len(call.values))])
    return OnnxValue(reduce(call.tf.add, tensors) * np.float32(1 / len(tensors)), order)


def _mod(call: OnnxCall) -> OnnxValue:
    (a, b), order = aligned(call, [call.raw(0), call.raw(1)])
    tf = call.tf
    if call.attribute("fmod", 0):
        if tf.as_dtype(a.dtype).is_floating:
            ratio = tf.divide(a, b)
            whole = tf.sign(ratio) * tf.floor(tf.abs(ratio))
            return OnnxValue(a - whole * b, order)
        return OnnxValue(a - _div(tf, a, b) * b, order)
    return OnnxValue(tf.math.floormod(a, b), order)


def _pow(call: OnnxCall) -> OnnxValue:
    base, power = call.raw(0), call.raw(1)
    tf = call.tf
    if power.is_constant and power.tensor.size == 1 and tf.as_dtype(base.tensor.dtype).is_floating:
        exponent = float(power.tensor.reshape(()))
        simple = {2.0: tf.square, 0.5: tf.sqrt, 1.0: tf.identity, -0.5: tf.math.rsqrt}
        if exponent in simple and power.rank <= base.rank:
            return base.with_tensor(simple[exponent](rounded(tf, base).tensor))
        if exponent == 3.0 and power.rank <= base.rank:
            x = rounded(tf, base).tensor
            return base.with_tensor(x * x * x)
    (a, b), order = aligned(call, [power.with_tensor(_like(tf, power.tensor, base.tensor)), base][::-1])
    return OnnxValue(tf.pow(a, b), order)


def _like(tf: Any, tensor: Any, other: Any) -> Any:
    dtype = tf.as_dtype(other.dtype)
    return tensor.astype(dtype.as_numpy_dtype) if isinstance(tensor, np.ndarray) else tf.cast(tensor, dtype)


def _where(call: OnnxCall) -> OnnxValue:
    tf = call.tf
    (a, b), order = aligned(call, [call.raw(1), call.raw(2)])
    both = [call.raw(0), OnnxValue(a, order), OnnxValue(b, order)]
    rank = max(value.rank for value in both)
    wide = [_widened(tf, unfolded(tf, value), rank) for value in both]
    lead = next((value for value in wide if not value.is_constant), wide[0])
    condition, a, b = (ordered(tf, value, lead.order) for value in wide)
    return OnnxValue(tf.where(condition, a, b), lead.order)


def _prelu(call: OnnxCall) -> OnnxValue:
    tf = call.tf
    (x, slope), order = aligned(call, [call.raw(0), call.raw(1)])
    if isinstance(slope, np.ndarray) and np.all(slope == slope.reshape(-1)[0]):
        return OnnxValue(tf.nn.leaky_relu(x, float(slope.reshape(-1)[0])), order)
    return OnnxValue(tf.nn.relu(x) - slope * tf.nn.relu(-x), order)


def _clip(call: OnnxCall) -> OnnxValue:
    tf = call.tf
    value = rounded(tf, call.raw(0))
    low, high = call.attribute("min"), call.attribute("max")
    if call.opset >= 11:
        low = call.raw(1).tensor if call.has(1) else None
        high = call.raw(2).tensor if call.has(2) else None
    x = value.tensor
    if all(bound is None or isinstance(bound, (np.ndarray, float)) for bound in (low, high)):
        a = -np.inf if low is None else float(np.asarray(low).reshape(()))
        b = np.inf if high is None else float(np.asarray(high).reshape(()))
        if tf.as_dtype(x.dtype) == tf.float32:
            if (a, b) == (0.0, 6.0):
                return value.with_tensor(tf.nn.relu6(x))
            if a == 0.0 and b >= 3.4e38:
                return value.with_tensor(tf.nn.relu(x))
    if low is not None:
        x = tf.maximum(x, tf.cast(tf.reshape(low, []), x.dtype))
    if high is not None:
        x = tf.minimum(x, tf.cast(tf.reshape(high, []), x.dtype))
    return value.with_tensor(x)


def _cast(call: OnnxCall) -> OnnxValue:
    tf = call.tf
    value = rounded(tf, call.raw(0))
    wanted = int(call.attribute("to", 1))
    if wanted not in _TYPES:
        raise call.refused(f"type {wanted}", "numbers and bool")
    if value.is_constant and wanted == 7:
        return value.with_tensor(value.tensor.astype(np.int64))
    half = tf.float16 if wanted == 10 else tf.bfloat16 if wanted == 16 else None
    if half is not None and value.is_constant:
        return value.with_tensor(tf.cast(tf.cast(value.tensor, half), tf.float32))
    return value.with_tensor(_cast_to(tf, value.tensor, _TYPES[wanted]))


def _cast_to(tf: Any, tensor: Any, dtype: str) -> Any:
    if tf.as_dtype(tensor.dtype) == tf.as_dtype(dtype):
        return tf.identity(tensor)
    return tf.cast(tensor, dtype)


def _cast_like(call: OnnxCall) -> OnnxValue:
    value = rounded(call.tf, call.raw(0))
    return value.with_tensor(call.tf.cast(value.tensor, call.raw(1).tensor.dtype))


def _erf(tf: Any, x: Any) -> Any:
    """By a rational function and an exponential, within 1.5e-7: TensorFlow Lite has no erf."""
    t = 1.0 / (1.0 + 0.3275911 * tf.abs(x))
    sum_ = ((((1.061405429 * t - 1.453152027) * t) + 1.421413741) * t - 0.284496736) * t + 0.254829592
    return tf.sign(x) * (1.0 - sum_ * t * tf.exp(-x * x))


def _softplus(tf: Any, x: Any) -> Any:
    return tf.nn.relu(x) + tf.math.log(1.0 + tf.exp(-tf.abs(x)))


def _atan(tf: Any, x: Any) -> Any:
    return tf.math.atan2(x, tf.ones_like(x))


def _asin(tf: Any, x: Any) -> Any:
    return tf.math.atan2(x, tf.sqrt(1.0 - x * x))


def _acos(tf: Any, x: Any) -> Any:
    return tf.math.atan2(tf.sqrt(1.0 - x * x), x)


def _elu(call: OnnxCall, x: Any) -> Any:
    alpha = call.attribute("alpha", 1.0)
    return (
        call.tf.nn.elu(x)
        if alpha == 1.0
        else call.tf.nn.relu(x) + alpha * (call.tf.exp(-call.tf.nn.relu(-x)) - 1.0)
    )


def _celu(call: OnnxCall, x: Any) -> Any:
    tf, alpha = call.tf, call.attribute("alpha", 1.0)
    return tf.nn.relu(x) + alpha * (tf.exp(-tf.nn.relu(-x) / alpha) - 1.0)


def _selu(call: OnnxCall, x: Any) -> Any:
    tf = call.tf
    alpha = call.attribute("alpha", 1.67326319217681884765625)
    gamma = call.attribute("gamma", 1.05070102214813232421875)
    return gamma * (tf.nn.relu(x) + alpha * (tf.exp(-tf.nn.relu(-x)) - 1.0))


def _hard_sigmoid(call: OnnxCall, x: Any) -> Any:
    tf = call.tf
    alpha, beta = call.attribute("alpha", 0.2), call.attribute("beta", 0.5)
    if math.isclose(alpha, 1 / 6, rel_tol=1e-5) and beta == 0.5:
        return tf.nn.relu6(x + 3.0) * np.float32(1 / 6)
    return tf.minimum(tf.nn.relu(alpha * x + beta), 1.0)


def _gelu(call: OnnxCall, x: Any) -> Any:
    """Integers have it as x * sigmoid(1.702 x), as transformers do: TensorFlow Lite Micro has no GELU."""
    if call.rounds:
        return x * call.tf.sigmoid(np.float32(1.702) * x)
    return call.tf.nn.gelu(x, approximate=call.text("approximate", "none") == "tanh")


def _shrink(call: OnnxCall, x: Any) -> Any:
    tf, bias, lambd = call.tf, call.attribute("bias", 0.0), call.attribute("lambd", 0.5)
    zero = tf.zeros_like(x)
    return tf.where(x < -lambd, x + bias, tf.where(x > lambd, x - bias, zero))


def _thresholded(call: OnnxCall, x: Any) -> Any:
    return call.tf.where(x > call.attribute("alpha", 1.0), x, call.tf.zeros_like(x))


def _is_inf(call: OnnxCall, x: Any) -> Any:
    tf = call.tf
    up = (
        tf.equal(x, np.float32(np.inf)) if call.attribute("detect_positive", 1) else tf.zeros_like(x, tf.bool)
    )
    down = (
        tf.equal(x, np.float32(-np.inf))
        if call.attribute("detect_negative", 1)
        else tf.zeros_like(x, tf.bool)
    )
    return tf.logical_or(up, down)


def _dropout(call: OnnxCall) -> Built:
    if call.has(2) and bool(np.any(call.constant(2))):
        ratio = float(call.constant(1).reshape(())) if call.has(1) else 0.5
        if ratio != 0.0:
            raise call.refused("training mode", "a model exported for inference")
    value = call.raw(0)
    if len(call.node.outputs) == 1:
        return value
    return [value, OnnxValue(call.tf.ones(value.stored_shape, call.tf.bool), value.order)]


def _same(call: OnnxCall) -> OnnxValue:
    return call.raw(0)


def _shift(call: OnnxCall) -> OnnxValue:
    (a, b), order = aligned(call, [call.raw(0), call.raw(1)])
    left = call.text("direction", "LEFT") == "LEFT"
    return OnnxValue((call.tf.bitwise.left_shift if left else call.tf.bitwise.right_shift)(a, b), order)


Built = OnnxValue | list[OnnxValue]
OPERATORS: dict[str, Builder] = {
    "Identity": _same,
    "Dropout": _dropout,
    "Abs": unary(lambda tf, x: tf.abs(x)),
    "Acos": unary(_acos),
    "Acosh": unary(lambda tf, x: tf.math.log(x + tf.sqrt(x * x - 1.0))),
    "Asin": unary(_asin),
    "Asinh": unary(lambda tf, x: tf.math.log(x + tf.sqrt(x * x + 1.0))),
    "Atan": unary(_atan),
    "Atanh": unary(lambda tf, x: 0.5 * tf.math.log((1.0 + x) / (1.0 - x))),
    "Ceil": unary(lambda tf, x: tf.math.ceil(x)),
    "Celu": with_attributes(_celu),
    "Cos": unary(lambda tf, x: tf.cos(x)),
    "Cosh": unary(lambda tf, x: 0.5 * (tf.exp(x) + tf.exp(-x))),
    "Elu": with_attributes(_elu),
    "Erf": unary(_erf),
    "Exp": unary(lambda tf, x: tf.exp(x)),
    "Floor": unary(lambda tf, x: tf.floor(x)),
    "Gelu": with_attributes(_gelu),
    "HardSigmoid": with_attributes(_hard_sigmoid),
    "HardSwish": unary(lambda tf, x: x * tf.nn.relu6(x + np.float32(3)) * np.float32(1 / 6)),
    "IsInf": with_attributes(_is_inf),
    "IsNaN": unary(lambda tf, x: tf.not_equal(x, x)),
    "LeakyRelu": with_attributes(lambda call, x: call.tf.nn.leaky_relu(x, call.attribute("alpha", 0.01))),
    "Log": unary(lambda tf, x: tf.math.log(x)),
    "Mish": unary(lambda tf, x: x * tf.tanh(_softplus(tf, x))),
    "Neg": unary(lambda tf, x: tf.negative(x)),
    "Not": unary(lambda tf, x: tf.logical_not(x)),
    "Reciprocal": unary(lambda tf, x: 1.0 / x),
    "Relu": unary(lambda tf, x: tf.nn.relu(x)),
    "Round": unary(lambda tf, x: tf.round(x)),
    "Selu": with_attributes(_selu),
    "Shrink": with_attributes(_shrink),
    "Sigmoid": unary(lambda tf, x: tf.sigmoid(x)),
    "Sign": unary(lambda tf, x: tf.sign(x)),
    "Sin": unary(lambda tf, x: tf.sin(x)),
    "Sinh": unary(lambda tf, x: 0.5 * (tf.exp(x) - tf.exp(-x))),
    "Softplus": unary(_softplus),
    "Softsign": unary(lambda tf, x: x / (1.0 + tf.abs(x))),
    "Sqrt": unary(lambda tf, x: tf.sqrt(x)),
    "Swish": with_attributes(lambda call, x: x * call.tf.sigmoid(call.attribute("alpha", 1.0) * x)),
    "Tan": unary(lambda tf, x: tf.sin(x) / tf.cos(x)),
    "Tanh": unary(lambda tf, x: tf.tanh(x)),
    "ThresholdedRelu": with_attributes(_thresholded),
    "Add": _pairs(lambda tf, a, b: tf.add(a, b)),
    "Sub": _pairs(lambda tf, a, b: tf.subtract(a, b)),
    "Mul": _pairs(lambda tf, a, b: tf.multiply(a, b)),
    "Div": _pairs(_div),
    "Min": _pairs(lambda tf, a, b: tf.minimum(a, b)),
    "Max": _pairs(lambda tf, a, b: tf.maximum(a, b)),
    "Sum": _pairs(lambda tf, a, b: tf.add(a, b)),
    "Mean": _mean,
    "Mod": _mod,
    "Pow": _pow,
    "PRelu": _prelu,
    "Clip": _clip,
    "Cast": _cast,
    "CastLike": _cast_like,
    "Where": _where,
    "Equal": _logic(lambda tf, a, b: tf.equal(a, b)),
    "Greater": _logic(lambda tf, a, b: tf.greater(a, b)),
    "GreaterOrEqual": _logic(lambda tf, a, b: tf.greater_equal(a, b)),
    "Less": _logic(lambda tf, a, b: tf.less(a, b)),
    "LessOrEqual": _logic(lambda tf, a, b: tf.less_equal(a, b)),
    "And": _logic(lambda tf, a, b: tf.logical_and(a, b)),
    "Or": _logic(lambda tf, a, b: tf.logical_or(a, b)),
    "Xor": _logic(lambda tf, a, b: tf.not_equal(a, b)),
    "BitShift": _shift,
}
