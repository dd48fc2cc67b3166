"""Seeded weights for an untrained model: drawn by numpy, so that no version of TensorFlow changes them."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
_PROBES = 16
_SPREAD = 2.0
"""Standard deviation that the last layer's outputs shall have over different inputs."""


def fill(model: Any, seed: str, input_range: tuple[float, float]) -> None:
    """Give every layer of `model` weights that depend on `seed` and the layer's place alone.

    Kernels are drawn so that a signal keeps its power through the net. BatchNorm statistics are spread around
    what they would be after training, so that folding them into the weights changes every channel
    differently. The last layer is centred and scaled so that the outputs differ from input to input: the int8
    outputs of a net whose softmax is flat or saturated would prove nothing.
    """
    low, high = input_range
    power = ((low + high) / 2) ** 2 + ((high - low) / 6) ** 2
    weighted = [layer for layer in model.layers if layer.get_weights()]
    for index, layer in enumerate(weighted):
        rng = np.random.default_rng(_number(f"{seed}/{index}/{type(layer).__name__}"))
        shapes = [value.shape for value in layer.get_weights()]
        if type(layer).__name__ == "BatchNormalization":
            layer.set_weights(_statistics(rng, shapes[0][0], power))
            power = 0.5  # a rectified signal of unit variance
        elif type(layer).__name__ == "LayerNormalization":
            layer.set_weights(_statistics(rng, shapes[0][0], power)[:2])
        elif type(layer).__name__ == "GRU":  # its bias has two rows: for the input and for the state
            layer.set_weights(
                [_drawn(rng, shape, False) * (0.1 if shape[0] == 2 else 1.0) for shape in shapes]
            )
        else:
            depthwise = type(layer).__name__ == "DepthwiseConv2D"
            layer.set_weights([_drawn(rng, shape, depthwise) for shape in shapes])
    _centre(model, weighted[-1], _probes(seed, tuple(model.input_shape[1:]), low, high))


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")


def _drawn(rng: np.random.Generator, shape: tuple[int, ...], depthwise: bool) -> Floats:
    if len(shape) == 1:
        return (0.1 * rng.standard_normal(shape)).astype(np.float32)
    per_output = int(np.prod(shape[:2] if depthwise else shape[:-1]))
    return np.asarray(np.sqrt(2.0 / per_output) * rng.standard_normal(shape), np.float32)


def _statistics(rng: np.random.Generator, channels: int, power: float) -> list[Floats]:
    spread = 2.0 * power
    gamma = rng.uniform(0.7, 1.4, channels)
    beta = 0.2 * rng.standard_normal(channels)
    mean = 0.2 * np.sqrt(spread) * rng.standard_normal(channels)
    variance = spread * rng.uniform(0.6, 1.6, channels)
    return [value.astype(np.float32) for value in (gamma, beta, mean, variance)]


def _probes(seed: str, shape: tuple[int, ...], low: float, high: float) -> Floats:
    """Inputs that differ from one another in pattern and strength: a wave along each axis, and noise."""
    rng = np.random.default_rng(_number(f"{seed}/probes"))
    total = np.zeros((_PROBES, *shape))
    for axis, size in enumerate(shape):
        along = np.arange(size).reshape((1, size) + (1,) * (len(shape) - axis - 1))
        column = (_PROBES,) + (1,) * len(shape)
        turns, start = rng.uniform(1, 6, column), rng.uniform(0, 2 * np.pi, column)
        total += rng.uniform(0.2, 1, column) * np.sin(2 * np.pi * turns * along / max(size, 2) + start)
    total += 0.2 * rng.standard_normal(total.shape)
    return np.clip((low + high) / 2 + (high - low) * total / 5, low, high).astype(np.float32)


def _centre(model: Any, last: Any, probes: Floats) -> None:
    """Scale the last Dense, or the last convolution by pixels of their own, by a power of two, and set its
    bias.

    Both are rounded far above float noise.
    """
    kernel, _ = last.get_weights()
    features_of = type(model)(model.inputs, last.input)
    features = np.asarray(features_of(probes, training=False), dtype=np.float64)
    matrix = kernel.reshape(kernel.shape[-2:]).astype(np.float64)
    spread = float(np.std(features @ matrix, axis=0).mean())
    scaled = (kernel * 2.0 ** np.round(np.log2(_SPREAD / spread))).astype(np.float32)
    usual = np.round(features.reshape(-1, features.shape[-1]).mean(axis=0) * 64) / 64
    bias = -np.round(usual @ scaled.reshape(matrix.shape).astype(np.float64) * 16) / 16
    last.set_weights([scaled, bias.astype(np.float32)])
