"""What an operator tells of itself beside its kernels, so that nobody has to know it by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import NodeView, Tensor
from tinyml_compress.ops._fixed_point import Ints

MOST = 1 << 30
"""Sums beyond this may wrap somewhere on their way to the output; nothing is concluded from them."""


class Carried(Enum):
    """What becomes of the values of an operator's first input."""

    NEW = "new"
    """It computes others from them."""
    SAME = "same"
    """Each comes out once, at another place or under another shape."""
    CAST = "cast"
    """The same real values, stored in another form."""


class Scales(Enum):
    """How many scales weights of four bits have."""

    ONE = "one"
    PER_CHANNEL = "per channel"


@dataclass(frozen=True)
class Weights:
    """Constants of which an operator's output is made, and where its channels lie in them."""

    outputs: int
    """The axis along which the channels of the output lie."""
    inputs: int | None
    """The axis along which those of the input lie, or None where each channel of the output reads one."""
    at: int = 1
    """Which input they are."""
    bias: int = 2
    """Which input their bias is."""
    four_bits: Scales | None = None
    """How they are packed to four bits; None where no kernel takes such."""
    reads_bias_scale: bool = True
    """Whether TensorFlow Lite Micro looks at the scale that the file gives the bias, instead of making it of
    the others.
    """
    patch_bytes: int = 0
    """Scratch that CMSIS-NN's kernel asks for, per weight behind the first axis."""


@dataclass(frozen=True)
class Picks:
    """An operator that takes entries of one input at the places that another names."""

    table: int
    places: int
    entries: Callable[[NodeView], int]
    """Of how many a place picks one, also of a node that is not checked yet; 0 where there is no saying."""


@dataclass(frozen=True, eq=False)
class Range:
    """Smallest and largest stored value per channel of an int8 tensor, whatever the model's input."""

    low: Ints
    high: Ints

    @property
    def constant(self) -> npt.NDArray[np.bool_]:
        """Channels that are one value for every input."""
        same: npt.NDArray[np.bool_] = self.low == self.high
        return same

    def clipped(self, low: int, high: int) -> Range:
        return Range(np.clip(self.low, low, high), np.clip(self.high, low, high))


@dataclass(frozen=True, eq=False)
class Products:
    """A layer of weights as rows: `weights[row, tap, channel of the input]`.

    Where each row reads one channel of the input, the last axis has one entry, and the rows of a channel
    stand together.
    """

    weights: Ints
    bias: Ints
    low: Ints
    high: Ints
    """Bounds of the accumulator per row, bias included; beyond 32 bits nothing is known of the row."""
    padded: bool
    """Whether taps may lie outside the image, where they count as the input's zero point."""


def channels_of(tensor: Tensor) -> int:
    """Length of the last axis, whose entries are the channels; 1 for a scalar."""
    return tensor.shape[-1] if tensor.shape else 1
