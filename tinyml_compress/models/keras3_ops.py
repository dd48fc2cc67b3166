"""Operations of `keras.ops` in a functional Keras 3 model: as a tf_keras layer where there is one, else as
TensorFlow.

Layers are preferred because pruning and quantization-aware training know them; plain TensorFlow converts as
well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

from tinyml_compress.errors import UnsupportedLayer
from tinyml_compress.support import backend


@dataclass(frozen=True, eq=False)
class _Call:
    """One call of an operation."""

    keras: Any
    tf: Any
    config: Mapping[str, Any]
    args: tuple[Any, ...]
    name: str

    @property
    def x(self) -> Any:
        return self.args[0]

    def layer(self, class_name: str, *inputs: Any, **options: Any) -> Any:
        layer = getattr(self.keras.layers, class_name)(name=self.name, **options)
        return layer(*(inputs or (self.x,)))


def apply_operation(
    keras: Any, class_name: str, config: Mapping[str, Any], args: Sequence[Any], name: str
) -> Any:
    """The tf_keras tensor that the operation gives on `args`, which are tensors and plain values."""
    if class_name not in OPERATIONS:
        raise UnsupportedLayer(
            "a Keras 3 operation cannot be carried over",
            which=f"{class_name} {name}",
            allowed=", ".join(sorted(OPERATIONS)),
            next_step="replace it by a layer, or build the model with tf_keras (TF_USE_LEGACY_KERAS=1)",
        )
    return OPERATIONS[class_name](_Call(keras, backend.tensorflow(), config, tuple(args), name))


def _rank(tensor: Any) -> int:
    return len(tensor.shape)


def _arithmetic(class_name: str, function: str) -> Callable[[_Call], Any]:
    """Two tensors of one rank: the merging layer; a tensor and a number: a Rescaling where that
    is the same.
    """

    def apply(call: _Call) -> Any:
        left, right = call.args
        numbers = [value for value in call.args if isinstance(value, Real)]
        if not numbers:
            if class_name and _rank(left) == _rank(right) and left is not right:
                return call.layer(class_name, [left, right])
            return getattr(call.tf, function)(left, right)
        scaled = _rescaling(function, float(numbers[0]), number_first=isinstance(left, Real))
        if scaled is None:
            return getattr(call.tf, function)(left, right)
        scale, offset = scaled
        return call.layer("Rescaling", right if isinstance(left, Real) else left, scale=scale, offset=offset)

    return apply


def _rescaling(function: str, number: float, *, number_first: bool) -> tuple[float, float] | None:
    """Scale and offset that do what the function does with a number, if there are any."""
    if function == "add":
        return 1.0, number
    if function == "multiply":
        return number, 0.0
    if function == "subtract":
        return (-1.0, number) if number_first else (1.0, -number)
    if function == "divide" and not number_first and number != 0:
        return 1.0 / number, 0.0
    return None


def _activation(name: str) -> Callable[[_Call], Any]:
    return lambda call: call.layer("Activation", activation=name)


def _unary(path: str) -> Callable[[_Call], Any]:
    def apply(call: _Call) -> Any:
        function = call.tf
        for part in path.split("."):
            function = getattr(function, part)
        return function(call.x)

    return apply


def _reduction(function: str, pooling: str) -> Callable[[_Call], Any]:
    def apply(call: _Call) -> Any:
        axis, keepdims = call.config.get("axis"), bool(call.config.get("keepdims"))
        rank = _rank(call.x)
        wanted = axis if isinstance(axis, int) or axis is None else tuple(axis)
        axes = tuple(
            sorted(a % rank for a in ((wanted,) if isinstance(wanted, int) else wanted or range(rank)))
        )
        if pooling and (rank, axes) in ((4, (1, 2)), (3, (1,))):
            return call.layer(f"{pooling}{rank - 2}D", keepdims=keepdims)
        return getattr(call.tf, function)(call.x, axis=list(axes), keepdims=keepdims)

    return apply


def _reshape(call: _Call) -> Any:
    wanted = tuple(call.config["newshape"])
    sizes = tuple(call.x.shape[1:])
    batch_stays = wanted[0] in (-1, None) and None not in sizes and -1 not in wanted[1:]
    if batch_stays and math.prod(sizes) == math.prod(wanted[1:]):
        return call.layer("Reshape", target_shape=wanted[1:])
    return call.tf.reshape(call.x, wanted)


def _transpose(call: _Call) -> Any:
    axes = call.config.get("axes")
    if axes is not None and axes[0] == 0:
        return call.layer("Permute", dims=tuple(axes[1:]))
    return call.tf.transpose(call.x, axes)


def _other_rank(function: str) -> Callable[[_Call], Any]:
    """expand_dims and squeeze: a Reshape, when the batch is not concerned."""

    def apply(call: _Call) -> Any:
        result = getattr(call.tf, function)(call.x, axis=call.config.get("axis"))
        shape = tuple(result.shape)
        if shape[:1] == (None,) and None not in shape[1:]:
            return call.layer("Reshape", target_shape=shape[1:])
        return result

    return apply


def _clip(call: _Call) -> Any:
    low, high = call.config["x_min"], call.config["x_max"]
    if low == 0 and isinstance(high, (int, float)) and high > 0:
        return call.layer("ReLU", max_value=float(high))
    return call.tf.clip_by_value(call.x, low, high)


def _leaky_relu(call: _Call) -> Any:
    return call.layer("LeakyReLU", alpha=float(call.config["negative_slope"]))


def _gelu(call: _Call) -> Any:
    return call.tf.nn.gelu(call.x, approximate=bool(call.config.get("approximate", True)))


def _softmax(call: _Call) -> Any:
    return call.layer("Softmax", axis=call.config.get("axis", -1))


def _pad(call: _Call) -> Any:
    if call.config.get("mode", "constant") != "constant" or (
        len(call.args) > 1 and call.args[1] not in (None, 0, 0.0)
    ):
        raise UnsupportedLayer(
            "a Keras 3 padding cannot be carried over",
            which=f"Pad {call.name}",
            found=f"mode={call.config.get('mode')}",
            allowed="zeros",
        )
    widths = call.config["pad_width"]
    if isinstance(widths, int):
        widths = [(widths, widths)] * _rank(call.x)
    return call.tf.pad(call.x, [list(pair) for pair in widths])


OPERATIONS: Mapping[str, Callable[[_Call], Any]] = {
    "Absolute": _unary("abs"),
    "Add": _arithmetic("Add", "add"),
    "Clip": _clip,
    "Concatenate": lambda call: call.layer("Concatenate", list(call.x), axis=call.config.get("axis", -1)),
    "Divide": _arithmetic("", "divide"),
    "Elu": lambda call: call.layer("ELU", alpha=float(call.config.get("alpha", 1.0))),
    "Exp": _unary("exp"),
    "ExpandDims": _other_rank("expand_dims"),
    "Gelu": _gelu,
    "GetItem": lambda call: call.x[call.args[1]],
    "LeakyRelu": _leaky_relu,
    "Log": _unary("math.log"),
    "Matmul": lambda call: call.tf.matmul(*call.args),
    "Max": _reduction("reduce_max", "GlobalMaxPooling"),
    "Maximum": _arithmetic("Maximum", "maximum"),
    "Mean": _reduction("reduce_mean", "GlobalAveragePooling"),
    "Min": _reduction("reduce_min", ""),
    "Minimum": _arithmetic("Minimum", "minimum"),
    "Multiply": _arithmetic("Multiply", "multiply"),
    "Negative": lambda call: call.layer("Rescaling", scale=-1.0),
    "Pad": _pad,
    "Power": lambda call: call.tf.pow(*call.args),
    "Relu": lambda call: call.layer("ReLU"),
    "Relu6": lambda call: call.layer("ReLU", max_value=6.0),
    "Reshape": _reshape,
    "Rsqrt": _unary("math.rsqrt"),
    "Selu": _activation("selu"),
    "Sigmoid": _activation("sigmoid"),
    "Silu": _activation("swish"),
    "Softmax": _softmax,
    "Softplus": _activation("softplus"),
    "Sqrt": _unary("sqrt"),
    "Square": _unary("square"),
    "Squeeze": _other_rank("squeeze"),
    "Stack": lambda call: call.tf.stack(list(call.x), axis=call.config.get("axis", 0)),
    "Subtract": _arithmetic("Subtract", "subtract"),
    "Sum": _reduction("reduce_sum", ""),
    "Tanh": _activation("tanh"),
    "Transpose": _transpose,
    "TrueDivide": _arithmetic("", "divide"),
}
