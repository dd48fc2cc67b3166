"""DS-CNN: one strided convolution over time and frequency, four depthwise separable blocks, 12 keywords."""

from __future__ import annotations

from typing import Any

_CHANNELS = 64
_BLOCKS = 4
_CLASSES = 12


def layers(keras: Any) -> Any:
    """The net on 49 frames of 10 MFCCs."""
    k = keras.layers
    decay = keras.regularizers.l2(1e-4)

    def normalized(x: Any, name: str) -> Any:
        x = k.BatchNormalization(name=f"{name}_bn")(x)
        return k.ReLU(name=f"{name}_relu")(x)

    inputs = k.Input((49, 10, 1), name="mfcc")
    x = k.Conv2D(_CHANNELS, (10, 4), strides=2, padding="same", kernel_regularizer=decay, name="conv")(inputs)
    x = k.Dropout(0.2, name="conv_dropout")(normalized(x, "conv"))
    for block in range(1, _BLOCKS + 1):
        x = k.DepthwiseConv2D(3, padding="same", depthwise_regularizer=decay, name=f"depthwise{block}")(x)
        x = normalized(x, f"depthwise{block}")
        x = k.Conv2D(_CHANNELS, 1, kernel_regularizer=decay, name=f"pointwise{block}")(x)
        x = normalized(x, f"pointwise{block}")
    x = k.Dropout(0.4, name="dropout")(x)
    x = k.AveragePooling2D((25, 5), name="pool")(x)
    x = k.Flatten(name="flatten")(x)
    outputs = k.Dense(_CLASSES, activation="softmax", name="keywords")(x)
    return keras.Model(inputs, outputs, name="ds_cnn")
