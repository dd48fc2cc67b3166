"""Which weights go together: any, m of n neighbours, or whole blocks; and which of them are the smallest."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import ConfigError

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Pattern:
    """`zeros` of `group` neighbours along the input axis, or whole blocks of `rows` x `columns` (inputs x
    outputs).

    Blocks never reach over the edge of a convolution's tap; where they do not divide an axis, the last is
    smaller.
    """

    zeros: int = 0
    group: int = 0
    rows: int = 1
    columns: int = 1

    @property
    def is_blocks(self) -> bool:
        return not self.group

    @property
    def words(self) -> str:
        """As recipes have it."""
        return f"{self.rows}x{self.columns}" if self.is_blocks else f"{self.zeros}:{self.group}"


@dataclass(frozen=True)
class Skipped:
    """The blocks that the engine's kernels leave out as a whole, in one kind of layers."""

    layers: str
    smallest: Pattern
    cores: str

    def takes(self, pattern: Pattern) -> bool:
        """Whether a kernel skips all of such a block at once."""
        own = self.smallest
        return pattern.is_blocks and not pattern.rows % own.rows and not pattern.columns % own.columns

    def note(self, pattern: Pattern) -> str:
        """What the engine makes of that pattern."""
        where = f"{pattern.words} in {self.layers}"
        if self.takes(pattern):
            return f"{where}: the engine's kernel `blocks` skips them whole, {self.cores}"
        rest = f"their zeros go one by one; {self.smallest.words} has a kernel"
        return f"{where}: no kernel of the engine skips these whole, {rest}"

    def refusal(self, pattern: Pattern) -> str | None:
        """Why such blocks buy nothing there; None for those that do, and for what is no block."""
        if not pattern.is_blocks or self.takes(pattern):
            return None
        own = self.smallest.words
        return f"no kernel of the engine skips blocks of {pattern.words} in {self.layers}, {own} has one"


IN_DENSE = Skipped("dense layers", Pattern(rows=1, columns=4), "on every core")
IN_CONVOLUTIONS = Skipped("convolutions", Pattern(rows=4, columns=2), "on cores with DSP instructions")


@dataclass(frozen=True)
class Patterns:
    """The pattern of dense layers may be another one than that of all others: kernels differ in what they
    skip.
    """

    other: Pattern | None = None
    dense: Pattern | None = None

    def of(self, layer: Any) -> Pattern | None:
        """None: any weight may go."""
        return self.dense if type(layer).__name__ == "Dense" else self.other

    def refusal(self, layer: Any) -> str | None:
        """Why blocks buy nothing in this layer; None where they do, and where there are none."""
        own, kind = self.of(layer), type(layer).__name__
        if own is None or kind not in ("Dense", "Conv1D", "Conv2D"):
            return None
        return (IN_DENSE if kind == "Dense" else IN_CONVOLUTIONS).refusal(own)

    def notes(self, layers: Iterable[Any]) -> tuple[str, ...]:
        """What the engine makes of the patterns in these layers."""
        kinds = {type(layer).__name__ for layer in layers}
        dense = (IN_DENSE, self.dense, "Dense" in kinds)
        others = (IN_CONVOLUTIONS, self.other, bool(kinds & {"Conv1D", "Conv2D"}))
        rows = (dense, others)
        return tuple(kind.note(own) for kind, own, there in rows if there and own is not None)

    @property
    def has_groups(self) -> bool:
        return any(pattern is not None and not pattern.is_blocks for pattern in (self.other, self.dense))


def pattern_of(text: str) -> Pattern:
    """`2:4` or `4x1`."""
    match = re.fullmatch(r"(\d+)([:x])(\d+)", text)
    if match:
        first, second = int(match[1]), int(match[3])
        if match[2] == ":" and 0 < first < second:
            return Pattern(zeros=first, group=second)
        if match[2] == "x" and first * second > 1:
            return Pattern(rows=first, columns=second)
    raise ConfigError(
        "no such sparsity pattern",
        which=text,
        allowed="M:N with M < N (M zeros in N neighbours), or RxC (blocks of R inputs and C outputs)",
    )


def magnitude_mask(weight: npt.NDArray[Any], sparsity: float, pattern: Pattern | None = None) -> Mask | None:
    """True where a weight stays. None where the pattern does not fit the weight's axes.

    Groups must divide the inputs; a kernel must be at least one block large.
    """
    if pattern is None:
        count = round(weight.size * sparsity)
        order = np.argsort(np.abs(weight), axis=None, kind="stable")
        mask = np.ones(weight.size, bool)
        mask[order[:count]] = False
        return mask.reshape(weight.shape)
    matrix = np.abs(weight).reshape(-1, weight.shape[-1])
    inputs, outputs = weight.shape[-2], weight.shape[-1]
    if pattern.group:
        if inputs % pattern.group:
            return None
        groups = matrix.reshape(-1, pattern.group, outputs)
        order = np.argsort(np.argsort(groups, axis=1, kind="stable"), axis=1, kind="stable")
        return np.asarray(order >= pattern.zeros).reshape(weight.shape)
    if inputs < pattern.rows or outputs < pattern.columns:
        return None
    taps = matrix.reshape(-1, inputs, outputs)
    down, across = -(-inputs // pattern.rows), -(-outputs // pattern.columns)
    edges = ((0, 0), (0, down * pattern.rows - inputs), (0, across * pattern.columns - outputs))
    shape = (len(taps), down, pattern.rows, across, pattern.columns)
    sums = np.pad(taps, edges).reshape(shape).sum(axis=(2, 4))
    sizes = np.pad(np.ones_like(taps[:1]), [(0, 0), *edges[1:]]).reshape(1, *shape[1:]).sum(axis=(2, 4))
    kept = magnitude_mask(sums / sizes, sparsity)
    assert kept is not None
    spread = np.repeat(np.repeat(kept, pattern.rows, axis=1), pattern.columns, axis=2)
    return spread[:, :inputs, :outputs].reshape(weight.shape)
