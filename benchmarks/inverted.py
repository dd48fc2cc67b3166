"""Nets of inverted residuals with seeded weights: MobileNetV2 0.35 of tf_keras for pictures of 144x144, and
the net that MCUNet found for visual wake words at 80x80, after the table of its paper (arXiv 2007.10319;
kernels, widths and expansions as msf-CNN lists them). What they cost does not depend on what they learnt.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tinyml_compress.pipeline.convert.verb import convert
from tinyml_compress.support import files
from tinyml_compress.support.cache import cached_folder, key_of

_VWW = (
    (16, 6, 2, 3),
    (16, 3, 1, 3),
    (16, 3, 1, 3),
    (24, 3, 2, 7),
    (24, 6, 1, 3),
    (24, 5, 1, 5),
    (40, 6, 2, 7),
    (40, 6, 1, 7),
    (48, 6, 1, 3),
    (48, 4, 1, 3),
    (96, 5, 2, 5),
    (96, 5, 1, 3),
    (96, 4, 1, 3),
    (160, 3, 1, 7),
)
"""Of each block behind the first: channels, expansion, stride, side of the window."""


def inverted_model(name: str) -> bytes:
    """The int8 file of `mobilenet_v2_035` or `mcunet_vww`, converted once."""

    def make(folder: Path) -> None:
        import tf_keras

        rng = np.random.default_rng(1)
        net = _mobilenet_v2(tf_keras) if name == "mobilenet_v2_035" else _mcunet_vww(tf_keras)
        for layer in net.layers:
            layer.set_weights([_seeded(rng, layer.name, values) for values in layer.get_weights()])
        net.save(folder / f"{name}.keras")
        pictures = rng.uniform(-1.0, 1.0, (8, *net.input_shape[1:])).astype(np.float32)
        np.save(folder / "pictures.npy", pictures)
        done = convert(folder / f"{name}.keras", folder / "pictures.npy", output=folder / "int8")
        files.write_bytes(folder / "model.tflite", files.read_bytes(done.path))

    key = key_of(name, files.read_bytes(Path(__file__)))
    return (cached_folder("zoo", key, make) / "model.tflite").read_bytes()


def _seeded(rng: np.random.Generator, layer: str, values: Any) -> Any:
    """Weights of about one's variance behind them; biases and statistics as they are."""
    if values.ndim < 2:
        return values
    reached = np.prod(values.shape[:2] if "depthwise" in layer else values.shape[:-1])
    return rng.normal(0.0, np.sqrt(2.0 / reached), values.shape).astype(np.float32)


def _mobilenet_v2(keras: Any) -> Any:
    make = keras.applications.MobileNetV2
    return make(input_shape=(144, 144, 3), alpha=0.35, weights=None, classes=2, classifier_activation=None)


def _mcunet_vww(keras: Any) -> Any:
    k = keras.layers

    def normal(x: Any, clipped: bool = True) -> Any:
        x = k.BatchNormalization()(x)
        return k.ReLU(6.0)(x) if clipped else x

    def narrow(x: Any, channels: int, stride: int, side: int, number: int) -> Any:
        name = f"depthwise_{number}"
        y = normal(k.DepthwiseConv2D(side, stride, padding="same", use_bias=False, name=name)(x))
        return normal(k.Conv2D(channels, 1, use_bias=False, name=f"project_{number}")(y), clipped=False)

    inputs = k.Input((80, 80, 3))
    x = normal(k.Conv2D(16, 3, 2, padding="same", use_bias=False)(inputs))
    x = narrow(x, 8, 1, 3, 0)
    for number, (channels, expansion, stride, side) in enumerate(_VWW, 1):
        y = normal(k.Conv2D(x.shape[-1] * expansion, 1, use_bias=False, name=f"expand_{number}")(x))
        y = narrow(y, channels, stride, side, number)
        x = k.Add()([x, y]) if stride == 1 and x.shape[-1] == channels else y
    outputs = k.Dense(2)(k.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, outputs)
