"""Second-order rounding: the int8 weights of a layer are chosen together, so that its outputs come near.

Rounding every weight to its nearest step is best for the weights, not for the outputs. Here the steps are
chosen with the outputs of the uncompressed model as the target and the activations of the rounded layers
before as input. The weights then lie exactly on the steps that the converter will choose, and it rounds
nothing any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.techniques._chosen import Chooser, ChosenOptions, Maps, of_kernel
from tinyml_compress.techniques._grid import Grid, on_grid
from tinyml_compress.techniques._second_order import Quadratic
from tinyml_compress.techniques.brain_quantization import WEIGHT_BITS
from tinyml_compress.techniques.equalization import takes_care
from tinyml_compress.techniques.technique import Fidelity, Point, flag

Floats = npt.NDArray[np.float64]

_MOST = 127


@dataclass(frozen=True)
class RoundOptions(ChosenOptions):
    """The int8 weights of a layer are chosen together for its outputs: no training, no labels."""

    per_tensor_dense: bool = flag(False, "one scale per dense kernel; say the same in convert")


class SecondOrderRounding(Chooser[RoundOptions]):
    """The stage `round_weights`."""

    use = "round_weights"
    options = RoundOptions
    place = 62
    verb = "rounded"

    def kernels(self, options: RoundOptions, layer: Any, maps: Maps) -> list[Floats]:
        one_scale = options.per_tensor_dense and type(layer).__name__ == "Dense"
        return [_on_steps(*of_kernel(one), one_scale) for one in maps]

    def chosen(self, point: Point, fidelity: Fidelity) -> RoundOptions | None:
        # weights of few bits have been chosen together already
        is_due = takes_care(point, fidelity, "rounded") and point[WEIGHT_BITS] == 8
        return RoundOptions() if is_due else None


def _on_steps(problem: Quadratic, weights: Floats, one_scale: bool) -> Floats:
    size = np.abs(weights)
    tops = size.max(axis=1, initial=0.0)
    fixed = weights == 0  # what pruning made
    if one_scale:
        fixed[np.unravel_index(size.argmax(), size.shape)] = True
        tops = np.full_like(tops, tops.max(initial=0.0))
    else:
        fixed[np.arange(len(weights)), size.argmax(axis=1)] = True
    grid = Grid(np.arange(-_MOST, _MOST + 1, dtype=np.float64), tops / _MOST, fixed)
    return on_grid(problem, weights, grid)


TECHNIQUE = SecondOrderRounding()
