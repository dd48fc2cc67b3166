"""The tables of a sound's front end in whole numbers: C and numpy compute with the very same ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tinyml_compress.frontends.inputs import FRACTION
from tinyml_compress.frontends.preprocessing import AudioForm, Features

Doubles = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
FLOOR = 1e-6
"""What is added to an energy before its logarithm."""
LOG_CELLS = 64
_ONE = 1 << 15
_HEADROOM = 29
"""Bits of a real or imaginary part at the end of the transform, so that sums of two stay below 2^31."""
_MOST = 26
"""Bits of a sample, so that the floor of a silent frame has room beside its energy."""


@dataclass(frozen=True, eq=False)
class SoundNumbers:
    """All that a form settles; Q15 is a whole number with 15 bits behind the point, of 16 bits together."""

    log_points: int
    """Of the complex transform, half as long as the real one."""
    shift: int
    """A sample goes this far to the left, besides what its frame is too quiet by."""
    energy_bits: int
    """Bits behind the point of an energy of a frame as loud as can be."""
    floor: int
    window: Whole
    """Q15."""
    circle: Whole
    """(3 fft / 4, 2): cosine and sine around the circle, Q15."""
    starts: Whole
    """(mel_bands + 2,): the first bin behind each edge of a band."""
    rising: Whole
    """Q15: how much of each bin between the first and the last edge goes to the band that rises there."""
    cosines: Whole
    """(coefficients, mel_bands), with `cosine_bits` behind the point."""
    cosine_bits: int


@lru_cache(maxsize=16)
def numbers_of(form: AudioForm) -> SoundNumbers:
    """The tables of a form with frames."""
    points = form.fft // 2
    log_points = points.bit_length() - 1
    halvings = max((log_points - 1) // 2, 0)  # stages of four but the first halve what they make
    growth = log_points - halvings
    bits = min(_HEADROOM - growth, _MOST)
    energy_bits = 2 * (bits - halvings)
    starts = _starts(form)
    table, cosine_bits = _whole_cosines(form, energy_bits)
    return SoundNumbers(
        log_points=log_points,
        shift=bits - 14,
        energy_bits=energy_bits,
        floor=max(round(FLOOR * 2.0**energy_bits), 1),
        window=_q15(hann(form.window)),
        circle=_q15(_circle(form.fft)),
        starts=starts,
        rising=_q15(rising_parts(form)),
        cosines=table,
        cosine_bits=cosine_bits,
    )


def emphasis_of(form: AudioForm) -> int:
    """Q15."""
    return round(form.pre_emphasis * _ONE)


def hann(length: int) -> Doubles:
    """The window of Hann, periodic."""
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length))


def mel_triangles(form: AudioForm) -> Doubles:
    """(fft / 2 + 1, mel_bands): triangles of height 1 with equal distances in mel."""
    bins, edges = _mel_of_bins(form)[:, None], _edges(form)
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.maximum(0, np.minimum(rising, falling))


def cosines(bands: int, coefficients: int) -> Doubles:
    """The orthonormal DCT-II as a matrix (bands, coefficients)."""
    order, place = np.arange(coefficients), np.arange(bands)
    matrix = np.sqrt(2 / bands) * np.cos(np.pi / bands * (place[:, None] + 0.5) * order)
    matrix[:, 0] = np.sqrt(1 / bands)
    return np.asarray(matrix)


def _mel(hertz: Doubles | float) -> Doubles:
    return np.asarray(2595 * np.log10(1 + np.asarray(hertz) / 700))


def _edges(form: AudioForm) -> Doubles:
    return np.linspace(_mel(form.low_hz), _mel(form.high_hz), form.mel_bands + 2)


def _mel_of_bins(form: AudioForm) -> Doubles:
    return _mel(np.fft.rfftfreq(form.fft, 1 / form.sample_rate))


def _starts(form: AudioForm) -> Whole:
    """Where the bins of each stretch between two edges begin; the last bin weighs nothing."""
    places = np.searchsorted(_mel_of_bins(form), _edges(form), side="right")
    return np.minimum(places, form.fft // 2).astype(np.int64)


def rising_parts(form: AudioForm) -> Doubles:
    """How much of each bin between the edges goes to the band that rises there: what is left of it goes to
    the one that falls.
    """
    edges, starts = _edges(form), _starts(form)
    inside = _mel_of_bins(form)[starts[0] : starts[-1]]
    stretch = np.searchsorted(edges, inside, side="left") - 1
    return np.asarray((inside - edges[stretch]) / (edges[stretch + 1] - edges[stretch]))


def _whole_cosines(form: AudioForm, energy_bits: int) -> tuple[Whole, int]:
    """As many bits as no sum of products with logarithms can overflow."""
    if form.features is not Features.MFCC:
        return np.zeros((0, form.mel_bands), np.int64), 0
    real = cosines(form.mel_bands, form.coefficients).T
    largest = max(-np.log(FLOOR), np.log(2.0) * (60 - energy_bits)) * 2**FRACTION + 1
    most = np.abs(real).sum(axis=1).max() * largest
    bits = min(int(np.floor(np.log2((2**31 - 2**16) / most))), 15)
    return np.clip(np.round(real * 2.0**bits), -_ONE, _ONE - 1).astype(np.int64), bits


def _circle(points: int) -> Doubles:
    angles = 2 * np.pi * np.arange(max(3 * points // 4, 1)) / points
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _q15(real: Doubles) -> Whole:
    return np.asarray(np.clip(np.round(real * _ONE), -_ONE, _ONE - 1), np.int64)
