"""A data set as a value: float32 inputs, labels where it has them, and where it comes from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import DataError

__all__ = ["DataSet"]

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class DataSet:
    """Samples in the values that the float model takes; every input is finite and there is at least one sample."""

    name: str
    """As the user wrote it: `data:digits:test`, `mine.npz`."""
    inputs: Floats
    """`(count, *sample_shape)`"""
    labels: Labels | None = None
    """`(count,)`: class indices, or 0 normal / 1 anomaly for an autoencoder's set."""
    classes: tuple[str, ...] = ()
    description: str = ""
    source: str = ""
    licence: str = ""

    @property
    def count(self) -> int:
        return int(self.inputs.shape[0])

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Without the batch dimension."""
        return tuple(int(size) for size in self.inputs.shape[1:])

    @cached_property
    def sha256(self) -> str:
        """Of shape, inputs and labels: the same content gives the same digest, whatever file it came from."""
        digest = hashlib.sha256(repr(self.inputs.shape).encode())
        digest.update(np.ascontiguousarray(self.inputs, dtype="<f4").tobytes())
        if self.labels is not None:
            digest.update(np.ascontiguousarray(self.labels, dtype="<i8").tobytes())
        return digest.hexdigest()

    def take(self, count: int, seed: int = 0) -> DataSet:
        """At most `count` samples chosen by `seed`, in their order; all of them when there are no more."""
        if count < 1:
            raise DataError("at least one sample is needed", which=self.name, found=count)
        if count >= self.count:
            return self
        chosen = np.sort(np.random.default_rng(seed).permutation(self.count)[:count])
        return replace(self, inputs=self.inputs[chosen], labels=None if self.labels is None else self.labels[chosen])

    def fitted(self, shape: Sequence[int | None]) -> DataSet:
        """This set with samples of `shape` (None: any size), for a model that takes one.

        Sizes of 1 may be added or dropped (8x8 for 8x8x1), since they move no value; anything else is an error.
        """
        wanted = tuple(shape)
        if _matches(self.sample_shape, wanted):
            return self
        if None not in wanted and _without_ones(self.sample_shape) == _without_ones(wanted):
            sizes = tuple(size for size in wanted if size is not None)
            return replace(self, inputs=self.inputs.reshape(self.count, *sizes))
        raise DataError(
            "the data set is not of the model's input shape",
            which=self.name,
            found=f"samples of shape {_shown(self.sample_shape)}",
            allowed=_shown(wanted),
            next_step="give a set with that shape; the first dimension of its array counts the samples",
        )

    def need_labels(self) -> Labels:
        """The labels, for what cannot be computed without them."""
        if self.labels is None:
            raise DataError(
                "the data set has no labels",
                which=self.name,
                next_step="give an .npz with the arrays `inputs` and `labels`, or a shipped set such as data:digits",
            )
        return self.labels


def _matches(found: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(found) == len(wanted) and all(w is None or f == w for f, w in zip(found, wanted, strict=True))


def _without_ones(shape: Sequence[int | None]) -> tuple[int | None, ...]:
    return tuple(size for size in shape if size != 1)


def _shown(shape: Sequence[int | None]) -> str:
    return "x".join("?" if size is None else str(size) for size in shape) or "a single number"
