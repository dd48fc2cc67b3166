"""What int8 would make of a model, worked out in float: ranges of what is stored, weights on their steps.

Quick enough to ask many times over which of several ranges or scalings moves the model's outputs least.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.support.backend import tensorflow
from tinyml_compress.techniques._grid import rounded
from tinyml_compress.techniques._layerwise import LINEAR, divergence
from tinyml_compress.techniques.graph import copy_model, output_numbers, replay, steps_of

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

_BATCH = 64
_SHARES_RANGE = {
    "Dropout", "Flatten", "Reshape", "Permute", "MaxPooling1D", "MaxPooling2D", "AveragePooling1D",
    "AveragePooling2D", "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D",
    "GlobalMaxPooling2D", "ZeroPadding1D", "ZeroPadding2D", "Cropping1D", "Cropping2D",
}  # fmt: skip


def is_rectifier(layer: Any) -> bool:
    """Whether the layer is a ReLU or ReLU6 that a converter puts into the operator before it."""
    kind = type(layer).__name__
    if kind == "ReLU":
        plain = not np.any(layer.negative_slope) and not np.any(layer.threshold)
        return bool(plain and layer.max_value in (None, 6.0))
    return kind == "Activation" and getattr(layer.activation, "__name__", "") in ("relu", "relu6")


class Simulation:
    """A model whose normalizations are folded, on some samples, as float and as int8.

    Tensors are known by the numbers of `steps_of`; `ranges` holds what each takes on the samples, as a
    conversion would find it.
    """

    def __init__(self, model: Any, inputs: Array) -> None:
        self._model, self._rounded = model, _with_rounded_weights(model)
        self._inputs = np.asarray(inputs, np.float32)
        self.steps = steps_of(model)
        self._stored = _stored(model)
        first = len(model.inputs)
        self.ranges = np.zeros((first + sum(len(step.outputs) for step in self.steps), 2))
        seen: dict[int, list[tuple[float, float]]] = {}

        def look(place: int, value: Any) -> Any:
            seen.setdefault(place, []).append((float(np.min(value)), float(np.max(value))))
            return value

        self.right = self.run(look)
        for place, pairs in seen.items():
            lows, highs = zip(*pairs, strict=True)
            self.ranges[place] = min(lows), max(highs)

    def run(self, visit: Callable[[int, Any], Any]) -> Array:
        """The float model's outputs, `visit` having seen each tensor of each batch and changed it at will."""
        starts = range(0, len(self._inputs), _BATCH)
        return np.concatenate(
            [_outputs(self._model, self._inputs[start : start + _BATCH], visit) for start in starts]
        )

    def loss(self, ranges: Floats | None = None) -> float:
        """How far int8 with these ranges (else those of the samples) moves the outputs, in per cent of their
        variance.
        """
        chosen = (self.ranges if ranges is None else ranges).astype(np.float32)
        starts = range(0, len(self._inputs), _BATCH)
        now = [np.asarray(self._int8(self._inputs[start : start + _BATCH], chosen)) for start in starts]
        return divergence(self.right, np.concatenate(now))

    def loss_of_weights(self) -> float:
        """The same with int8 weights alone, activations being exact."""
        starts = range(0, len(self._inputs), _BATCH)
        same: Callable[[int, Any], Any] = lambda place, value: value  # noqa: E731
        now = [_outputs(self._rounded, self._inputs[start : start + _BATCH], same) for start in starts]
        return divergence(self.right, np.concatenate(now))

    @property
    def _int8(self) -> Any:
        if not hasattr(self, "_compiled"):
            tf = tensorflow()

            def forward(batch: Any, ranges: Any) -> Any:
                def store(place: int, value: Any) -> Any:
                    if place not in self._stored:
                        return value
                    low, high = tf.minimum(ranges[place, 0], 0.0), tf.maximum(ranges[place, 1], 1e-6)
                    return tf.quantization.fake_quant_with_min_max_vars(value, low, high)

                return _outputs(self._rounded, batch, store, as_numbers=False)

            self._compiled = tf.function(forward, reduce_retracing=True)
        return self._compiled


def _outputs(model: Any, batch: Array, visit: Callable[[int, Any], Any], *, as_numbers: bool = True) -> Any:
    """The first output of the model, its tensors going through `visit` as they are made."""
    tf = tensorflow()
    place = len(model.inputs)
    values = [visit(0, tf.convert_to_tensor(batch))]

    def call(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        nonlocal place
        results = layer(*args, **kwargs)
        values = tf.nest.flatten(results)
        kept = [visit(place + number, value) for number, value in enumerate(values)]
        place += len(values)
        return tf.nest.pack_sequence_as(results, kept)

    result = tf.nest.flatten(replay(model, values, call))[0]
    return np.asarray(result) if as_numbers else result


def _stored(model: Any) -> frozenset[int]:
    """Tensors that get a scale of their own when the model is converted."""
    steps = steps_of(model)
    readers: dict[int, list[Any]] = {}
    for step in steps:
        for place in step.inputs:
            readers.setdefault(place, []).append(step.layer)
    stored = set(range(len(model.inputs)))
    outputs = output_numbers(model)
    for step in steps:
        kind, place = type(step.layer).__name__, step.outputs[0]
        behind = readers.get(place, [])
        is_fused = kind in (*LINEAR, "Add") and len(behind) == 1 and is_rectifier(behind[0])
        is_float = place in outputs and getattr(step.layer, "activation", None) is not None
        if kind not in _SHARES_RANGE and not is_fused and not (is_float and kind == "Activation"):
            stored.add(place)
    return frozenset(stored)


def _with_rounded_weights(model: Any) -> Any:
    copy = copy_model(model)
    for layer in copy.layers:
        if type(layer).__name__ in LINEAR:
            weights = layer.get_weights()
            kernel = weights[0]
            rows = kernel.reshape(-1, _rows(layer, kernel)).T.astype(np.float64)
            weights[0] = rounded(rows, 8).T.reshape(kernel.shape).astype(np.float32)
            layer.set_weights(weights)
    return copy


def _rows(layer: Any, kernel: Array) -> int:
    """Scales of the kernel: one per output channel."""
    is_depthwise = type(layer).__name__ == "DepthwiseConv2D"
    return int(kernel.shape[-1] * kernel.shape[-2]) if is_depthwise else int(kernel.shape[-1])
