"""A model's linear maps, one after the other, each with the error that new weights would make at its outputs.

The inputs of a map are those of the model as compressed so far, its targets the outputs that the uncompressed
model gave: each layer then makes up for what the layers before it lost. Labels are not needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import UnsupportedLayer
from tinyml_compress.support.backend import keras2, tensorflow
from tinyml_compress.techniques import _recurrent
from tinyml_compress.techniques._prepare import split_separable
from tinyml_compress.techniques._second_order import Quadratic
from tinyml_compress.techniques.graph import copy_model, steps_of
from tinyml_compress.techniques.technique import matching

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

_POSITIONS = 60_000
"""So many windows of a convolution are looked at; more would not change the Hessian, only take time."""
_BATCH = 64
LINEAR = ("Dense", "Conv1D", "Conv2D", "DepthwiseConv2D")
"""Layers of one matrix, or one per group."""


@dataclass(frozen=True, eq=False)
class LinearMap:
    """One matrix of one layer: rows are outputs, columns are inputs, by taps and channels."""

    weights: Floats
    """As they are in the working copy."""
    problem: Quadratic
    scale: Floats
    """How strongly the normalization behind the layer passes on each row's error."""
    channels: int
    """Neighbouring inputs of one tap."""
    has_bias: bool
    """Whether there is one more column, for a bias: the layer's own, or the normalization behind it."""

    @property
    def inputs(self) -> int:
        """Columns without the bias."""
        return self.weights.shape[1] - self.has_bias


class LayerWalk:
    """The maps of a working copy of a model; `put` stores a layer's new weights before the next layer is
    asked for.
    """

    def __init__(self, model: Any, inputs: Array, seed: int = 0, *, recurrent: bool = False) -> None:
        """With `recurrent`, the maps inside recurrent layers are walked too."""
        self._recurrent = recurrent
        whole = split_separable(copy_model(model))
        self.reference, self.working = copy_model(whole), copy_model(whole)
        self._inputs, self._seed = np.asarray(inputs, np.float32), seed
        self._norms = _norms_behind(self.working)
        self._runs: dict[int, Any] = {}

    def layers(self) -> tuple[Any, ...]:
        """The working copy's layers that have maps, in the order in which they run."""
        names = dict.fromkeys(
            step.layer.name for step in steps_of(self.working) if self._is_known(step.layer)
        )
        return tuple(self.working.get_layer(name) for name in names)

    def chosen(self, exclude: Iterable[str], verb: str) -> tuple[Any, ...]:
        """Those of the layers that a stage may change; UnsupportedLayer where the model has none at all."""
        layers = self.layers()
        if not layers:
            raise UnsupportedLayer(
                f"no layer of this model has weights that can be {verb} together",
                which=self.working.name,
                found=", ".join(sorted({type(layer).__name__ for layer in self.working.layers})),
                allowed="dense layers and convolutions",
                next_step="leave the stage out",
            )
        spared = matching(exclude, [layer.name for layer in layers])
        return tuple(layer for layer in layers if layer.name not in spared)

    def _is_known(self, layer: Any) -> bool:
        return _is_linear(layer) or (self._recurrent and _recurrent.is_recurrent(layer))

    def maps(self, layer: Any) -> tuple[LinearMap, ...]:
        """One per group of the layer; several calls of a shared layer count together."""
        twin = self.reference.get_layer(layer.name)
        biased = self._has_bias(layer)
        right = _matrices(twin, True)
        sums = [_Sums(matrix.shape) for matrix in right]
        chosen = np.random.default_rng(self._seed)
        for mine, theirs in zip(
            self._read(self.working, layer), self._read(self.reference, twin), strict=True
        ):
            places: Array | None = None
            ours, others = _windows(layer, mine), _windows(layer, theirs)
            most = max(1, _POSITIONS * _BATCH // len(self._inputs))
            if len(ours[0]) > most:
                places = np.sort(chosen.permutation(len(ours[0]))[:most])
            for total, window, other, matrix in zip(sums, ours, others, right, strict=True):
                kept = slice(None) if places is None else places
                total.add(window[kept], other[kept] @ matrix.T)
        scales = np.split(self._scale(layer), len(right))
        return tuple(
            LinearMap(matrix, total.quadratic(biased), scale, channels, biased)
            for matrix, total, scale, channels in zip(
                _matrices(layer, biased), sums, scales, _channels(layer, len(right)), strict=True
            )
        )

    def put(self, layer: Any, matrices: Sequence[Floats]) -> None:
        """Store the layer's new weights; the bias goes into the normalization behind where the layer has
        none.
        """
        weights = layer.get_weights()
        biased = self._has_bias(layer)
        kernels = [matrix[:, :-1] for matrix in matrices] if biased else matrices
        if not _is_linear(layer):
            layer.set_weights(_recurrent.stored(layer, kernels, [matrix[:, -1] for matrix in matrices]))
            return
        weights[0] = _kernel_of(weights[0].shape, type(layer).__name__, kernels).astype(np.float32)
        bias = np.concatenate([matrix[:, -1] for matrix in matrices]).astype(np.float32)
        if layer.use_bias:
            weights[1] = bias
        layer.set_weights(weights)
        norm = self._norms.get(layer.name)
        if not layer.use_bias and norm is not None:
            norm.moving_mean.assign(norm.moving_mean - bias)

    @contextmanager
    def tried(self, layer: Any, matrices: Sequence[Floats]) -> Iterator[None]:
        """While it lasts, the layer has these weights."""
        held = [layer, *filter(None, [self._norms.get(layer.name)])]
        before = [one.get_weights() for one in held]
        self.put(layer, matrices)
        try:
            yield
        finally:
            for one, weights in zip(held, before, strict=True):
                one.set_weights(weights)

    def outputs(self, model: Any) -> Array:
        """Of the reference or the working copy, for all samples."""
        if id(model) not in self._runs:  # traced once: new weights need no new graph
            self._runs[id(model)] = tensorflow().function(lambda batch: model(batch, training=False))
        run, starts = self._runs[id(model)], range(0, len(self._inputs), _BATCH)
        return np.concatenate([np.asarray(run(self._inputs[start : start + _BATCH])) for start in starts])

    def _read(self, model: Any, layer: Any) -> Iterator[Any]:
        """What the layer reads, batch by batch, call by call."""
        tf = tensorflow()
        probe = keras2().Model(model.inputs, [node.input_tensors for node in layer.inbound_nodes])
        run = tf.function(lambda batch: probe(batch, training=False))
        for start in range(0, len(self._inputs), _BATCH):
            yield from tf.nest.flatten(run(self._inputs[start : start + _BATCH]))

    def _has_bias(self, layer: Any) -> bool:
        return bool(layer.use_bias) or layer.name in self._norms

    def _scale(self, layer: Any) -> Floats:
        norm = self._norms.get(layer.name)
        outputs = sum(len(matrix) for matrix in _matrices(layer, False))
        if norm is None:
            return np.ones(outputs)
        gamma = np.ones(outputs) if norm.gamma is None else norm.gamma.numpy().astype(np.float64)
        return np.asarray(gamma**2 / (norm.moving_variance.numpy() + norm.epsilon))


class _Sums:
    def __init__(self, shape: tuple[int, ...]) -> None:
        rows, inputs = shape
        self._hessian, self._cross = np.zeros((inputs, inputs)), np.zeros((rows, inputs))
        self._energy, self._count = np.zeros(rows), 0

    def add(self, windows: Floats, targets: Floats) -> None:
        self._hessian += windows.T @ windows
        self._cross += targets.T @ windows
        self._energy += (targets**2).sum(axis=0)
        self._count += len(windows)

    def quadratic(self, biased: bool) -> Quadratic:
        """The mean; without a place for a bias, of the other columns alone."""
        last = None if biased else -1
        hessian, cross = self._hessian[:last, :last], self._cross[:, :last]
        return Quadratic(hessian / self._count, cross / self._count, self._energy / self._count)


def divergence(right: Array, now: Array) -> float:
    """How far outputs have moved: per cent of their own variance."""
    spread = float(np.var(right, axis=0).mean())
    return 100.0 * float(np.mean((right - now) ** 2)) / max(spread, 1e-12)


def _is_linear(layer: Any) -> bool:
    return type(layer).__name__ in LINEAR


def _norms_behind(model: Any) -> dict[str, Any]:
    """Per layer the batch normalization that alone reads its result."""
    readers: dict[int, list[Any]] = {}
    steps = steps_of(model)
    for step in steps:
        for place in step.inputs:
            readers.setdefault(place, []).append(step.layer)
    norms = {}
    for step in steps:
        behind = readers.get(step.outputs[0], [])
        is_alone = len(behind) == 1 and type(behind[0]).__name__ == "BatchNormalization"
        if is_alone and _is_linear(step.layer) and getattr(step.layer.activation, "__name__", "") == "linear":
            norms[step.layer.name] = behind[0]
    return norms


def _windows(layer: Any, values: Any) -> list[Floats]:
    """Per group the inputs of every output position, (positions, inputs + 1); the last is the one that a bias
    sees.
    """
    kind = type(layer).__name__
    if not _is_linear(layer):
        return _recurrent.windows(layer, values)
    if kind == "Dense":
        groups = [np.asarray(values, np.float64).reshape(-1, values.shape[-1])]
    else:
        taps = _patches(layer, values)
        if kind == "DepthwiseConv2D":
            groups = list(np.moveaxis(taps, 2, 0))
        else:
            groups = [part.reshape(len(part), -1) for part in np.split(taps, layer.groups, axis=2)]
    return [np.concatenate([group, np.ones((len(group), 1))], axis=1) for group in groups]


def _patches(layer: Any, values: Any) -> Floats:
    """(positions, taps, channels)."""
    tf = tensorflow()
    size, strides, dilation = layer.kernel_size, layer.strides, layer.dilation_rate
    if len(size) == 1:
        if layer.padding == "causal":
            values = tf.pad(values, [[0, 0], [(size[0] - 1) * dilation[0], 0], [0, 0]])
        values, size, strides, dilation = values[:, None], (1, *size), (1, *strides), (1, *dilation)
    padding = "SAME" if layer.padding == "same" else "VALID"
    taken = tf.image.extract_patches(values, (1, *size, 1), (1, *strides, 1), (1, *dilation, 1), padding)
    return np.asarray(taken, np.float64).reshape(-1, size[0] * size[1], values.shape[-1])


def _matrices(layer: Any, biased: bool) -> list[Floats]:
    """Per group (outputs, inputs), and a column for the bias; it holds nothing where the layer has none of
    its own.
    """
    if not _is_linear(layer):
        return _recurrent.matrices(layer, biased)
    kernel = layer.get_weights()[0].astype(np.float64)
    if type(layer).__name__ == "DepthwiseConv2D":
        rows, columns, channels, multiplier = kernel.shape
        parts = list(kernel.reshape(rows * columns, channels, multiplier).transpose(1, 2, 0))
    else:
        parts = np.split(kernel.reshape(-1, kernel.shape[-1]).T, getattr(layer, "groups", 1))
    if not biased:
        return parts
    outputs = sum(len(part) for part in parts)
    bias = layer.get_weights()[1].astype(np.float64) if layer.use_bias else np.zeros(outputs)
    pairs = zip(parts, np.split(bias, len(parts)), strict=True)
    return [np.concatenate([part, own[:, None]], axis=1) for part, own in pairs]


def _channels(layer: Any, count: int) -> list[int]:
    """Per map the neighbouring inputs of one tap."""
    if not _is_linear(layer):
        return _recurrent.channels(layer)
    is_depthwise = type(layer).__name__ == "DepthwiseConv2D"
    return [1 if is_depthwise else int(layer.get_weights()[0].shape[-2])] * count


def _kernel_of(shape: tuple[int, ...], kind: str, parts: Sequence[Floats]) -> Floats:
    if kind == "DepthwiseConv2D":
        return np.asarray(np.stack(parts).transpose(2, 0, 1).reshape(shape))
    return np.asarray(np.concatenate(parts).T.reshape(shape))
