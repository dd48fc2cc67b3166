"""A recurrent net for movements: strided convolutions, then a GRU over the 16 steps that they leave,
unrolled.
"""

from __future__ import annotations

from typing import Any

_STEPS, _AXES, _UNITS, _CLASSES = 64, 6, 24, 6


def layers(keras: Any) -> Any:
    """The net on 64 steps of accelerations and turning rates. Without unrolling a GRU has no integer form."""
    k = keras.layers
    inputs = k.Input((_STEPS, _AXES), name="motion")
    x = inputs
    for stage, width in enumerate((12, 16)):
        x = k.Conv1D(width, 3, strides=2, padding="same", use_bias=False, name=f"stride_{stage}")(x)
        x = k.BatchNormalization(name=f"stride_{stage}_norm")(x)
        x = k.ReLU(name=f"stride_{stage}_relu")(x)
    x = k.GRU(_UNITS, unroll=True, name="memory")(x)
    outputs = k.Dense(_CLASSES, activation="softmax", name="activities")(x)
    return keras.Model(inputs, outputs, name="activity_gru")
