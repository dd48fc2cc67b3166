"""Small models for the tests of techniques: every way in which channels meet."""

from __future__ import annotations

from typing import Any

from tinyml_compress.support.backend import keras2


def _conv(x: Any, filters: int, *, strides: int = 1, name: str) -> Any:
    layers = keras2().layers
    x = layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False, name=name)(x)
    return layers.ReLU(name=f"{name}_relu")(layers.BatchNormalization(name=f"{name}_norm")(x))


def plain() -> Any:
    layers = keras2().layers
    return keras2().Sequential(
        [
            keras2().Input((8, 8, 1)),
            layers.Conv2D(8, 3, padding="same", activation="relu", name="first"),
            layers.MaxPooling2D(),
            layers.Conv2D(12, 3, activation="relu", name="second"),
            layers.Flatten(),
            layers.Dense(16, activation="relu", name="hidden"),
            layers.Dense(10, activation="softmax", name="scores"),
        ],
        name="plain",
    )


def residual() -> Any:
    layers = keras2().layers
    inputs = keras2().Input((8, 8, 3))
    x = _conv(inputs, 8, name="stem")
    y = _conv(_conv(x, 8, name="a1"), 8, name="a2")
    x = layers.Add()([x, y])
    y = _conv(_conv(x, 16, strides=2, name="b1"), 16, name="b2")
    short = layers.Conv2D(16, 1, strides=2, name="short")(x)
    x = layers.Activation("relu")(layers.Add()([short, y]))
    x = layers.Flatten()(layers.AveragePooling2D(4)(x))
    return keras2().Model(inputs, layers.Dense(5, activation="softmax", name="scores")(x), name="residual")


def depthwise() -> Any:
    layers = keras2().layers
    inputs = keras2().Input((9, 9, 2))
    x = _conv(inputs, 8, strides=2, name="stem")
    x = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, use_bias=False, name="depth")(x)
    x = layers.ReLU()(layers.BatchNormalization(name="depth_norm")(x))
    x = _conv(x, 12, name="point")
    x = layers.SeparableConv2D(10, 3, padding="same", depth_multiplier=2, name="separable")(x)
    x = layers.LeakyReLU()(layers.ZeroPadding2D()(x))
    x = layers.GlobalAveragePooling2D()(x)
    return keras2().Model(inputs, layers.Dense(4, name="scores")(x), name="depthwise")


def squeeze_excite() -> Any:
    layers = keras2().layers
    inputs = keras2().Input((6, 6, 2))
    x = layers.Conv2D(8, 3, padding="same", activation="relu", name="body")(inputs)
    gate = layers.Dense(4, activation="relu", name="squeeze")(layers.GlobalAveragePooling2D()(x))
    gate = layers.Dense(8, activation="sigmoid", name="excite")(gate)
    x = layers.Multiply()([x, layers.Reshape((1, 1, 8))(gate)])
    left = layers.Conv2D(6, 1, activation="relu", name="left")(x)
    right = layers.Conv2D(4, 3, padding="same", name="right")(x)
    right = layers.PReLU(shared_axes=[1, 2], name="slope")(right)
    x = layers.Concatenate()([left, right])
    x = layers.BatchNormalization(name="after")(x)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    return keras2().Model(inputs, layers.Dense(3, name="scores")(x), name="squeeze_excite")


def nested() -> Any:
    layers = keras2().layers
    block = keras2().Sequential(
        [keras2().Input((6, 6, 8)), layers.Conv2D(8, 3, padding="same", name="conv"), layers.ReLU()],
        name="block",
    )
    inner = keras2().Input((6, 6, 8))
    wide = layers.Conv2D(12, 1, activation="relu", name="conv")(inner)
    narrow = layers.Conv2D(8, 1, name="narrow")(wide)
    bottleneck = keras2().Model(inner, layers.Add()([inner, narrow]), name="bottleneck")
    inputs = keras2().Input((6, 6, 1))
    x = layers.Conv2D(8, 3, padding="same", name="stem")(inputs)
    x = bottleneck(block(block(x)))  # `block` is shared by two calls
    x = x + layers.Conv2D(8, 1, name="skip")(inputs)
    x = layers.GlobalMaxPooling2D()(x)
    return keras2().Model(inputs, layers.Dense(3, name="scores")(x), name="nested")


def sequence() -> Any:
    layers = keras2().layers
    inputs = keras2().Input((12, 3))
    x = layers.Conv1D(8, 3, padding="same", activation="relu", name="conv")(inputs)
    x = layers.SeparableConv1D(8, 3, padding="same", name="separable")(x)
    x = layers.LSTM(6, name="memory")(x)
    return keras2().Model(inputs, layers.Dense(3, name="scores")(x), name="sequence")


def decoder() -> Any:
    layers = keras2().layers
    inputs = keras2().Input((4, 4, 2))
    x = layers.Conv2D(8, 3, padding="same", activation="relu", name="down")(inputs)
    x = layers.Conv2DTranspose(6, 3, strides=2, padding="same", activation="relu", name="up")(x)
    x = layers.Reshape((4, 4 * 4 * 6))(x)
    x = layers.TimeDistributed(layers.Dense(5))(x)
    return keras2().Model(inputs, layers.Conv1D(2, 1, name="scores")(x), name="decoder")


ALL = (plain, residual, depthwise, squeeze_excite, nested, sequence, decoder)
