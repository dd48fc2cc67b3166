"""Samples of a data set as the inputs of a converted model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tinyml_compress.data import DataSet
from tinyml_compress.frontend.names import input_name

Floats = npt.NDArray[np.float32]


class Described(Protocol):
    """An input of a model, however it is known."""

    @property
    def name(self) -> str: ...
    @property
    def shape(self) -> tuple[int, ...]: ...


def arrays_for(data: DataSet, inputs: Sequence[Described]) -> list[Floats]:
    """One array of real values per input, in the model's order; a set with several inputs gives
    them by name.
    """
    if len(inputs) == 1 and not data.named:
        return [data.inputs]  # what runs the model compares the sizes
    whole = [item.name for item in inputs]
    names = whole if set(whole) == {name for name, _ in data.named} else [input_name(name) for name in whole]
    return data.for_inputs(names, [item.shape[1:] for item in inputs])
