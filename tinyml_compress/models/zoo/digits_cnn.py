"""A CNN of 38 thousand parameters for 8x8 digits: small enough to train while one waits."""

from __future__ import annotations

from typing import Any


def layers(keras: Any) -> Any:
    """The net on images with values from 0 to 1."""
    k = keras.layers
    inputs = k.Input((8, 8, 1), name="image")
    x = inputs
    for index, channels in enumerate((16, 32), start=1):
        x = k.Conv2D(channels, 3, padding="same", use_bias=False, name=f"conv{index}")(x)
        x = k.BatchNormalization(name=f"conv{index}_bn")(x)
        x = k.ReLU(name=f"conv{index}_relu")(x)
    x = k.MaxPooling2D(2, name="pool")(x)
    x = k.Flatten(name="flatten")(x)
    x = k.Dense(64, activation="relu", name="hidden")(x)
    x = k.Dropout(0.2, name="dropout")(x)
    outputs = k.Dense(10, activation="softmax", name="digits")(x)
    return keras.Model(inputs, outputs, name="digits_cnn")
