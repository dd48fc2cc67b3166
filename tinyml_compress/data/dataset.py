"""A data set as a value: float32 inputs, labels where it has them, and where it comes from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import DataError
from tinyml_compress.frontends.preprocessing import Preprocessing

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class DataSet:
    """Samples in the values that the float model takes; every input is finite and there is at least one
    sample.
    """

    name: str
    """As the user wrote it: `data:digits:test`, `mine.npz`."""
    inputs: Floats
    """`(count, *sample_shape)`"""
    labels: Labels | None = None
    """`(count,)`: class indices, or 0 normal / 1 anomaly for an autoencoder's set. `(count, ...)`: one per
    pixel, or per word of the texts; -100 where there is none.
    """
    classes: tuple[str, ...] = ()
    description: str = ""
    source: str = ""
    licence: str = ""
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    """How the inputs were made from a sensor's values."""
    named: tuple[tuple[str, Floats], ...] = ()
    """All inputs by name, for a model with several; `inputs` is the first of them. Empty for a single input.
    """
    sounds: npt.NDArray[np.int16] | None = None
    """`(count, samples)`: what the inputs were made of, sounds or a sensor's moments, where their features
    are whole numbers.
    """
    texts: tuple[str, ...] = ()
    """The samples, where a model's own tokenizer makes its inputs of them; `inputs` has no values then. With
    labels for each word, words are what stands between blanks.
    """
    unseen: int = 0
    """Words with a label that a model's length cut off."""

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
        digest = hashlib.sha256()
        for name, values in self.named or (("", self.inputs),):
            digest.update(f"{name}{values.shape}".encode())
            digest.update(np.ascontiguousarray(values, dtype="<f4").tobytes())
        digest.update("\0".join(self.texts).encode())
        if self.labels is not None:
            digest.update(np.ascontiguousarray(self.labels, dtype="<i8").tobytes())
        return digest.hexdigest()

    def take(self, count: int, seed: int = 0) -> DataSet:
        """At most `count` samples chosen by `seed`, in their order; all of them when there are no more."""
        if count < 1:
            raise DataError("at least one sample is needed", which=self.name, found=count)
        if count >= self.count:
            return self
        return self.picked(np.sort(np.random.default_rng(seed).permutation(self.count)[:count]))

    def picked(self, chosen: npt.NDArray[np.intp]) -> DataSet:
        """The samples at these places."""
        return replace(
            self,
            inputs=self.inputs[chosen],
            labels=None if self.labels is None else self.labels[chosen],
            named=tuple((name, values[chosen]) for name, values in self.named),
            sounds=None if self.sounds is None else self.sounds[chosen],
            texts=tuple(self.texts[int(place)] for place in chosen) if self.texts else (),
        )

    def fitted(self, shape: Sequence[int | None]) -> DataSet:
        """This set with samples of `shape` (None: any size), for a model that takes one.

        Sizes of 1 may be added or dropped (8x8 for 8x8x1), since they move no value; anything else is an
        error.
        """
        self._require_numbers()
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

    def for_inputs(self, names: Sequence[str], shapes: Sequence[Sequence[int | None]]) -> list[Floats]:
        """One array per input of a model: by name where this set has several, each of its shape."""
        self._require_numbers()
        if len(names) == 1 and not self.named:
            return [self.fitted(shapes[0]).inputs]
        mine = dict(self.named)
        if set(mine) != set(names):
            raise DataError(
                "the data set has other inputs than the model",
                which=self.name,
                found=", ".join(mine) or "one input without a name",
                allowed=", ".join(names),
                next_step="name the arrays of the .npz input_NAME, one per input of the model",
            )
        parts = (replace(self, inputs=mine[name], named=()) for name in names)
        return [part.fitted(shape).inputs for part, shape in zip(parts, shapes, strict=True)]

    def _require_numbers(self) -> None:
        if self.texts:
            raise DataError(
                "the set is one of texts, and no tokenizer was named",
                which=self.name,
                next_step="name the folder that the model comes from as well: --against hf:FOLDER",
            )

    def need_labels(self) -> Labels:
        """The labels, for what cannot be computed without them."""
        if self.labels is None:
            raise DataError(
                "the data set has no labels",
                which=self.name,
                next_step=(
                    "give an .npz with the arrays `inputs` and `labels`, or a shipped set such as data:digits"
                ),
            )
        return self.labels


def _matches(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(w is None or f == w for f, w in zip(shape, wanted, strict=True))


def _without_ones(shape: Sequence[int | None]) -> tuple[int | None, ...]:
    return tuple(size for size in shape if size != 1)


def _shown(shape: Sequence[int | None]) -> str:
    return "x".join("?" if size is None else str(size) for size in shape) or "a single number"
