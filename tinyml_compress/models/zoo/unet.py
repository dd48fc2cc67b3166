"""A small U-Net: the class of each pixel, by halving the picture twice and growing it again beside what it
was.
"""

from __future__ import annotations

from typing import Any

_SIDE, _WIDTHS, _CLASSES = 32, (8, 16, 32), 3


def layers(keras: Any) -> Any:
    """The net on grey pictures of 32x32: background, disc or square for each pixel."""
    k = keras.layers

    def block(x: Any, width: int, name: str, stride: int = 1) -> Any:
        x = k.Conv2D(width, 3, strides=stride, padding="same", use_bias=False, name=name)(x)
        return k.ReLU(name=f"{name}_relu")(k.BatchNormalization(name=f"{name}_norm")(x))

    inputs = k.Input((_SIDE, _SIDE, 1), name="picture")
    x, kept = block(inputs, _WIDTHS[0], "stem"), []
    for stage, width in enumerate(_WIDTHS[1:]):
        kept.append(x)
        x = block(x, width, f"down_{stage}", stride=2)
    for stage, (width, skip) in enumerate(zip(_WIDTHS[-2::-1], kept[::-1], strict=True)):
        x = k.UpSampling2D(2, interpolation="bilinear", name=f"up_{stage}_grow")(x)
        x = block(x, width, f"up_{stage}")
        x = block(k.Concatenate(name=f"up_{stage}_beside")([x, skip]), width, f"up_{stage}_mix")
    outputs = k.Conv2D(_CLASSES, 1, activation="softmax", name="classes")(x)
    return keras.Model(inputs, outputs, name="unet")
