"""Streaming wake-word net: separable convolutions along time, each longer than the last, until one frame is
left.
"""

from __future__ import annotations

from typing import Any

# time steps of the depthwise kernel, output channels
_BLOCKS = ((3, 128), (5, 64), (10, 64), (15, 32))


def layers(keras: Any) -> Any:
    """The net on 30 frames of 40 mel bands; wake word, unknown word, or silence, as logits."""
    k = keras.layers
    inputs = k.Input((30, 1, 40), name="frames")
    x = inputs
    for block, (steps, channels) in enumerate(_BLOCKS, start=1):
        x = k.DepthwiseConv2D((steps, 1), use_bias=False, name=f"depthwise{block}")(x)
        x = k.Conv2D(channels, 1, use_bias=False, name=f"pointwise{block}")(x)
        x = k.BatchNormalization(name=f"pointwise{block}_bn")(x)
        x = k.ReLU(name=f"pointwise{block}_relu")(x)
        x = k.Dropout(0.2, name=f"dropout{block}")(x)
    x = k.Flatten(name="flatten")(x)
    outputs = k.Dense(3, name="words")(x)
    return keras.Model(inputs, outputs, name="wake_word")
