"""One Keras 3 layer in tf_keras: the same options, translated where the two versions name things differently."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tinyml_compress.errors import UnsupportedLayer

__all__ = ["SUPPORTED", "Translated", "merge_layer", "translate"]

SUPPORTED = frozenset(
    """
    Activation ActivityRegularization Add Average AveragePooling1D AveragePooling2D BatchNormalization
    Concatenate Conv1D Conv2D Conv2DTranspose Cropping1D Cropping2D Dense DepthwiseConv1D DepthwiseConv2D
    Dropout ELU Flatten GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D
    GlobalMaxPooling1D GlobalMaxPooling2D LeakyReLU MaxPooling1D MaxPooling2D Maximum Minimum Multiply Permute
    PReLU ReLU RepeatVector Rescaling Reshape SeparableConv1D SeparableConv2D Softmax SpatialDropout1D
    SpatialDropout2D Subtract UpSampling1D UpSampling2D ZeroPadding1D ZeroPadding2D
    """.split()
)
# `x + y` in a functional Keras 3 model makes an operation of these classes instead of a layer.
_MERGES = ("Add", "Subtract", "Multiply", "Maximum", "Minimum")
_SAME_ACTIVATIONS = frozenset(
    "linear relu sigmoid tanh softmax elu selu softplus softsign exponential gelu mish".split()
)
_RENAMED_ACTIVATIONS = {"silu": "swish", "swish": "swish"}
_RENAMED_OPTIONS = {("LeakyReLU", "negative_slope"): "alpha"}
# Initial values and seeds have no part in a trained model; types are those of the weights.
_DROPPED = ("dtype", "build_config", "quantization_config")


@dataclass(frozen=True, eq=False)
class Translated:
    """The tf_keras layers, in order, that do the work of one Keras 3 layer; the first one has its weights."""

    layers: tuple[Any, ...]

    def __call__(self, *arguments: Any) -> Any:
        first, *others = self.layers
        value = first(*arguments)
        for layer in others:
            value = layer(value)
        return value


def translate(keras: Any, class_name: str, config: Mapping[str, Any], name: str) -> Translated:
    """`config` of a Keras 3 layer as tf_keras layers, the first of them called `name`, without weights yet."""
    if class_name not in SUPPORTED:
        raise _unsupported(class_name, name)
    if config.get("data_format") == "channels_first":
        raise UnsupportedLayer(
            "a Keras 3 layer has its channels first",
            which=f"{class_name} {name}",
            found="data_format=channels_first",
            allowed="channels_last, as TensorFlow Lite has it",
            next_step="rebuild the model with channels_last and transposed weights",
        )
    activation = config.get("activation")
    after: tuple[Any, ...] = ()
    options = {key: value for key, value in config.items() if key not in _DROPPED and not key.endswith("_initializer")}
    if activation is not None:
        kept, after = _activation(keras, activation, class_name, name)
        if class_name == "Activation" and after:
            return Translated((_renamed(after[0], name),))
        options["activation"] = kept
    cls = getattr(keras.layers, class_name)
    accepted = _accepted(cls)
    chosen: dict[str, Any] = {"name": name}
    for key, value in options.items():
        if key == "name":
            continue
        target = _RENAMED_OPTIONS.get((class_name, key), key)
        if key.endswith(("_regularizer", "_constraint")):
            value = _rebuilt(keras, key, value, class_name, name)
        if target in accepted:
            chosen[target] = tuple(value) if isinstance(value, list) and key != "axis" else value
        elif value not in (None, False) and (key, value) != ("data_format", "channels_last"):
            raise UnsupportedLayer(
                "an option of a Keras 3 layer has no equivalent in Keras 2",
                which=f"{class_name} {name}",
                found=f"{key}={value}",
                next_step="leave that option out, or write the layer with others",
            )
    return Translated((cls(**chosen), *after))


def merge_layer(keras: Any, class_name: str, name: str) -> Any:
    """The layer that does what an arithmetic operation on two tensors does."""
    if class_name not in _MERGES:
        raise _unsupported(class_name, name, kind="operation")
    return getattr(keras.layers, class_name)(name=name)


def _unsupported(class_name: str, name: str, kind: str = "layer") -> UnsupportedLayer:
    return UnsupportedLayer(
        f"a Keras 3 {kind} cannot be carried over",
        which=f"{class_name} {name}",
        allowed=", ".join(sorted(SUPPORTED)),
        next_step="replace it, or build the model with tf_keras (TF_USE_LEGACY_KERAS=1) and save it again",
    )


def _accepted(cls: type) -> frozenset[str]:
    """Names of the options that a tf_keras layer class takes, its bases' included."""
    names = {"name", "trainable"}
    for base in cls.__mro__:
        if base.__module__.startswith("tf_keras") and base.__name__ not in ("Layer", "Module"):
            names |= set(inspect.signature(base.__init__).parameters)  # type: ignore[misc]  # read, not called
    return frozenset(names - {"self", "kwargs", "args"})


def _activation(keras: Any, value: Any, class_name: str, name: str) -> tuple[str, tuple[Any, ...]]:
    """The activation for the layer itself, and a layer to follow it where Keras 2 knows it only as a layer."""
    text = value if isinstance(value, str) else str(value.get("config", value)) if isinstance(value, dict) else "?"
    if text in _SAME_ACTIVATIONS:
        return text, ()
    if text in _RENAMED_ACTIVATIONS:
        return _RENAMED_ACTIVATIONS[text], ()
    if text == "relu6":
        return "linear", (keras.layers.ReLU(6.0, name=f"{name}_relu6"),)
    if text == "leaky_relu":
        return "linear", (keras.layers.LeakyReLU(alpha=0.2, name=f"{name}_leaky_relu"),)
    raise UnsupportedLayer(
        "the activation of a Keras 3 layer cannot be carried over",
        which=f"{class_name} {name}",
        found=text,
        allowed=", ".join(sorted({*_SAME_ACTIVATIONS, *_RENAMED_ACTIVATIONS, "relu6", "leaky_relu"})),
        next_step="use one of these; hard_sigmoid means different functions in Keras 2 and 3",
    )


def _renamed(layer: Any, name: str) -> Any:
    return type(layer).from_config({**layer.get_config(), "name": name})


def _rebuilt(keras: Any, key: str, value: Any, class_name: str, name: str) -> Any:
    """A regularizer or constraint of Keras 2 from the description of the Keras 3 one."""
    if value is None:
        return None
    room = keras.regularizers if key.endswith("_regularizer") else keras.constraints
    kind = value.get("class_name", "") if isinstance(value, dict) else str(value)
    cls = getattr(room, kind, None)
    if not inspect.isclass(cls):
        raise UnsupportedLayer(
            "a regularizer or constraint cannot be carried over",
            which=f"{class_name} {name}",
            found=f"{key}={kind}",
            next_step="leave it out: it has no part in the trained model",
        )
    return cls(**value["config"])
