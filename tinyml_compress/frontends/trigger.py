"""From scores to what was heard: smoothing, threshold and refractory time, in whole numbers.

The generated C (`tc_trigger.c`) decides the same at every step. Each watched class is told by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import DataError

Whole = npt.NDArray[np.int64]
_MOST_WATCHED = 32
"""Each has a bit of one word."""
_LONGEST = 1000
"""Scores of 16 bits, of which so many still have a sum below 2^31."""
_MOST = (1 << 31) - 1
_WORDS = ("smoothing", "refractory time in steps", "threshold")


@dataclass(frozen=True)
class Watch:
    """A class to listen for."""

    output: int
    """Its place among the scores."""
    name: str
    smoothing: int
    """Scores that are added up, the newest one last."""
    threshold: int
    """The least sum of them that triggers; a score counts from the lowest that its type can store."""
    refractory: int
    """Steps from one trigger to the next at least."""


def checked(watched: tuple[Watch, ...], outputs: int) -> tuple[Watch, ...]:
    """The same, if C can hold them and the model has them."""
    if not 1 <= len(watched) <= _MOST_WATCHED:
        raise DataError(
            "a trigger watches too many classes or none", found=len(watched), allowed=f"1 to {_MOST_WATCHED}"
        )
    for one in watched:
        if not 0 <= one.output < outputs:
            allowed = f"0 to {outputs - 1}"
            raise DataError("no such output to watch", which=one.name, found=one.output, allowed=allowed)
        numbers = (one.smoothing, one.refractory, one.threshold)
        allowed_of = ((1, _LONGEST), (1, _MOST), (0, _MOST))
        for what, number, (low, high) in zip(_WORDS, numbers, allowed_of, strict=True):
            if not low <= number <= high:
                raise DataError(
                    f"a trigger's {what} is out of range",
                    which=one.name,
                    found=number,
                    allowed=f"{low} to {high:,}",
                )
    return watched


def smoothed(scores: Whole, smoothing: int) -> Whole:
    """(steps,): sums of the last scores, which count from the lowest; before the first step all were that."""
    upto = np.concatenate([np.zeros(1, np.int64), np.cumsum(scores)])
    ends = np.arange(1, len(upto))
    return np.asarray(upto[ends] - upto[np.maximum(ends - smoothing, 0)])


def heard(sums: Whole, threshold: int, refractory: int) -> list[int]:
    """The steps at which it triggers."""
    able, steps, at = np.flatnonzero(sums >= threshold), list[int](), 0
    while at < len(able):
        steps.append(int(able[at]))
        at = int(np.searchsorted(able, steps[-1] + refractory))
    return steps
