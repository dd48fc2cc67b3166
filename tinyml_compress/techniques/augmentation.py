"""Augmentation by words of a recipe: batches changed as recordings change, anew in every epoch.

Samples are `(time, features...)` or `(rows, columns, channels)`; a change is drawn for each sample by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import ConfigError

Array = npt.NDArray[Any]
_SHIFT = 0.1
_CROP = 0.125
_NOISE = 0.05


def _shift(batch: Array, generator: Any) -> Array:
    """Along the first axis by up to a tenth of it; what comes in at the edge repeats the edge."""
    most = max(1, round(_SHIFT * batch.shape[1]))
    places = np.arange(batch.shape[1]) + generator.integers(-most, most + 1, (len(batch), 1))
    places = np.clip(places, 0, batch.shape[1] - 1)
    return np.asarray(batch[np.arange(len(batch))[:, None], places])


def _crop(batch: Array, generator: Any) -> Array:
    """A window of the same size from the picture with an eighth of it mirrored around."""
    rows, columns = batch.shape[1:3]
    edges = [max(1, round(_CROP * size)) for size in (rows, columns)]
    wide = np.pad(batch, [(0, 0), *((edge, edge) for edge in edges), (0, 0)], mode="reflect")
    starts = [generator.integers(0, 2 * edge + 1, len(batch)) for edge in edges]
    pairs = zip(wide, *starts, strict=True)
    return np.stack([one[top : top + rows, left : left + columns] for one, top, left in pairs])


def _flip(batch: Array, generator: Any) -> Array:
    """Half of the pictures, left to right."""
    chosen = generator.random(len(batch)) < 0.5
    return np.where(chosen.reshape(-1, *[1] * (batch.ndim - 1)), batch[:, :, ::-1], batch)


def _noise(batch: Array, generator: Any) -> Array:
    """Normal noise of a twentieth of each sample's own deviation."""
    axes = tuple(range(1, batch.ndim))
    spread = batch.std(axis=axes, keepdims=True)
    return np.asarray(batch + _NOISE * spread * generator.standard_normal(batch.shape), batch.dtype)


def _mixup(batch: Array, generator: Any) -> Array:
    """Half of the samples mixed with another one of the batch, of which less comes in than of their own: the
    label stays, and a teacher that looks at the batch says what else is in it.
    """
    others = batch[generator.permutation(len(batch))]
    part = np.where(generator.random(len(batch)) < 0.5, generator.uniform(0, 0.5, len(batch)), 0.0)
    part = part.reshape(-1, *[1] * (batch.ndim - 1))
    return np.asarray((1 - part) * batch + part * others, batch.dtype)


_CHANGES: dict[str, tuple[Callable[[Array, Any], Array], int]] = {
    "shift": (_shift, 2),
    "crop": (_crop, 4),
    "flip": (_flip, 4),
    "noise": (_noise, 2),
    "mixup": (_mixup, 2),
}
"""Each word with the least number of axes that a batch must have."""
WORDS = tuple(_CHANGES)


def words_of(text: str) -> tuple[str, ...]:
    """The words in a recipe's text, in its order; empty where it names a function instead."""
    return () if ":" in text else tuple(word.strip() for word in text.split(","))


def augmented(words: Sequence[str], where: str) -> Callable[[Array, Any], Array]:
    """All of these changes, one after the other."""
    unknown = [word for word in words if word not in _CHANGES]
    if unknown:
        raise ConfigError(
            "no such augmentation",
            which=where,
            found=", ".join(unknown),
            allowed=f"{', '.join(WORDS)} with commas between, or module:function",
        )

    def change(batch: Array, generator: Any) -> Array:
        for word in words:
            effect, axes = _CHANGES[word]
            if batch.ndim < axes:
                raise ConfigError(
                    "this augmentation is for pictures",
                    which=f"{where}: {word}",
                    found=f"samples of shape {'x'.join(map(str, batch.shape[1:]))}",
                    allowed="rows x columns x channels",
                    next_step="shift and noise fit time series",
                )
            batch = effect(batch, generator)
        return batch

    return change
