"""Before a recipe runs: are there enough samples for it, and are they of the kind that is scored?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.data import DataSet
from tinyml_compress.techniques.recipe import Recipe
from tinyml_compress.techniques.sparsity import prunable_weights

Array = npt.NDArray[Any]
_PER_SAMPLE = 40
"""Trained parameters for each sample, beyond which fine-tuning fell behind what needs no training: keywords
(320 utterances, 75 parameters each) did, the shipped digits (1,400, 27 each) do not."""
_CALIBRATION = 32
"""With fewer samples the ranges of activations move with every sample."""
_APART = 0.75
"""Two sets are of another kind when a threshold on one figure tells so much of them apart."""
_FEW = 8
_LOOKED_AT = 256


def sample_warnings(
    recipe: Recipe, model: Any, train: DataSet | None, tests: DataSet | None
) -> tuple[str, ...]:
    """One sentence each, with the figures and what works instead."""
    if train is None:
        return ()
    return (*_too_few(recipe, model, train), *_of_another_kind(model, train, tests))


def _too_few(recipe: Recipe, model: Any, train: DataSet) -> Iterator[str]:
    parameters = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    stages = [stage.name for stage in recipe.stages if stage.options.trains]
    wanted = -(-parameters // _PER_SAMPLE)
    if stages and train.count < wanted:
        yield (
            f"{train.count:,} samples are few to train {parameters:,} parameters ({', '.join(stages)}); "
            f"about {wanted:,} would do. What needs no training works with few: optimal_brain "
            "(recipe brain60-int8), ptq-int8"
        )
    solving = [stage.name for stage in recipe.stages if stage.options.solves]
    layer, unknowns, places = _widest(model)
    needed = -(-unknowns // places)
    if solving and train.count < needed:
        yield (
            f"{train.count:,} samples are few to re-solve weights ({', '.join(solving)}): {layer} has "
            f"{unknowns:,} inputs per output, and a sample has {places:,} place{'s' * (places > 1)} to "
            f"learn from; about {needed:,} would do, and need no labels. With fewer, ptq-int8 loses less"
        )
    elif not stages and train.count < _CALIBRATION:
        yield (
            f"{train.count:,} calibration samples: ranges of activations need {_CALIBRATION} or more; give "
            "more, they need no labels"
        )


def _widest(model: Any) -> tuple[str, int, int]:
    """The layer of which a sample says least: its name, inputs per output, and at how many places."""
    worst = "", 0, 1
    for layer in model.layers:
        shape = getattr(layer, "output_shape", None)
        for weight in prunable_weights(layer):
            if not isinstance(shape, tuple) or "Embedding" in type(layer).__name__:
                continue
            is_depthwise = "depthwise" in weight.name
            inputs = int(np.prod(weight.shape[: -2 if is_depthwise else -1]))
            places = int(np.prod([size or 1 for size in shape[1:-1]]))
            if inputs / places > worst[1] / worst[2]:
                worst = layer.name, inputs, places
    return worst


def _of_another_kind(model: Any, train: DataSet, tests: DataSet | None) -> Iterator[str]:
    mine, theirs = _classes(model, train), None if tests is None else _classes(model, tests)
    if mine is not None and mine.size == 1 and train.count >= _FEW:
        seen = "" if theirs is None else f", those that are scored of {theirs.size}"
        alone = theirs is not None and theirs.size == 1
        blind = ", and the score knows no other" if alone else ""
        yield (
            f"the samples that train or calibrate are of one class only ({int(mine[0])}){seen}: other "
            f"classes reach values that no range allows for{blind}; give samples of every class"
        )
    if tests is None or min(train.count, tests.count) < _FEW or train.sample_shape != tests.sample_shape:
        return
    first, second = _figures(train.inputs[:_LOOKED_AT]), _figures(tests.inputs[:_LOOKED_AT])
    for name in first:
        apart = _told_apart(first[name], second[name])
        if apart > _APART:
            yield (
                "the samples that train or calibrate are of another kind than those that are scored: their "
                f"{name} is {np.median(first[name]):.3g}, not {np.median(second[name]):.3g}; use recordings "
                "of the same sensor with the same preprocessing, not noise"
            )
            return


def _classes(model: Any, data: DataSet) -> Array | None:
    """Which classes occur: by label, else by the model's own answers; None where there are no classes."""
    from tinyml_compress.techniques.training import ends_in, outputs_of

    if tuple(model.output_shape[1:]) == tuple(model.input_shape[1:]):
        return None  # it repeats its input, and learns what is normal from normal samples alone
    if data.labels is not None:
        is_class = np.issubdtype(data.labels.dtype, np.integer) and data.labels.ndim == 1
        return np.unique(data.labels) if is_class and model.output_shape[-1] > 1 else None
    if len(model.outputs) != 1 or not ends_in(model, "softmax") or len(model.output_shape) != 2:
        return None
    answers = outputs_of(model, data.inputs[:_LOOKED_AT]).argmax(axis=1)
    counts = np.bincount(answers)
    return np.flatnonzero(counts > 0.03 * len(answers))  # a few samples may be taken for anything


def _figures(inputs: Array) -> dict[str, Array]:
    """What tells kinds of recordings apart, per sample: level, spread, and how far neighbours are apart."""
    flat = inputs.reshape(len(inputs), -1).astype(np.float64)
    spread = flat.std(axis=1)
    figures = {"mean": flat.mean(axis=1), "deviation": spread}
    axes = [axis for axis in range(1, inputs.ndim) if inputs.shape[axis] >= 4]
    if len(axes) >= 1 and flat.shape[1] >= 16:
        steps = np.diff(inputs.astype(np.float64), axis=axes[0]).reshape(len(inputs), -1)
        figures["step between neighbours, in deviations,"] = np.sqrt((steps**2).mean(axis=1)) / np.maximum(
            spread, 1e-12
        )
    return figures


def _told_apart(first: Array, second: Array) -> float:
    """The largest difference of the two distribution functions (Kolmogorov and Smirnov's)."""
    both = np.sort(np.concatenate([first, second]))
    shares = [
        np.searchsorted(np.sort(values), both, side="right") / len(values) for values in (first, second)
    ]
    return float(np.abs(shares[0] - shares[1]).max())
