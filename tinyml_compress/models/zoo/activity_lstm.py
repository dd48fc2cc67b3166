"""A recurrent net for movements: one LSTM over 64 steps of a six-axis motion sensor."""

from __future__ import annotations

from typing import Any

_STEPS, _AXES, _UNITS, _CLASSES = 64, 6, 32, 6


def layers(keras: Any) -> Any:
    """The net on 64 steps of accelerations and turning rates."""
    k = keras.layers
    inputs = k.Input((_STEPS, _AXES), name="motion")
    x = k.LSTM(_UNITS, name="memory")(inputs)
    x = k.Dense(24, activation="relu", name="hidden")(x)
    outputs = k.Dense(_CLASSES, activation="softmax", name="activities")(x)
    return keras.Model(inputs, outputs, name="activity_lstm")
