"""What each layer's compression does to the model: one measurement for zeros, channels, ranks and bits.

One layer at a time is given fewer weights, channels, ranks or bits, without training, and the model's outputs
for calibration samples are compared with those of the float net. Labels are not needed. Whoever shares
something out to layers (`prune`, `allocate`, `channels`, `low_rank`, `brain_quantize`) asks here first, so
that dear layers are spared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress import results
from tinyml_compress.errors import DataError, ModelError
from tinyml_compress.support.backend import tensorflow
from tinyml_compress.techniques._layerwise import divergence
from tinyml_compress.techniques._sharing import LEVELS, choose_levels
from tinyml_compress.techniques._thin import kernel_of, matrix_of
from tinyml_compress.techniques.graph import copy_model, is_plain_graph, steps_of
from tinyml_compress.techniques.patterns import Patterns, magnitude_mask
from tinyml_compress.techniques.sparsity import prunable_weights

Array = npt.NDArray[Any]
_ANY = Patterns()
_SAMPLES = 256
_BATCH = 64
_DEAR = 4.0
"""A layer is dear that moves the outputs so many times as much per weight as the model's middle one."""


class Means(Enum):
    """What a layer is given less of."""

    ZEROS = "zeros"
    CHANNELS = "channels"
    RANKS = "ranks"
    BITS = "bits"

    @property
    def steps(self) -> tuple[float, ...]:
        """How much is tried: parts that go, or bits that stay; the mildest first."""
        return _STEPS[self]

    @property
    def form(self) -> str:
        """How a step is shown."""
        return "{:.0f} bits" if self is Means.BITS else f"{{:.0%}} {self.value} gone"


_STEPS = {
    Means.ZEROS: LEVELS,
    Means.CHANNELS: (0.125, 0.25, 0.5, 0.75),
    Means.RANKS: (0.25, 0.5, 0.75, 0.875),
    Means.BITS: (8.0, 6.0, 5.0, 4.0, 3.0, 2.0),
}
ALL = tuple(Means)


@dataclass(frozen=True)
class Curve:
    """One layer and one means: how far the outputs moved at each of its steps."""

    layer: str
    kind: str
    """The layer's class."""
    weights: int
    means: Means
    moved: tuple[float, ...]
    """Per cent of the outputs' own variance; never falling, more is never less harm."""

    def at(self, step: float) -> float:
        """At any step, between those measured by a straight line; nothing moves at nothing."""
        steps = np.asarray(self.means.steps)
        if self.means is Means.BITS:
            return float(np.interp(-step, -steps, self.moved))
        return float(np.interp(step, [0.0, *steps], [0.0, *self.moved]))

    def reach(self, harm: float) -> float:
        """How much may go, of parts that go, until the outputs have moved so far."""
        steps, moved = np.array([0.0, *self.means.steps]), np.array([0.0, *self.moved])
        beyond = int(np.searchsorted(moved, harm, side="right"))
        if beyond == len(moved):
            return float(steps[-1])
        before = beyond - 1
        way = (harm - moved[before]) / (moved[beyond] - moved[before])
        return float(steps[before] + way * (steps[beyond] - steps[before]))


@dataclass(frozen=True)
class Curves:
    """A model's curves, in the order in which its layers run."""

    curves: tuple[Curve, ...]
    samples: int
    """So many were looked at."""

    def of(self, means: Means) -> tuple[Curve, ...]:
        """Those of one means."""
        return tuple(curve for curve in self.curves if curve.means is means)

    def harms(self) -> dict[str, tuple[float, ...]]:
        """What zeros do, at none and at each of LEVELS, by layer: what `choose_levels` takes.

        Outputs that are lost move no further, so the last weights of a layer would look free: what was
        measured is divided by the part that stays. At 80% of the keyword net that is the difference between
        20% and 63% after training, at 50% it changes little.
        """
        return {
            curve.layer: (0.0, *(harm / (1 - part) for harm, part in zip(curve.moved, LEVELS, strict=True)))
            for curve in self.of(Means.ZEROS)
        }

    def shared(self, sparsity: float) -> dict[str, float]:
        """Each layer's part of zeros when `sparsity` of all their weights become zero."""
        curves = self.of(Means.ZEROS)
        weights = {curve.layer: curve.weights for curve in curves}
        prices = {name: [size * (1 - level) for level in (0.0, *LEVELS)] for name, size in weights.items()}
        return choose_levels(prices, self.harms(), weights, sparsity=sparsity, unit=1e-3)

    def dear(self, means: Means = Means.ZEROS) -> tuple[str, ...]:
        """Layers whose weights count for much more than those of the others: these are to be spared."""
        curves = self.of(means)
        if len(curves) < 3:
            return ()
        # at the middle step, per weight: a large layer may move the outputs more and still be the cheaper one
        worth = [curve.moved[len(curve.moved) // 2] / curve.weights for curve in curves]
        middle = float(np.median(worth))
        return tuple(
            curve.layer
            for curve, value in zip(curves, worth, strict=True)
            if value > _DEAR * max(middle, 1e-12)
        )

    def result(self) -> results.Sensitivity:
        """All curves, with their steps."""
        return results.Sensitivity(
            samples=self.samples,
            unit="per cent of the outputs' variance",
            steps={means.value: means.steps for means in Means if self.of(means)},
            dear=self.dear(),
            layers=tuple(
                results.LayerCurve(
                    layer=curve.layer,
                    kind=curve.kind,
                    weights=curve.weights,
                    means=curve.means.value,
                    moved=tuple(round(value, 4) for value in curve.moved),
                )
                for curve in self.curves
            ),
        )


def measured(
    model: Any,
    inputs: Array,
    means: Sequence[Means] = ALL,
    *,
    only: Callable[[str], bool] = lambda name: True,
    patterns: Patterns = _ANY,
    seed: int = 0,
    tell: Callable[[str], None] = lambda text: None,
) -> Curves:
    """Every layer with kernels that `only` accepts; `patterns` are those that its zeros will have."""
    if not len(inputs):
        raise DataError(
            "no samples to measure the layers with", next_step="give --data; labels are not needed"
        )
    if not is_plain_graph(model):
        raise ModelError(
            "its layers cannot be taken one by one",
            which=model.name,
            allowed="a Sequential or functional Keras model",
        )
    working = copy_model(model)
    chosen = np.sort(np.random.default_rng(seed).permutation(len(inputs))[:_SAMPLES])
    outputs = _Outputs(working, np.asarray(inputs, np.float32)[chosen])
    norms = _norms_behind(working)
    curves = []
    for layer in _layers(working):
        if not only(layer.name):
            continue
        for one in means:
            trials = _trials(layer, one, norms.get(layer.name), patterns)
            if trials is None:
                continue
            tell(f"{layer.name}: {one.value}")
            moved: list[float] = []
            for weights in trials:
                with _held(weights):
                    moved.append(max([outputs.moved(), *moved[-1:]]))
            size = sum(int(np.prod(weight.shape)) for weight in prunable_weights(layer))
            curves.append(Curve(layer.name, type(layer).__name__, size, one, tuple(moved)))
    return Curves(tuple(curves), len(chosen))


class _Outputs:
    """The working copy's outputs now, against those that it had at first."""

    def __init__(self, model: Any, inputs: Array) -> None:
        tf = tensorflow()
        self._inputs = inputs
        self._run = tf.function(lambda batch: tf.nest.flatten(model(batch, training=False)))
        self._right = self._now()

    def moved(self) -> float:
        pairs = zip(self._right, self._now(), strict=True)
        return float(np.mean([divergence(right, now) for right, now in pairs]))

    def _now(self) -> list[Array]:
        starts = range(0, len(self._inputs), _BATCH)
        parts = [self._run(self._inputs[start : start + _BATCH]) for start in starts]
        return [np.concatenate([np.asarray(part[place]) for part in parts]) for place in range(len(parts[0]))]


Trial = list[tuple[Any, Array]]
"""Variables, and the values that they have for once."""


@contextmanager
def _held(trial: Trial) -> Iterator[None]:
    before = [(variable, variable.numpy()) for variable, _ in trial]
    for variable, value in trial:
        variable.assign(value)
    try:
        yield
    finally:
        for variable, value in before:
            variable.assign(value)


def _layers(model: Any) -> list[Any]:
    layers = {id(step.layer): step.layer for step in steps_of(model) if prunable_weights(step.layer)}
    return list(layers.values())


def _norms_behind(model: Any) -> Mapping[str, Any]:
    """Per layer the normalization that reads its result first: a channel that is gone passes nothing on."""
    steps = steps_of(model)
    makers = {step.outputs[0]: step.layer.name for step in steps}
    return {
        makers[step.inputs[0]]: step.layer
        for step in steps
        if type(step.layer).__name__ == "BatchNormalization" and step.inputs[0] in makers
    }


def _trials(layer: Any, means: Means, norm: Any, patterns: Patterns) -> Iterator[Trial] | None:
    """One per step of the means; None where the layer has nothing of the kind."""
    kernels = prunable_weights(layer)
    if means is Means.ZEROS:
        if any(magnitude_mask(kernel.numpy(), 0.0, patterns.of(layer)) is None for kernel in kernels):
            return None
        return ([(k, _thinned(k.numpy(), part, patterns.of(layer))) for k in kernels] for part in means.steps)
    if means is Means.BITS:
        return ([(k, _rounded(k.numpy(), int(bits), layer)) for k in kernels] for bits in means.steps)
    if not _is_one_matrix(layer):
        return None
    (kernel,) = kernels
    if means is Means.RANKS:
        matrix = matrix_of(kernel.numpy())
        if min(matrix.shape) < 4:
            return None
        left, values, right = np.linalg.svd(matrix.astype(np.float64), full_matrices=False)
        return (
            [(kernel, kernel_of(_of_rank(left, values, right, part), tuple(kernel.shape)).astype(np.float32))]
            for part in means.steps
        )
    if layer.outbound_nodes == [] or kernel.shape[-1] < 4:
        return None  # outputs of the model are no channels that could go
    return (_without(layer, kernel, norm, part) for part in means.steps)


def _is_one_matrix(layer: Any) -> bool:
    return type(layer).__name__ in ("Dense", "Conv1D", "Conv2D") and len(prunable_weights(layer)) == 1


def _thinned(value: Array, part: float, pattern: Any) -> Array:
    mask = magnitude_mask(value, part, pattern)
    assert mask is not None
    return np.asarray(value * mask)


def _rounded(value: Array, bits: int, layer: Any) -> Array:
    """One scale per output channel, as the converter stores weights."""
    is_depthwise = "Depthwise" in type(layer).__name__
    axes = tuple(range(value.ndim - (2 if is_depthwise else 1)))
    most = 2 ** (bits - 1) - 1
    scale = np.maximum(np.abs(value).max(axis=axes, keepdims=True), 1e-30) / most
    return np.asarray(np.round(value / scale) * scale, np.float32)


def _of_rank(left: Array, values: Array, right: Array, gone: float) -> Array:
    kept = max(1, round(len(values) * (1 - gone)))
    return np.asarray((left[:, :kept] * values[:kept]) @ right[:kept])


def _without(layer: Any, kernel: Any, norm: Any, part: float) -> Trial:
    """The weakest output channels pass nothing on, neither their bias nor that of a normalization behind."""
    value = kernel.numpy()
    strength = np.abs(value).reshape(-1, value.shape[-1]).sum(axis=0)
    kept = np.ones(value.shape[-1], np.float32)
    kept[np.argsort(strength, kind="stable")[: round(part * len(kept))]] = 0.0
    trial = [(kernel, value * kept)]
    if layer.use_bias:
        trial.append((layer.bias, layer.bias.numpy() * kept))
    if norm is not None:
        trial += [(one, one.numpy() * kept) for one in (norm.gamma, norm.beta) if one is not None]
        trial.append((norm.moving_mean, norm.moving_mean.numpy() * kept))
    return trial
