"""Bias correction: the mean error that rounding the weights makes at each layer's outputs is taken out of its
bias.

Rounding errors of a layer's weights do not cancel where its inputs are not centred, as they are behind a
ReLU. The shift is measured on calibration samples, layer by layer, each reading what the layers before it
give when rounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.results import Listing
from tinyml_compress.support.backend import fix_seeds
from tinyml_compress.techniques._grid import rounded
from tinyml_compress.techniques._layerwise import LayerWalk, LinearMap
from tinyml_compress.techniques.technique import (
    Applied,
    Context,
    StageOptions,
    Technique,
    count,
    excluded,
    matching,
)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class BiasOptions(StageOptions):
    """The mean error that rounding the weights makes is taken out of the biases: no training, no labels."""

    bits: int = count(8, 2, 8, "of the weights, one scale per output channel")
    samples: int = count(512, 8, 100_000, "calibration samples that are looked at")
    exclude: tuple[str, ...] = excluded()


def correct_biases(
    model: Any, inputs: npt.NDArray[Any], options: BiasOptions, seed: int = 0
) -> tuple[Any, dict[str, tuple[float, float]]]:
    """A copy of `model` with new biases, and per layer the largest shift at its outputs before and after.

    The kernels stay as they are: what converts them rounds them.
    """
    fix_seeds(seed)
    walk = LayerWalk(model, inputs[: options.samples], seed)
    final = LayerWalk(model, inputs[:1], seed)
    spared = matching(options.exclude, [layer.name for layer in walk.layers()])
    shifts: dict[str, tuple[float, float]] = {}
    for layer, twin in zip(walk.layers(), final.layers(), strict=True):
        maps = walk.maps(layer)
        corrected = [_corrected(one, options.bits) for one in maps]
        before = max(float(np.abs(_shift(one, _with_kernel(one, options.bits))).max()) for one in maps)
        if not maps[0].has_bias or layer.name in spared:
            walk.put(layer, [_with_kernel(one, options.bits) for one in maps])
            continue
        after = max(float(np.abs(_shift(one, new)).max()) for one, new in zip(maps, corrected, strict=True))
        shifts[layer.name] = (before, after)
        walk.put(layer, corrected)
        kernels = [
            np.concatenate([one.weights[:, :-1], new[:, -1:]], axis=1)
            for one, new in zip(maps, corrected, strict=True)
        ]
        final.put(twin, kernels)
    return final.working, shifts


def _with_kernel(one: LinearMap, bits: int) -> Floats:
    kernel = rounded(one.weights[:, : one.inputs], bits)
    return np.concatenate([kernel, one.weights[:, one.inputs :]], axis=1)


def _shift(one: LinearMap, weights: Floats) -> Floats:
    """Per row how far the mean output lies from what it should be. A bias sees ones: its column holds the
    means.
    """
    means = one.problem.hessian[-1]
    return np.asarray(weights @ means - one.problem.cross[:, -1])


def _corrected(one: LinearMap, bits: int) -> Floats:
    weights = _with_kernel(one, bits)
    if one.has_bias:
        weights[:, -1] -= _shift(one, weights)
    return weights


class BiasCorrection(Technique[BiasOptions]):
    """The stage `bias_correction`."""

    use = "bias_correction"
    options = BiasOptions
    place = 60

    def apply(self, options: BiasOptions, model: Any, context: Context) -> Applied:
        corrected, shifts = correct_biases(model, self.calibration(context), options, context.seed)
        head = (("layer", ""), ("largest shift before", "{:.3g}"), ("after", "{:.3g}"))
        return Applied(corrected, (), Listing.of(head, [(name, *shift) for name, shift in shifts.items()]))


TECHNIQUE = BiasCorrection()
