"""Which tf_keras layer an operator of a TensorFlow graph came from: one function per operator, in the table
LAYERS.

Each takes the node and its input values (arrays where they are constant) and gives the value of its first
output. What a layer of Keras does in several operators (bias, activation) is one layer again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyml_compress.errors import UnsupportedLayer
from tinyml_compress.models.proof import Array

_ADD = ("BiasAdd", "BiasAddV1", "AddV2", "Add")
_ACTIVATIONS = {
    "Relu": "relu",
    "Relu6": "relu6",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Softmax": "softmax",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Elu": "elu",
    "Selu": "selu",
    "Exp": "exponential",
}
_OWN_LAYER = ("relu", "relu6")
"""Activations that stand behind other layers as a ReLU layer."""


@dataclass(frozen=True)
class Rows:
    """A tensor of rank 3 or more whose leading axes the graph has put into one, as products of matrices want
    it.
    """

    tensor: Any


@dataclass(frozen=True)
class Lifted:
    """A sequence that the graph has made an image of height 1, as its one-dimensional convolution
    wants it.
    """

    tensor: Any


@dataclass(frozen=True)
class Spread:
    """An image that the graph has cut into one per phase of a dilated convolution."""

    tensor: Any
    factors: tuple[int, ...]
    same: bool
    """Whether the image was padded all around."""


class GraphNode(ABC):
    """One node, and what its maker may ask about what comes after it."""

    def __init__(self, keras: Any, node: Any) -> None:
        self.keras = keras
        self.node = node
        self._taken: list[Any] = []

    @property
    def layers(self) -> Any:
        return self.keras.layers

    @abstractmethod
    def name(self, wanted: str | None = None) -> str:
        """A name for a layer that nobody has yet: the node's own layer, or the wanted one."""

    @abstractmethod
    def following(self, ops: Sequence[str]) -> Any | None:
        """The only reader of the value so far, where it is one of these operators."""

    @abstractmethod
    def constant_of(self, user: Any) -> Array | None:
        """What the reader joins with the value, where that is constant."""

    @abstractmethod
    def of_this_layer(self, user: Any) -> bool:
        """Whether the reader belongs to the same layer by its name."""

    @abstractmethod
    def includes(self, user: Any) -> None:
        """The layer does the reader's work too."""

    @abstractmethod
    def gives(self, value: Any) -> Any:
        """The value is that of the node and of every reader included."""

    @abstractmethod
    def refuse(self, what: str) -> UnsupportedLayer:
        """The error for a node that has no layer because of `what`."""

    def integers(self, name: str) -> list[int]:
        return [int(value) for value in self.node.attr[name].list.i]

    def text(self, name: str) -> str:
        return str(self.node.attr[name].s.decode())

    def with_weights(self, layer: Any, value: Any, weights: Sequence[Array]) -> Any:
        """The layer's output on the value, with these weights."""
        output = layer(value)
        layer.set_weights([np.asarray(weight, np.float32) for weight in weights])
        return output


Maker = Callable[[GraphNode, Sequence[Any]], Any]


def _rank(value: Any) -> int:
    return len(value.shape)


def _weights(here: GraphNode, value: Any, what: str = "weights") -> Array:
    if not isinstance(value, np.ndarray):
        raise here.refuse(f"{what} that are computed")
    return value


def _tensor(here: GraphNode, value: Any) -> Any:
    """An input that a layer can take."""
    if isinstance(value, (np.ndarray, Rows, Lifted, Spread)):
        raise here.refuse("a constant input" if isinstance(value, np.ndarray) else "an input of another rank")
    return value


def _channels_last(here: GraphNode) -> None:
    if here.text("data_format") not in ("NHWC", ""):
        raise here.refuse("channels first")


def _vector(value: Array | None, size: int | None) -> Array | None:
    """A constant with one number per channel, as a vector."""
    if value is None or value.size != size or value.ndim < 1 or value.shape[-1] != size:
        return None
    return value.reshape(-1)


# --- convolutions and products ------------------------------------------------------------------------------


def _bias(here: GraphNode, channels: int) -> Array | None:
    """The bias that comes next, which the layer then has."""
    user = here.following(_ADD)
    bias = None if user is None else _vector(here.constant_of(user), channels)
    if bias is not None:
        here.includes(user)
    return bias


def _activation(here: GraphNode) -> str:
    """The activation that comes next under the layer's own name."""
    user = here.following(tuple(_ACTIVATIONS))
    if user is None or not here.of_this_layer(user):
        return "linear"
    here.includes(user)
    return _ACTIVATIONS[user.op]


def _window(here: GraphNode, kernel: Array, value: Any) -> dict[str, Any]:
    """Strides, dilation and padding as layers of two dimensions take them."""
    _channels_last(here)
    strides, dilations = here.integers("strides"), here.integers("dilations") or [1, 1, 1, 1]
    padding = here.text("padding")
    if padding not in ("SAME", "VALID"):
        raise here.refuse(f"padding {padding}")
    window = {
        "kernel_size": kernel.shape[:2],
        "strides": tuple(strides[1:3]),
        "dilation_rate": tuple(dilations[1:3]),
        "padding": padding.lower(),
    }
    if isinstance(value, Spread):
        window.update(dilation_rate=value.factors, padding="same" if value.same else "valid")
    return window


def _in_one_dimension(window: dict[str, Any]) -> dict[str, Any]:
    return {key: value[1] if isinstance(value, tuple) else value for key, value in window.items()}


def _finished(here: GraphNode, value: Any, channels: int, make: Callable[..., Any], kernel: Array) -> Any:
    """The layer that `make` gives, with bias and activation where they follow."""
    name, stays_flat, bias = here.name(), False, _bias(here, channels)
    if isinstance(value, (Lifted, Spread)):
        back = here.following(("Squeeze",) if isinstance(value, Lifted) else ("BatchToSpaceND",))
        if back is not None:
            here.includes(back)
        elif isinstance(value, Lifted) and here.following(("Conv2D",)) is not None:
            stays_flat = True
        else:
            raise here.refuse("an input of another rank")
        value = value.tensor
    bias = _bias(here, channels) if bias is None else bias
    layer = make(activation=_activation(here), use_bias=bias is not None, name=name)
    output = here.with_weights(layer, _tensor(here, value), [kernel] if bias is None else [kernel, bias])
    return here.gives(Lifted(output) if stays_flat else output)


def _conv(here: GraphNode, inputs: Sequence[Any]) -> Any:
    value, kernel = inputs[0], _weights(here, inputs[1])
    source = value.tensor if isinstance(value, (Lifted, Spread)) else _tensor(here, value)
    options = {**_window(here, kernel, value), "groups": int(source.shape[-1]) // kernel.shape[2]}
    kind, filters = here.layers.Conv2D, int(kernel.shape[-1])
    if isinstance(value, Lifted):
        kind, options, kernel = here.layers.Conv1D, _in_one_dimension(options), kernel[0]
    return _finished(here, value, filters, lambda **rest: kind(filters, **options, **rest), kernel)


def _depthwise(here: GraphNode, inputs: Sequence[Any]) -> Any:
    value, kernel = inputs[0], _weights(here, inputs[1])
    options = {**_window(here, kernel, value), "depth_multiplier": int(kernel.shape[3])}
    kind, channels = here.layers.DepthwiseConv2D, int(kernel.shape[2] * kernel.shape[3])
    if isinstance(value, Lifted):
        kind, options, kernel = here.layers.DepthwiseConv1D, _in_one_dimension(options), kernel[0]
    return _finished(here, value, channels, lambda **rest: kind(**options, **rest), kernel)


def _spread(here: GraphNode, inputs: Sequence[Any]) -> Any:
    """The first of the three operators of a dilated convolution."""
    value, (factors, amounts) = (
        _tensor(here, inputs[0]),
        (_weights(here, one, "sizes") for one in inputs[1:3]),
    )
    if _rank(value) != 4 or here.following(("Conv2D", "DepthwiseConv2dNative")) is None:
        raise here.refuse(f"an input of rank {_rank(value)}")
    return Spread(value, tuple(int(factor) for factor in factors), bool(amounts[:, 0].any()))


def _transposed_conv(here: GraphNode, inputs: Sequence[Any]) -> Any:
    kernel, value = _weights(here, inputs[1]), _tensor(here, inputs[2])
    window, filters = _window(here, kernel, value), int(kernel.shape[2])
    return _finished(
        here, value, filters, lambda **rest: here.layers.Conv2DTranspose(filters, **window, **rest), kernel
    )


def _product(here: GraphNode, inputs: Sequence[Any]) -> Any:
    value, kernel = inputs[0], _weights(here, inputs[1])
    attributes = here.node.attr
    if attributes["transpose_a"].b or attributes["adj_x"].b or kernel.ndim != 2:
        raise here.refuse(f"a matrix of rank {kernel.ndim}, or its first input turned")
    return _dense(here, value, kernel.T if attributes["transpose_b"].b or attributes["adj_y"].b else kernel)


def _einsum(here: GraphNode, inputs: Sequence[Any]) -> Any:
    """Only the product over the last axis, which is a Dense layer."""
    equation = here.text("equation").replace("...", "")
    left, _, rest = equation.partition(",")
    right, _, result = rest.partition("->")
    kernel = _weights(here, inputs[1])
    if len(right) != 2 or not left or left[-1] != right[0] or result != left[:-1] + right[1]:
        raise here.refuse(f"equation {equation}")
    return _dense(here, inputs[0], kernel)


def _dense(here: GraphNode, value: Any, kernel: Array) -> Any:
    rows = isinstance(value, Rows)
    source = value.tensor if rows else _tensor(here, value)
    name, units = here.name(), int(kernel.shape[1])
    back = here.following(("Reshape",)) if rows else None
    if back is not None:
        here.includes(back)
    bias = _bias(here, units)
    layer = here.layers.Dense(units, activation=_activation(here), use_bias=bias is not None, name=name)
    output = here.with_weights(layer, source, [kernel] if bias is None else [kernel, bias])
    return here.gives(output if back is not None or not rows else Rows(output))


# --- normalization, activations, arithmetic -----------------------------------------------------------------


def _normalization(here: GraphNode, inputs: Sequence[Any]) -> Any:
    value = _tensor(here, inputs[0])
    _channels_last(here)
    if here.node.attr["is_training"].b:
        raise here.refuse("statistics of the batch, as in training")
    gamma, beta, mean, variance = (_weights(here, one) for one in inputs[1:5])
    layer = here.layers.BatchNormalization(epsilon=float(here.node.attr["epsilon"].f), name=here.name())
    return here.with_weights(layer, value, [gamma, beta, mean, variance])


def _activated(here: GraphNode, inputs: Sequence[Any]) -> Any:
    name = _ACTIVATIONS[here.node.op]
    if isinstance(inputs[0], Rows):
        return Rows(here.layers.Activation(name, name=here.name())(inputs[0].tensor))
    value = _tensor(here, inputs[0])
    if name in _OWN_LAYER:
        return here.layers.ReLU(6.0 if name == "relu6" else None, name=here.name())(value)
    return here.layers.Activation(name, name=here.name())(value)


def _leaky(here: GraphNode, inputs: Sequence[Any]) -> Any:
    alpha = float(here.node.attr["alpha"].f)
    return here.layers.LeakyReLU(alpha, name=here.name())(_tensor(here, inputs[0]))


def _times(here: GraphNode, value: Any, factor: Array, offset: Array) -> Any:
    """value * factor + offset, by what the next operator adds as well."""
    value = _tensor(here, value)
    channels = value.shape[-1]
    if not offset.any():
        offset = _offset_after(here, channels)
    if factor.size == 1 and offset.size == 1:
        layer = here.layers.Rescaling(
            float(factor.reshape(-1)[0]), float(offset.reshape(-1)[0]), name=here.name()
        )
        return here.gives(layer(value))
    gamma, beta = (_per_channel(here, one, channels) for one in (factor, offset))
    layer = here.layers.BatchNormalization(name=here.name())
    variance = np.full(channels, 1.0 - layer.epsilon)
    return here.gives(here.with_weights(layer, value, [gamma, beta, np.zeros(channels), variance]))


def _offset_after(here: GraphNode, channels: int) -> Array:
    """The constant that the next operator adds or subtracts, zero where it does not."""
    none = np.zeros(1, np.float32)
    user = here.following((*_ADD, "Sub"))
    beside = None if user is None else here.constant_of(user)
    if user is None or beside is None or (beside.size > 1 and _vector(beside, channels) is None):
        return none
    if user.op == "Sub" and user.input[0].partition(":")[0] != here.node.name:
        return none
    here.includes(user)
    return -beside if user.op == "Sub" else beside


def _per_channel(here: GraphNode, value: Array, channels: int) -> Array:
    vector = np.full(channels, value.reshape(-1)[0]) if value.size == 1 else _vector(value, channels)
    if vector is None:
        raise here.refuse("a constant that is neither one number nor one per channel")
    return vector


def _arithmetic(here: GraphNode, inputs: Sequence[Any]) -> Any:
    """Two tensors are joined by a layer; with a constant it is a scale and an offset."""
    op = {"AddV2": "Add", "BiasAdd": "Add", "BiasAddV1": "Add"}.get(here.node.op, here.node.op)
    first, second = inputs
    if isinstance(first, Rows) and isinstance(second, np.ndarray):
        return Rows(_arithmetic(here, (first.tensor, second)))
    one, none = np.ones(1, np.float32), np.zeros(1, np.float32)
    if isinstance(second, np.ndarray):
        factor, offset = {
            "Add": (one, second),
            "Sub": (one, -second),
            "Mul": (second, none),
            "RealDiv": (1 / second if op == "RealDiv" else one, none),
        }[op]
        return _times(here, first, factor, offset)
    if isinstance(first, np.ndarray):
        if op == "RealDiv":
            raise here.refuse("a constant divided by a tensor")
        factor, offset = {"Add": (one, first), "Sub": (-one, first), "Mul": (first, none)}[op]
        return _times(here, second, factor, offset)
    if op == "RealDiv":
        raise here.refuse("two tensors")
    kind = {"Add": "Add", "Sub": "Subtract", "Mul": "Multiply"}[op]
    return getattr(here.layers, kind)(name=here.name())([_tensor(here, first), _tensor(here, second)])


def _extreme(here: GraphNode, inputs: Sequence[Any]) -> Any:
    """Of two tensors; with a number, bounds as an activation has them: max(x, 0), max(min(x, most), 0)."""
    bound = next((one for one in inputs if isinstance(one, np.ndarray)), None)
    if bound is None:
        return getattr(here.layers, here.node.op)(name=here.name())(
            [_tensor(here, value) for value in inputs]
        )
    value = _tensor(here, next(one for one in inputs if one is not bound))
    most = None
    if here.node.op == "Minimum":
        most, user = float(bound.reshape(-1)[0]), here.following(("Maximum",))
        low = None if user is None else here.constant_of(user)
        if user is None or low is None or low.any() or bound.size != 1 or most <= 0.0:
            raise here.refuse("a constant that no activation has")
        here.includes(user)
    elif bound.any():
        raise here.refuse("a constant that no activation has")
    return here.gives(here.layers.ReLU(most, name=here.name())(value))


# --- pools and reductions -----------------------------------------------------------------------------------


def _pool(here: GraphNode, inputs: Sequence[Any]) -> Any:
    _channels_last(here)
    size, strides = here.integers("ksize"), here.integers("strides")
    if size[0] != 1 or size[3] != 1:
        raise here.refuse(f"a window of {size}")
    kind = {"AvgPool": "AveragePooling", "MaxPool": "MaxPooling"}[here.node.op]
    value, padding = inputs[0], here.text("padding").lower()
    if isinstance(value, Lifted):
        back = here.following(("Squeeze",))
        if back is None:
            raise here.refuse("an image of height 1")
        here.includes(back)
        layer = getattr(here.layers, f"{kind}1D")(size[2], strides[2], padding, name=here.name())
        return here.gives(layer(value.tensor))
    layer = getattr(here.layers, f"{kind}2D")(
        tuple(size[1:3]), tuple(strides[1:3]), padding, name=here.name()
    )
    return layer(_tensor(here, value))


def _reduced(here: GraphNode, inputs: Sequence[Any]) -> Any:
    value, axes = _tensor(here, inputs[0]), _weights(here, inputs[1], "axes")
    rank = _rank(value)
    chosen = sorted(int(axis) % rank for axis in axes.reshape(-1))
    if chosen != list(range(1, rank - 1)) or rank not in (3, 4):
        raise here.refuse(f"axes {chosen} of {rank}")
    kind = {"Mean": "GlobalAveragePooling", "Max": "GlobalMaxPooling"}[here.node.op]
    keep = bool(here.node.attr["keep_dims"].b)
    return getattr(here.layers, f"{kind}{rank - 2}D")(keepdims=keep, name=here.name())(value)


# --- shapes -------------------------------------------------------------------------------------------------


def _shape(here: GraphNode, inputs: Sequence[Any]) -> Any:
    """As an array: the batch is -1, as reshapes take it."""
    value = inputs[0]
    sizes = value.shape if isinstance(value, np.ndarray) else _tensor(here, value).shape
    if any(size is None for size in tuple(sizes)[1:]):
        raise here.refuse("a size that is open")
    return np.array([-1 if size is None else size for size in sizes], np.int32)


def _reshape(here: GraphNode, inputs: Sequence[Any]) -> Any:
    value, target = inputs[0], [int(size) for size in _weights(here, inputs[1], "sizes").reshape(-1)]
    if isinstance(value, Rows):
        value = value.tensor
        if len(target) == _rank(value) and target[-1] in (-1, value.shape[-1]):
            return value
    value = _tensor(here, value)
    sizes = tuple(value.shape)[1:]
    if any(size is None for size in sizes) or not target:
        raise here.refuse("a size that is open")
    total, rest = int(np.prod(sizes)), target[1:]
    if len(target) == 2 and _rank(value) > 2 and target[0] < 0 and target[1] == sizes[-1] != total:
        return Rows(value)
    if rest.count(-1) == 1:
        known = int(np.prod([size for size in rest if size != -1]))
        rest = [total // known if size == -1 else size for size in rest]
    if int(np.prod(rest)) != total:
        raise here.refuse(f"sizes {target} that take the batch apart")
    return value if tuple(rest) == sizes else here.layers.Reshape(tuple(rest), name=here.name())(value)


def _expanded(here: GraphNode, inputs: Sequence[Any]) -> Any:
    value, axis = _tensor(here, inputs[0]), int(_weights(here, inputs[1], "an axis").reshape(-1)[0])
    rank = _rank(value)
    axis %= rank + 1
    user = here.following(("Conv2D", "DepthwiseConv2dNative", "MaxPool", "AvgPool"))
    if rank == 3 and axis == 1 and user is not None:
        return Lifted(value)
    sizes = list(value.shape)
    if axis == 0:
        raise here.refuse("the batch's axis")
    return here.layers.Reshape((*sizes[1:axis], 1, *sizes[axis:]), name=here.name())(value)


def _squeezed(here: GraphNode, inputs: Sequence[Any]) -> Any:
    value = _tensor(here, inputs[0])
    rank = _rank(value)
    sizes = list(value.shape)
    axes = [axis % rank for axis in here.integers("squeeze_dims")] or [
        i for i in range(1, rank) if sizes[i] == 1
    ]
    if 0 in axes:
        raise here.refuse("the batch's axis")
    return here.layers.Reshape(tuple(sizes[i] for i in range(1, rank) if i not in axes), name=here.name())(
        value
    )


def _turned(here: GraphNode, inputs: Sequence[Any]) -> Any:
    value, order = _tensor(here, inputs[0]), [int(axis) for axis in _weights(here, inputs[1], "an order")]
    if order == list(range(len(order))):
        return value
    if order[0] != 0:
        raise here.refuse("the batch's axis")
    return here.layers.Permute(tuple(order[1:]), name=here.name())(value)


def _padded(here: GraphNode, inputs: Sequence[Any]) -> Any:
    value, amounts = _tensor(here, inputs[0]), _weights(here, inputs[1], "amounts").tolist()
    filled = float(np.asarray(inputs[2]).reshape(-1)[0]) if len(inputs) > 2 else 0.0
    if filled or any(amounts[0]) or any(amounts[-1]) or _rank(value) not in (3, 4):
        raise here.refuse(f"amounts {amounts}, value {filled:g}")
    name = here.name()
    if _rank(value) == 3:
        return here.layers.ZeroPadding1D(tuple(amounts[1]), name=name)(value)
    return here.layers.ZeroPadding2D((tuple(amounts[1]), tuple(amounts[2])), name=name)(value)


def _joined(here: GraphNode, inputs: Sequence[Any]) -> Any:
    values = [_tensor(here, value) for value in inputs[:-1]]
    axis = int(_weights(here, inputs[-1], "an axis").reshape(-1)[0]) % _rank(values[0])
    if axis == 0:
        raise here.refuse("the batch's axis")
    return values[0] if len(values) == 1 else here.layers.Concatenate(axis, name=here.name())(values)


def _resized(here: GraphNode, inputs: Sequence[Any]) -> Any:
    value, sizes = _tensor(here, inputs[0]), [int(size) for size in _weights(here, inputs[1], "sizes")]
    given = list(value.shape)[1:3]
    if any(size is None or wanted % size for size, wanted in zip(given, sizes, strict=True)):
        raise here.refuse(f"{given} to {sizes}")
    kind = {"ResizeBilinear": "bilinear", "ResizeNearestNeighbor": "nearest"}[here.node.op]
    factors = tuple(wanted // size for size, wanted in zip(given, sizes, strict=True))
    return here.layers.UpSampling2D(factors, interpolation=kind, name=here.name())(value)


def _looked_up(here: GraphNode, inputs: Sequence[Any]) -> Any:
    table, places = inputs[0], inputs[1]
    if not isinstance(table, np.ndarray) or table.ndim != 2 or (len(inputs) > 2 and int(inputs[2]) != 0):
        raise here.refuse("entries that are computed")
    layer = here.layers.Embedding(*table.shape, name=here.name())
    return here.with_weights(layer, _tensor(here, places), [table])


def _cast(here: GraphNode, inputs: Sequence[Any]) -> Any:
    """Between whole numbers, which entries of tables are named by."""
    kinds = [here.node.attr[name].type for name in ("SrcT", "DstT")]
    if not all(kind in (1, 3, 9) for kind in kinds) or (1 in kinds and kinds[0] != kinds[1]):
        raise here.refuse("another number format")
    return inputs[0]


LAYERS: Mapping[str, Maker] = {
    **dict.fromkeys(_ACTIVATIONS, _activated),
    **dict.fromkeys(("Add", "AddV2", "BiasAdd", "BiasAddV1", "Mul", "RealDiv", "Sub"), _arithmetic),
    **dict.fromkeys(("AvgPool", "MaxPool"), _pool),
    **dict.fromkeys(("BatchMatMul", "BatchMatMulV2", "BatchMatMulV3", "MatMul"), _product),
    **dict.fromkeys(("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"), _normalization),
    **dict.fromkeys(("GatherV2", "ResourceGather"), _looked_up),
    **dict.fromkeys(("Max", "Mean"), _reduced),
    **dict.fromkeys(("Maximum", "Minimum"), _extreme),
    **dict.fromkeys(("Pad", "PadV2"), _padded),
    **dict.fromkeys(("ResizeBilinear", "ResizeNearestNeighbor"), _resized),
    "Cast": _cast,
    "ConcatV2": _joined,
    "Conv2D": _conv,
    "Conv2DBackpropInput": _transposed_conv,
    "DepthwiseConv2dNative": _depthwise,
    "Einsum": _einsum,
    "ExpandDims": _expanded,
    "LeakyRelu": _leaky,
    "Reshape": _reshape,
    "Shape": _shape,
    "SpaceToBatchND": _spread,
    "Squeeze": _squeezed,
    "Transpose": _turned,
}
