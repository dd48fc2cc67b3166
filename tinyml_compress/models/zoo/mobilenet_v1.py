"""MobileNetV1 at width 0.25 for 96x96 colour images: person or not, 7.5 million multiply-accumulates."""

from __future__ import annotations

from typing import Any

_STEM = 8
# output channels and stride of each depthwise separable block: 64 to 1024 of the full net, times 0.25
_BLOCKS = ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), *[(128, 1)] * 5, (256, 2), (256, 1))


def layers(keras: Any) -> Any:
    """The net on images with values from 0 to 1."""
    k = keras.layers

    def normalized(x: Any, name: str) -> Any:
        x = k.BatchNormalization(name=f"{name}_bn")(x)
        return k.ReLU(name=f"{name}_relu")(x)

    inputs = k.Input((96, 96, 3), name="image")
    x = k.Conv2D(_STEM, 3, strides=2, padding="same", use_bias=False, name="conv")(inputs)
    x = normalized(x, "conv")
    for block, (channels, stride) in enumerate(_BLOCKS, start=1):
        x = k.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False, name=f"depthwise{block}")(x)
        x = normalized(x, f"depthwise{block}")
        x = k.Conv2D(channels, 1, use_bias=False, name=f"pointwise{block}")(x)
        x = normalized(x, f"pointwise{block}")
    x = k.AveragePooling2D(3, name="pool")(x)
    x = k.Flatten(name="flatten")(x)
    outputs = k.Dense(2, activation="softmax", name="person")(x)
    return keras.Model(inputs, outputs, name="mobilenet_v1_025")
