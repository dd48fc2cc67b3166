"""Models with parts that TFMOT refuses, each small enough to train and convert in a test."""

from __future__ import annotations

from typing import Any

from tinyml_compress.support.backend import keras2


def norm_after_relu() -> Any:
    layers = keras2().layers
    inputs = keras2().Input((6, 6, 1))
    x = layers.BatchNormalization()(layers.ReLU()(layers.Conv2D(4, 3, name="conv")(inputs)))
    x = layers.BatchNormalization()(layers.Dense(6, name="hidden")(layers.Flatten()(x)))
    return keras2().Model(inputs, layers.Dense(3, activation="softmax")(x), name="norm_after_relu")


def conv_1d() -> Any:
    layers = keras2().layers
    inputs = keras2().Input((12, 2))
    x = layers.Conv1D(4, 3, activation="relu")(inputs)
    x = layers.SeparableConv1D(6, 3, activation="relu")(x)
    x = layers.Dense(5, activation="tanh")(layers.GlobalAveragePooling1D()(x))
    return keras2().Model(inputs, layers.Dense(3, activation="softmax")(x), name="conv_1d")


def lstm() -> Any:
    layers = keras2().layers
    inputs = keras2().Input((8, 3))
    x = layers.LSTM(5)(layers.Dense(4, activation="relu")(inputs))
    return keras2().Model(inputs, layers.Dense(3, activation="softmax")(x), name="lstm")


def attention() -> Any:
    layers = keras2().layers
    inputs = keras2().Input((6, 4))
    x = layers.Dense(8)(inputs)
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 4)(x, x))
    x = layers.Dense(6, activation="relu")(layers.GlobalAveragePooling1D()(x))
    return keras2().Model(inputs, layers.Dense(3, activation="softmax")(x), name="attention")


def nested() -> Any:
    layers = keras2().layers
    body = keras2().Sequential(
        [keras2().Input((6, 6, 1)), layers.Conv2D(4, 3), layers.BatchNormalization(), layers.ReLU(6.0)],
        name="body",
    )
    inputs = keras2().Input((6, 6, 1))
    x = layers.Flatten()(layers.MaxPooling2D()(body(inputs)))
    return keras2().Model(inputs, layers.Dense(3, activation="softmax")(x), name="nested")


def prelu() -> Any:
    layers = keras2().layers
    inputs = keras2().Input((6, 6, 1))
    x = layers.PReLU(shared_axes=[1, 2])(layers.Conv2D(4, 3)(inputs))
    x = layers.LeakyReLU()(layers.DepthwiseConv2D(3, use_bias=False)(x))
    return keras2().Model(inputs, layers.Dense(3, activation="softmax")(layers.Flatten()(x)), name="prelu")


def squeeze_excite() -> Any:
    layers = keras2().layers
    inputs = keras2().Input((6, 6, 1))
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
    gate = layers.Dense(4, activation="sigmoid")(
        layers.Dense(2, activation="relu")(layers.GlobalAveragePooling2D()(x))
    )
    x = layers.Multiply()([x, layers.Reshape((1, 1, 4))(gate)])
    x = layers.Add()([x, layers.SeparableConv2D(4, 3, padding="same")(x)])
    x = layers.Concatenate()([x, layers.Activation("relu")(x)])
    return keras2().Model(
        inputs,
        layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D()(x)),
        name="squeeze_excite",
    )


ALL = (norm_after_relu, conv_1d, lstm, attention, nested, prelu, squeeze_excite)
