"""One Keras 3 layer in tf_keras: the same options, translated where the two versions name things
differently.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tinyml_compress.errors import UnsupportedLayer

SUPPORTED = frozenset(
    """
    Activation ActivityRegularization Add Average AveragePooling1D AveragePooling2D BatchNormalization
    Bidirectional CenterCrop Concatenate Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D Cropping1D
    Cropping2D Dense DepthwiseConv1D DepthwiseConv2D Dropout ELU Embedding Flatten GRU GaussianDropout
    GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D GlobalMaxPooling1D GlobalMaxPooling2D
    GroupNormalization LSTM LayerNormalization LeakyReLU Masking MaxPooling1D MaxPooling2D Maximum Minimum
    MultiHeadAttention Multiply Normalization PReLU Permute ReLU RepeatVector Rescaling Reshape Resizing
    SeparableConv1D SeparableConv2D SimpleRNN Softmax SpatialDropout1D SpatialDropout2D Subtract
    TimeDistributed UnitNormalization UpSampling1D UpSampling2D ZeroPadding1D ZeroPadding2D
    """.split()
)
# They change inputs in training only; a model on a device has no use for them.
_TRAINING_ONLY = frozenset(
    """
    RandomBrightness RandomColorDegeneration RandomColorJitter RandomContrast RandomErasing RandomFlip
    RandomGaussianBlur RandomGrayscale RandomHue RandomPosterization RandomRotation RandomSaturation
    RandomSharpness RandomShear RandomTranslation RandomZoom
    """.split()
)
# Options that Keras 2 lacks, with the values that mean what Keras 2 does anyway.
_HARMLESS = (("data_format", "channels_last"), ("fill_mode", "constant"), ("fill_value", 0.0))
_RECURRENT = ("GRU", "LSTM", "SimpleRNN")
_WRAPPERS = ("Bidirectional", "TimeDistributed")
_SAME_ACTIVATIONS = frozenset(
    "linear relu sigmoid tanh softmax elu selu softplus softsign exponential gelu mish".split()
)
_RENAMED_ACTIVATIONS = {"silu": "swish", "swish": "swish"}
_RENAMED_OPTIONS = {("LeakyReLU", "negative_slope"): "alpha"}
# Initial values and seeds have no part in a trained model; types are those of the weights.
_DROPPED = (
    "dtype",
    "build_config",
    "quantization_config",
    "seed",
    "use_cudnn",
    "zero_output_for_mask",
    "query_shape",
)


@dataclass(frozen=True, eq=False)
class Translated:
    """The tf_keras layers, in order, that do the work of one Keras 3 layer; the first one has its weights."""

    layers: tuple[Any, ...]

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        first, *others = self.layers
        value = first(*arguments, **named)
        for layer in others:
            value = layer(value)
        return value


def translate(keras: Any, class_name: str, config: Mapping[str, Any], name: str) -> Translated:
    """`config` of a Keras 3 layer as tf_keras layers, the first of them called `name`, without
    weights yet.
    """
    if class_name in _TRAINING_ONLY:
        return Translated((keras.layers.Activation("linear", name=name),))
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
    options = {
        key: value
        for key, value in config.items()
        if key not in _DROPPED and not key.endswith("_initializer")
    }
    if class_name in _RECURRENT:
        options.update(_recurrent_options(keras, options, class_name, name))
    elif class_name in _WRAPPERS:
        options.update(_inner_layers(keras, options, class_name, name))
    elif activation is not None:
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
        elif value not in (None, False) and (key, value) not in _HARMLESS:
            raise UnsupportedLayer(
                "an option of a Keras 3 layer has no equivalent in Keras 2",
                which=f"{class_name} {name}",
                found=f"{key}={value}",
                next_step="leave that option out, or write the layer with others",
            )
    return Translated((cls(**chosen), *after))


def _unsupported(class_name: str, name: str) -> UnsupportedLayer:
    return UnsupportedLayer(
        "a Keras 3 layer cannot be carried over",
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
    """The activation for the layer itself, and a layer to follow it where Keras 2 knows it only
    as a layer.
    """
    text = (
        value
        if isinstance(value, str)
        else str(value.get("config", value))
        if isinstance(value, dict)
        else "?"
    )
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


def _recurrent_options(keras: Any, options: Mapping[str, Any], class_name: str, name: str) -> dict[str, Any]:
    """Activations inside the recurrence, where no layer can follow; and the loop that the
    converter can take.
    """
    changed: dict[str, Any] = {}
    for key in ("activation", "recurrent_activation"):
        if key in options:
            changed[key], after = _activation(keras, options[key], class_name, name)
            if after:
                raise UnsupportedLayer(
                    "the activation of a recurrent Keras 3 layer cannot be carried over",
                    which=f"{class_name} {name}",
                    found=f"{key}={options[key]}",
                    allowed=", ".join(sorted({*_SAME_ACTIVATIONS, *_RENAMED_ACTIVATIONS})),
                )
    if class_name != "LSTM":
        # The converter has an operator for LSTM only, and crashes on the others' loops in int8.
        changed["unroll"] = True
    return changed


def _inner_layers(keras: Any, options: Mapping[str, Any], class_name: str, name: str) -> dict[str, Any]:
    """The layers that a wrapper wraps, each of them one layer of Keras 2."""
    changed: dict[str, Any] = {}
    for key in ("layer", "backward_layer"):
        inner = options.get(key)
        if inner is None:
            continue
        layers = translate(keras, inner["class_name"], inner["config"], inner["config"]["name"]).layers
        if len(layers) != 1:
            raise UnsupportedLayer(
                "the activation of a wrapped Keras 3 layer cannot be carried over",
                which=f"{class_name} {name}",
                found=inner["config"].get("activation"),
                next_step="make the activation a layer of its own",
            )
        changed[key] = layers[0]
    return changed


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
