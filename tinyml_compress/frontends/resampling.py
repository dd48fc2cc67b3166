"""From a microphone's sample rate to a model's, in whole numbers.

A sample of the new rate lies between two of the old one, at one of a few places; each place has a row of a
low-pass filter, by which the newest samples are weighed. The sound comes half a row later.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, gcd

import numpy as np
import numpy.typing as npt

Whole = npt.NDArray[np.int64]
Samples = npt.NDArray[np.int16]
WEIGHT_BITS = 15
MOST_PLACES = 640
"""Of a table that fits in flash: 11,025 Hz to 16,000 has so many."""
_CROSSINGS, _WIDTH, _SLOPE = 10, 0.9, 7.0
"""Of the filter on either side, the part of the band that it keeps, and how steeply its window falls."""
_PIECE = 1 << 14


@dataclass(frozen=True, eq=False)
class Resampler:
    """`up` samples for `down` ones."""

    up: int
    down: int
    rows: Whole
    """(up, taps), of the newest sample first; each sums to 1."""

    def resampled(self, samples: Samples) -> Samples:
        """All that a whole sound gives; silence was before it."""
        taps = self.rows.shape[1]
        padded = np.concatenate([np.zeros(taps - 1, np.int64), samples])
        windows = np.lib.stride_tricks.sliding_window_view(padded, taps)[:, ::-1]
        count = -(-len(samples) * self.up // self.down)
        pieces = [np.zeros(0, np.int16)]
        for start in range(0, count, _PIECE):
            places = np.arange(start, min(start + _PIECE, count)) * self.down
            sums = (windows[places // self.up] * self.rows[places % self.up]).sum(axis=1)
            rounded = sums + (1 << (WEIGHT_BITS - 1)) >> WEIGHT_BITS
            pieces.append(np.clip(rounded, -32768, 32767).astype(np.int16))
        return np.concatenate(pieces)


def places_of(source: int, wanted: int) -> int:
    """Rows of the filter."""
    return wanted // gcd(source, wanted)


@lru_cache(maxsize=8)
def resampler(source: int, wanted: int) -> Resampler:
    """Between two sample rates."""
    up, down = places_of(source, wanted), places_of(wanted, source)
    band = min(1.0, up / down) * _WIDTH
    half = ceil(_CROSSINGS * max(1.0, down / up))
    away = (np.arange(2 * half) - half)[None, :] + np.arange(up)[:, None] / up
    window = np.i0(_SLOPE * np.sqrt(np.maximum(1 - (away / half) ** 2, 0)))
    weights = np.sinc(band * away) * window
    weights /= weights.sum(axis=1, keepdims=True)
    rows = np.round(weights * (1 << WEIGHT_BITS)).astype(np.int64)
    largest = rows.argmax(axis=1)
    rows[np.arange(up), largest] += (1 << WEIGHT_BITS) - rows.sum(axis=1)
    return Resampler(up, down, rows)
