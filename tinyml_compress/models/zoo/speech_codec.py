"""A speech net in the manner of SEANet: strided convolutions squeeze a wave, transposed ones
bring it back.
"""

from __future__ import annotations

from typing import Any

_SAMPLES, _WIDTHS, _STRIDES = 512, (8, 16, 24), (4, 4, 2)
_SLOPE = 0.125
"""Of the leaky rectifier; a power of two, where the published nets have ELU, which has no integer form."""


def layers(keras: Any) -> Any:
    """The net on 512 samples of sound; each stage has a residual pair of convolutions."""
    k = keras.layers

    def leaky(x: Any, name: str) -> Any:
        return k.LeakyReLU(_SLOPE, name=f"{name}_leaky")(x)

    def residual(x: Any, width: int, name: str) -> Any:
        y = k.Conv2D(width // 2, (3, 1), padding="same", name=f"{name}_squeeze")(leaky(x, f"{name}_in"))
        y = k.Conv2D(width, 1, name=f"{name}_widen")(leaky(y, f"{name}_mid"))
        return k.Add(name=f"{name}_add")([x, y])

    inputs = k.Input((_SAMPLES, 1, 1), name="wave")
    x = k.Conv2D(_WIDTHS[0], (7, 1), padding="same", name="stem")(inputs)
    for stage, (width, stride) in enumerate(zip(_WIDTHS, _STRIDES, strict=True)):
        x = leaky(residual(x, x.shape[-1], f"encode_{stage}"), f"encode_{stage}")
        x = k.Conv2D(
            width, (2 * stride, 1), strides=(stride, 1), padding="same", name=f"encode_{stage}_down"
        )(x)
    x = k.Conv2D(6, (3, 1), padding="same", name="code")(leaky(x, "code"))
    x = k.Conv2D(_WIDTHS[-1], (3, 1), padding="same", name="decode")(x)
    for stage, (width, stride) in enumerate(zip((*_WIDTHS[-2::-1], _WIDTHS[0]), _STRIDES[::-1], strict=True)):
        x = leaky(x, f"decode_{stage}")
        size = {"kernel_size": (2 * stride, 1), "strides": (stride, 1), "padding": "same"}
        x = k.Conv2DTranspose(width, **size, name=f"decode_{stage}_up")(x)
        x = residual(x, width, f"decode_{stage}")
    x = k.Conv2D(_WIDTHS[0], (7, 1), padding="same", name="smooth")(leaky(x, "smooth"))
    outputs = k.Conv2D(1, 1, name="out")(x)
    return keras.Model(inputs, outputs, name="speech_codec")
