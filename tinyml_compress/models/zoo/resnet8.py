"""ResNet-8 for 32x32 colour images: three residual stacks of one block each, 10 classes."""

from __future__ import annotations

from typing import Any

_STACKS = ((16, 1), (32, 2), (64, 2))


def layers(keras: Any) -> Any:
    """The net on images with values from 0 to 255."""
    k = keras.layers

    def conv(x: Any, channels: int, size: int, stride: int, name: str) -> Any:
        decay = keras.regularizers.l2(1e-4)
        return k.Conv2D(channels, size, stride, padding="same", kernel_regularizer=decay, name=name)(x)

    def normalized(x: Any, name: str) -> Any:
        return k.BatchNormalization(name=f"{name}_bn")(x)

    inputs = k.Input((32, 32, 3), name="image")
    x = k.ReLU(name="stem_relu")(normalized(conv(inputs, 16, 3, 1, "stem"), "stem"))
    for stack, (channels, stride) in enumerate(_STACKS, start=1):
        y = normalized(conv(x, channels, 3, stride, f"stack{stack}_a"), f"stack{stack}_a")
        y = k.ReLU(name=f"stack{stack}_a_relu")(y)
        y = normalized(conv(y, channels, 3, 1, f"stack{stack}_b"), f"stack{stack}_b")
        if stride != 1:
            x = conv(x, channels, 1, stride, f"stack{stack}_shortcut")
        x = k.Add(name=f"stack{stack}_add")([x, y])
        x = k.ReLU(name=f"stack{stack}_relu")(x)
    x = k.AveragePooling2D(8, name="pool")(x)
    x = k.Flatten(name="flatten")(x)
    outputs = k.Dense(10, activation="softmax", name="classes")(x)
    return keras.Model(inputs, outputs, name="resnet8")
