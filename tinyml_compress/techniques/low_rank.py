"""Low-rank factorisation: a layer becomes two thin ones, where that saves parameters.

Dense and 1x1 convolutions are split by their singular values: those of the weights or, where there are
samples, those of the outputs that the weights make of them, for what the layer never reads need not survive.
A k x k convolution becomes k x 1 into `rank` channels, then 1 x k: the two-step decomposition of a kernel
seen as a (rows x inputs) by (columns x outputs) matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from fnmatch import fnmatch
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import ConfigError, TrainingError
from tinyml_compress.results import Listing
from tinyml_compress.support.backend import keras2
from tinyml_compress.techniques._layerwise import LayerWalk
from tinyml_compress.techniques._sharing import choose_levels
from tinyml_compress.techniques._thin import matrix_of
from tinyml_compress.techniques.graph import Copier, copy_model, rebuild, steps_of
from tinyml_compress.techniques.sensitivity import Means, measured
from tinyml_compress.techniques.technique import (
    Anchor,
    Applied,
    Context,
    Dimension,
    Fidelity,
    Point,
    StageOptions,
    Technique,
    epochs,
    excluded,
    number,
    rate,
    word,
)
from tinyml_compress.techniques.training import History, Samples, Training, score

Array = npt.NDArray[Any]
Roots = Mapping[str, Array]

_SAMPLES = 512
_DAMPING = 1e-3
"""Of the mean diagonal: directions that few samples show are not thrown away for nothing."""


class RankBy(Enum):
    """How the rank of each layer is chosen."""

    ENERGY = "energy"  # the part of the squared singular values that must stay
    PARAMETERS = "parameters"  # the part of the model's parameters that may stay
    OUTPUTS = "outputs"  # the same, from the layers that the model's outputs miss least
    ERROR = "error"  # the loss of score on data that is allowed for each layer


@dataclass(frozen=True)
class RankSplit:
    """What happened to one layer."""

    layer: str
    rank: int | None
    before: int
    after: int
    why: str


@dataclass(frozen=True)
class Factored:
    """The factored model, layer by layer."""

    model: Any
    splits: tuple[RankSplit, ...]
    before: int
    after: int
    history: History


def factorise(
    model: Any,
    *,
    by: RankBy = RankBy.ENERGY,
    value: float = 0.9,
    epochs: int = 5,
    learning_rate: float = 5e-4,
    exclude: Sequence[str] = (),
    training: Training | None = None,
    inputs: Array | None = None,
) -> Factored:
    """A copy of `model` with layers split where it pays, then fine-tuned (`epochs` = 0 or no data: not).

    With `inputs`, samples without labels, the split keeps a layer's outputs near, without them its weights.
    """
    flat = copy_model(model)
    candidates = _candidates(flat, exclude)
    roots = {} if inputs is None else _roots(flat, candidates, inputs)
    ranks = _ranks(flat, candidates, by, value, training, roots, inputs)
    splits = []
    for layer, whole in candidates:
        rank = ranks.get(layer.name)
        if isinstance(whole, str):
            splits.append(RankSplit(layer.name, None, layer.count_params(), layer.count_params(), whole))
        elif rank is None or not _pays(layer, rank):
            why = f"rank {rank} would not save parameters" if rank else "needs its full rank"
            splits.append(RankSplit(layer.name, None, layer.count_params(), layer.count_params(), why))
        else:
            after = _parameters(layer, rank)
            splits.append(
                RankSplit(layer.name, rank, layer.count_params(), after, f"rank {rank} of {_full(layer)}")
            )
    chosen = {split.layer: split.rank for split in splits if split.rank is not None}
    smaller = _replace(flat, chosen, roots)
    history = History()
    if training is not None and epochs > 0 and chosen:
        history = training.fit(smaller, epochs, learning_rate)
    return Factored(smaller, tuple(splits), flat.count_params(), smaller.count_params(), history)


def _candidates(flat: Any, exclude: Sequence[str]) -> list[tuple[Any, Array | str]]:
    """Every layer with a kernel, with its matrix, or with why it has none."""
    calls: dict[int, int] = {}
    for step in steps_of(flat):
        calls[id(step.layer)] = calls.get(id(step.layer), 0) + 1
    rows: list[tuple[Any, Array | str]] = []
    for layer in flat.layers:
        kind = type(layer).__name__
        if not layer.trainable_weights or kind == "BatchNormalization":
            continue
        if any(fnmatch(layer.name, name) for name in exclude):
            rows.append((layer, "excluded by the recipe"))
        elif calls.get(id(layer), 0) > 1:
            rows.append((layer, "shared by several calls"))
        elif kind == "Dense" or (kind == "Conv2D" and layer.groups == 1 and _is_separable_geometry(layer)):
            rows.append((layer, _matrix(layer)))
        else:
            rows.append((layer, f"{kind} has no factorisation here"))
    return rows


def _is_separable_geometry(layer: Any) -> bool:
    # with dilation the two steps stay exact, but no kernel in TFLM is good at it
    return tuple(layer.dilation_rate) == (1, 1)


def _matrix(layer: Any) -> Array:
    return matrix_of(np.asarray(layer.get_weights()[0]))


def _full(layer: Any) -> int:
    return min(_matrix(layer).shape)


def _parameters(layer: Any, rank: int) -> int:
    rows, columns = _matrix(layer).shape
    bias = layer.get_weights()[1].size if layer.use_bias else 0
    return rank * (rows + columns) + bias


def _pays(layer: Any, rank: int) -> bool:
    return rank < _full(layer) and _parameters(layer, rank) < layer.count_params()


def _ranks(
    flat: Any,
    candidates: list[tuple[Any, Array | str]],
    by: RankBy,
    value: float,
    training: Training | None,
    roots: Roots,
    inputs: Array | None,
) -> dict[str, int]:
    spectra = {
        layer.name: np.linalg.svd(_weighed(whole, roots.get(layer.name)), compute_uv=False)
        for layer, whole in candidates
        if not isinstance(whole, str)
    }
    layers = {layer.name: layer for layer, _ in candidates}
    if not 0 < value < 1:
        raise ConfigError(
            "out of range", which=f"low_rank: {by.value} = {value:g}", allowed="between 0 and 1"
        )
    if by is RankBy.ENERGY:
        return {name: _rank_for(spectrum, value) for name, spectrum in spectra.items()}
    if by is RankBy.PARAMETERS:
        return _ranks_for_parameters(flat, spectra, layers, value)
    if by is RankBy.OUTPUTS:
        return _ranks_for_outputs(flat, spectra, layers, value, inputs)
    if training is None:
        raise TrainingError("rank by error needs data", next_step="give --data, or use by = 'energy'")
    return _ranks_for_error(flat, spectra, layers, value, training, roots)


def _rank_for(spectrum: Array, energy: float) -> int:
    kept = np.cumsum(spectrum**2) / max(float((spectrum**2).sum()), 1e-30)
    return int(np.searchsorted(kept, energy - 1e-9) + 1)


def _ranks_for_parameters(
    flat: Any, spectra: dict[str, Array], layers: dict[str, Any], part: float
) -> dict[str, int]:
    """One energy for all layers: the largest with which the model has at most `part` of its parameters."""
    whole = flat.count_params()
    best: dict[str, int] = {}
    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        ranks = {name: _rank_for(spectrum, middle) for name, spectrum in spectra.items()}
        saved = sum(
            layers[name].count_params() - _parameters(layers[name], rank)
            for name, rank in ranks.items()
            if _pays(layers[name], rank)
        )
        if whole - saved <= part * whole:
            low, best = middle, ranks
        else:
            high = middle
    if not best:
        raise _too_many(flat, part)
    return best


def _too_many(flat: Any, part: float) -> TrainingError:
    return TrainingError(
        "low rank cannot save that many parameters",
        which=flat.name,
        found=f"{part:.0%} wanted",
        next_step="raise value, or combine it with structured pruning",
    )


def _ranks_for_outputs(
    flat: Any, spectra: dict[str, Array], layers: dict[str, Any], part: float, inputs: Array | None
) -> dict[str, int]:
    """At most `part` of the model's parameters, ranks going where the outputs miss them least."""
    if inputs is None:
        raise TrainingError(
            "rank by outputs needs samples",
            next_step="give --data with norm = 'outputs', or by = 'parameters'",
        )
    curves = measured(flat, inputs, (Means.RANKS,), only=spectra.__contains__).curves
    steps, whole = Means.RANKS.steps, flat.count_params()
    ranks = {
        curve.layer: [max(1, round(len(spectra[curve.layer]) * (1 - gone))) for gone in steps]
        for curve in curves
    }
    sizes = {name: layers[name].count_params() for name in ranks}
    left = {
        name: [sizes[name], *(min(sizes[name], _parameters(layers[name], rank)) for rank in row)]
        for name, row in ranks.items()
    }
    harms = {curve.layer: (0.0, *curve.moved) for curve in curves}
    floor = whole - sum(sizes.values())
    levels = choose_levels(left, harms, sizes, budget=part, floor=floor, unit=1e-3, levels=steps)
    chosen = {name: ranks[name][steps.index(level)] for name, level in levels.items() if level}
    if floor + sum(min(left[name][0], _parameters(layers[name], chosen[name])) if name in chosen
                   else left[name][0] for name in left) > part * whole:  # fmt: skip
        raise _too_many(flat, part)
    return chosen


def _ranks_for_error(
    flat: Any,
    spectra: dict[str, Array],
    layers: dict[str, Any],
    allowed: float,
    training: Training,
    roots: Roots,
) -> dict[str, int]:
    """Per layer the smallest rank whose factorisation alone costs at most `allowed` of the score."""
    samples = training.validation or training.train
    few = Samples(samples.inputs[:512], None if samples.labels is None else samples.labels[:512])
    task = training.task
    start = score(flat, task, few)
    loss: Callable[[Any], float] = lambda model: task.metric.drop(start, score(model, task, few))  # noqa: E731
    ranks = {}
    for name, spectrum in spectra.items():
        low, high = 1, len(spectrum)  # smallest rank that may do, and one that does
        while low < high:
            middle = (low + high) // 2
            if not _pays(layers[name], middle) or loss(_replace(flat, {name: middle}, roots)) <= allowed:
                high = middle
            else:
                low = middle + 1
        ranks[name] = high
    return ranks


def _replace(flat: Any, ranks: dict[str, int], roots: Roots) -> Any:
    copier = Copier()

    def substitute(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if layer.name not in ranks:
            return copier(layer, args, kwargs)
        first, second = _halves(layer, ranks[layer.name], copier)
        bias = layer.get_weights()[1:]
        inner, outer = _factors(layer, ranks[layer.name], roots.get(layer.name))
        middle = first(*args)
        output = second(middle)
        first.set_weights([inner])
        second.set_weights([outer, *bias])
        return output

    return rebuild(flat, substitute)


def _halves(layer: Any, rank: int, copier: Copier) -> tuple[Any, Any]:
    kinds = keras2().layers
    names = [copier.name(f"{layer.name}_{part}") for part in ("in", "out")]
    common = {"activation": layer.activation, "use_bias": layer.use_bias}
    if type(layer).__name__ == "Dense":
        return kinds.Dense(rank, use_bias=False, name=names[0]), kinds.Dense(
            layer.units, name=names[1], **common
        )
    (rows, columns), (down, across) = layer.kernel_size, layer.strides
    if (rows, columns) == (1, 1):
        first = kinds.Conv2D(
            rank, 1, strides=layer.strides, padding=layer.padding, use_bias=False, name=names[0]
        )
        return first, kinds.Conv2D(layer.filters, 1, name=names[1], **common)
    first = kinds.Conv2D(
        rank, (rows, 1), strides=(down, 1), padding=layer.padding, use_bias=False, name=names[0]
    )
    second = kinds.Conv2D(
        layer.filters, (1, columns), strides=(1, across), padding=layer.padding, name=names[1], **common
    )
    return first, second


def _roots(flat: Any, candidates: list[tuple[Any, Array | str]], inputs: Array) -> dict[str, Array]:
    """Per layer L, where LL' is the mean of xx' over what the layer reads; of layers whose matrix reads it as
    it is.
    """
    walk = LayerWalk(flat, inputs[:_SAMPLES])
    roots = {}
    for layer, whole in candidates:
        if not isinstance(whole, str) and (
            type(layer).__name__ == "Dense" or tuple(layer.kernel_size) == (1, 1)
        ):
            (one,) = walk.maps(walk.working.get_layer(layer.name))
            size = one.inputs
            hessian = one.problem.hessian[:size, :size]
            roots[layer.name] = np.linalg.cholesky(
                hessian + _DAMPING * max(np.trace(hessian) / size, 1e-12) * np.eye(size)
            )
    return roots


def _weighed(matrix: Array, root: Array | None) -> Array:
    """The matrix whose squared norm is the layer's mean squared output."""
    return matrix if root is None else np.asarray(root.T @ matrix)


def _factors(layer: Any, rank: int, weigh: Array | None) -> tuple[Array, Array]:
    left, values, right = np.linalg.svd(_weighed(_matrix(layer), weigh), full_matrices=False)
    root = np.sqrt(values[:rank])
    inner, outer = left[:, :rank] * root, root[:, None] * right[:rank]
    if weigh is not None:
        inner = np.linalg.solve(weigh.T, inner)
    kernel = layer.get_weights()[0]
    if kernel.ndim == 2:
        return inner, outer
    rows, columns, inputs, outputs = kernel.shape
    if (rows, columns) == (1, 1):
        return inner.reshape(1, 1, inputs, rank), outer.reshape(1, 1, rank, outputs)
    return inner.reshape(rows, 1, inputs, rank), outer.reshape(rank, 1, columns, outputs).transpose(
        1, 2, 0, 3
    )


@dataclass(frozen=True)
class LowRankOptions(StageOptions):
    """Layers are split into two thin ones where that saves parameters."""

    by: str = word("energy", tuple(by.value for by in RankBy), "how ranks are chosen")
    value: float = number(
        0.9, 0.001, 0.999, "energy or part of the parameters that stays, or score that a layer may cost"
    )
    norm: str = word(
        "outputs", ("outputs", "weights"), "what the split keeps near; without samples it is the weights"
    )
    epochs: int = epochs(20)
    learning_rate: float = rate(1e-3)
    exclude: tuple[str, ...] = excluded()

    def milder(self) -> LowRankOptions | None:
        if self.by == "error":
            return replace(self, value=self.value / 2)
        return (
            replace(self, value=round(self.value + (1 - self.value) * 0.25, 4)) if self.value < 0.98 else None
        )


class LowRank(Technique[LowRankOptions]):
    """The stage `low_rank`."""

    use = "low_rank"
    options = LowRankOptions
    place = 20
    teachable = True
    dimensions = (
        Dimension(
            "low_rank",
            (1.0, 0.8, 0.6, 0.4),
            1.0,
            "parameters left in thin pairs",
            (("low_rank", 0.6),),
            trains=True,
        ),
    )
    anchors = (Anchor(100, (("low_rank", 0.6), ("level", "size"))),)

    def apply(self, options: LowRankOptions, model: Any, context: Context) -> Applied:
        done = factorise(
            model,
            by=RankBy(options.by),
            value=options.value,
            epochs=options.epochs,
            learning_rate=options.learning_rate,
            exclude=options.exclude,
            training=context.taught(model),
            inputs=context.samples.inputs
            if options.norm == "outputs" and context.samples is not None
            else None,
        )
        rows = [(row.layer, row.before, row.after, row.why) for row in done.splits]
        head = (("layer", ""), ("before", "{:,}"), ("after", "{:,}"), ("why", ""))
        return Applied(done.model, (), Listing.of(head, rows), done.history)

    def chosen(self, point: Point, fidelity: Fidelity) -> LowRankOptions | None:
        if point["low_rank"] == 1.0:
            return None
        return LowRankOptions(by="parameters", value=float(point["low_rank"]), epochs=fidelity.main)


TECHNIQUE = LowRank()
