"""The ToyADMOS autoencoder: 640 features through a bottleneck of 8 and back; a large error means
an anomaly.
"""

from __future__ import annotations

from typing import Any

_WIDTHS = (128, 128, 128, 128, 8, 128, 128, 128, 128)
_FEATURES = 640


def layers(keras: Any) -> Any:
    """The net on 5 frames of 128 mel bands in dB."""
    k = keras.layers
    inputs = k.Input((_FEATURES,), name="features")
    x = inputs
    for index, width in enumerate(_WIDTHS, start=1):
        x = k.Dense(width, name=f"dense{index}")(x)
        x = k.BatchNormalization(name=f"dense{index}_bn")(x)
        x = k.ReLU(name=f"dense{index}_relu")(x)
    outputs = k.Dense(_FEATURES, name="reconstruction")(x)
    return keras.Model(inputs, outputs, name="autoencoder")
