"""Features of a sound in whole numbers: what the generated C computes, bit for bit, for many frames at once.

A frame is shifted to the left until it is as loud as can be, so that quiet sounds keep their digits. The
transform of the real samples is one of half as many complex numbers; its numbers have 32 bits and grow on
their way, so that nothing but a few last digits is lost. Energies have 64 bits. Their logarithm comes from a
table.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyml_compress.frontends.bits import bits_of
from tinyml_compress.frontends.inputs import FRACTION
from tinyml_compress.frontends.micro import micro_features
from tinyml_compress.frontends.numbers import LOG_CELLS, SoundNumbers, emphasis_of, numbers_of
from tinyml_compress.frontends.preprocessing import AudioForm, Features

Whole = npt.NDArray[np.int64]
Samples = npt.NDArray[np.int16]
_LN2 = round(np.log(2) * (1 << 15))
_LOUDEST = 15
CLEAN_BITS = 13
"""Bits behind the point of a sample that is being cleaned."""
LOG_TABLE: Whole = np.round(np.log2(1 + np.arange(LOG_CELLS + 1) / LOG_CELLS) * (1 << 15)).astype(np.int64)
"""The binary logarithm from 1 to 2, Q15."""


def sound_features(samples: Samples, form: AudioForm) -> Whole:
    """(frames, values of one): features with `form.fraction` bits behind the point, of all whole frames."""
    whole = samples.astype(np.int64)
    if form.features is Features.WAVE:
        return whole[: len(whole) // form.hop * form.hop].reshape(-1, form.hop)
    if form.is_micro:
        return micro_features(samples, form)
    numbers = numbers_of(form)
    frames = np.lib.stride_tricks.sliding_window_view(whole, form.window)[:: form.hop]
    frames, gone = _cleaned(frames, form)
    loudest = np.bitwise_or.reduce(frames ^ (frames >> 63), axis=1)
    left = np.minimum(_LOUDEST - bits_of(loudest.astype(np.uint64)), _LOUDEST - gone)
    re, im = _transformed(_windowed(frames, left, form, numbers), numbers)
    logs = _logarithms(_energies(re, im, form, numbers), left + gone, numbers)
    if form.features is Features.LOG_MEL:
        return logs
    half = (1 << numbers.cosine_bits) >> 1
    return (logs @ numbers.cosines.T + half) >> numbers.cosine_bits


def _cleaned(frames: Whole, form: AudioForm) -> tuple[Whole, Whole | int]:
    """Without their mean, high tones raised; and how far each went to the left, to have 16 bits again."""
    if not form.is_cleaned:
        return frames, 0
    levelled = frames << CLEAN_BITS
    if form.remove_dc:
        quotient, rest = np.divmod(frames.sum(axis=1), form.window)
        mean = (quotient << CLEAN_BITS) + ((rest << CLEAN_BITS) + form.window // 2) // form.window
        levelled = levelled - mean[:, None]
    before = np.concatenate([levelled[:, :1], levelled[:, :-1]], axis=1)
    levelled = levelled - (before * emphasis_of(form) >> 15)
    loudest = np.bitwise_or.reduce(levelled ^ (levelled >> 63), axis=1)
    right = np.maximum(bits_of(loudest.astype(np.uint64)) - _LOUDEST, 0)
    rounded = levelled + (1 << right >> 1)[:, None] >> right[:, None]
    return np.clip(rounded, -32768, 32767), CLEAN_BITS - right


def _windowed(frames: Whole, left: Whole, form: AudioForm, numbers: SoundNumbers) -> Whole:
    """(frames, fft): the frame under its window, silence behind it."""
    padded = np.zeros((len(frames), form.fft), np.int64)
    padded[:, : form.window] = (frames << (numbers.shift + left)[:, None]) * numbers.window >> 16
    return padded


def _transformed(padded: Whole, numbers: SoundNumbers) -> tuple[Whole, Whole]:
    """The complex transform of the even samples (real) and the odd ones (imaginary)."""
    points, places = padded.shape[1] // 2, _reversed_places(numbers.log_points)
    re, im = padded[:, 0::2][:, places], padded[:, 1::2][:, places]
    span, first = 1, numbers.log_points % 2 == 1
    if first:
        re, im = (_pair(part) for part in (re, im))
        span = 2
    while span < points:
        step = numbers.circle[:: padded.shape[1] // (4 * span)]
        re, im = _four(re, im, span, step, halve=span > 1)
        span *= 4
    return re, im


def _pair(part: Whole) -> Whole:
    even, odd = part[:, 0::2], part[:, 1::2]
    return np.stack([even + odd, even - odd], axis=2).reshape(part.shape)


def _four(re: Whole, im: Whole, span: int, circle: Whole, *, halve: bool) -> tuple[Whole, Whole]:
    """Four parts of `span` numbers become one: in the order of reversed bits the parts are 0, 2, 1, 3."""
    shape = (len(re), -1, 4, span)
    re, im = re.reshape(shape), im.reshape(shape)
    terms = [(re[:, :, 0] >> 1, im[:, :, 0] >> 1) if halve else (re[:, :, 0], im[:, :, 0])]
    for place, times in ((2, 1), (1, 2), (3, 3)):
        x, y = re[:, :, place], im[:, :, place]
        terms.append(_turned(x, y, circle[: times * span : times]) if halve else (x, y))
    (a, b), (c, d), (e, f), (g, h) = terms
    near, far, side, across = (a + e, b + f), (a - e, b - f), (c + g, d + h), (c - g, d - h)
    made_re = [near[0] + side[0], far[0] + across[1], near[0] - side[0], far[0] - across[1]]
    made_im = [near[1] + side[1], far[1] - across[0], near[1] - side[1], far[1] + across[0]]
    return (np.stack(part, axis=2).reshape(len(re), -1) for part in (made_re, made_im))  # type: ignore[return-value]


def _turned(x: Whole, y: Whole, circle: Whole) -> tuple[Whole, Whole]:
    """Half of each number times its point of the circle, clockwise; the first point is 1 itself."""
    cosine, sine = circle[:, 0], circle[:, 1]
    re, im = (x * cosine >> 16) + (y * sine >> 16), (y * cosine >> 16) - (x * sine >> 16)
    re[..., 0], im[..., 0] = x[..., 0] >> 1, y[..., 0] >> 1
    return re, im


def _energies(re: Whole, im: Whole, form: AudioForm, numbers: SoundNumbers) -> Whole:
    """(frames, mel_bands): each bin is shared by the two bands that it lies in."""
    starts, points = numbers.starts, re.shape[1]
    k = np.arange(starts[0], starts[-1])
    x, y, u, v = re[:, k], im[:, k], re[:, points - k], im[:, points - k]
    cosine, sine = numbers.circle[k].T
    a, b = y + v, u - x
    real = ((x + u) >> 1) + (a * cosine >> 16) + (b * sine >> 16)
    imaginary = ((y - v) >> 1) + (b * cosine >> 16) - (a * sine >> 16)
    whole = real * real + imaginary * imaginary
    risen = (real * numbers.rising >> 16) * real + (imaginary * numbers.rising >> 16) * imaginary
    rises = 2 * _sums(risen, starts)
    falls = np.maximum(_sums(whole, starts) - rises, 0)
    return np.asarray(rises[:, :-1] + falls[:, 1:])


def _sums(values: Whole, starts: Whole) -> Whole:
    """Of each stretch between two edges."""
    upto = np.zeros((len(values), values.shape[1] + 1), np.int64)
    np.cumsum(values, axis=1, out=upto[:, 1:])
    return np.diff(upto[:, starts - starts[0]], axis=1)


def _logarithms(energies: Whole, left: Whole, numbers: SoundNumbers) -> Whole:
    """Natural ones, with `FRACTION` bits behind the point."""
    floor = numbers.floor << 2 * np.maximum(left, 0) >> 2 * np.maximum(-left, 0)
    held = (energies + np.maximum(floor, 1)[:, None]).astype(np.uint64)
    bits = bits_of(held)
    front = (held << (64 - bits).astype(np.uint64) >> np.uint64(32)).astype(np.int64)  # from 2^31 on
    cell, rest = front >> 25 & (LOG_CELLS - 1), front >> 9 & 0xFFFF
    fraction = LOG_TABLE[cell] + ((LOG_TABLE[cell + 1] - LOG_TABLE[cell]) * rest >> 16)
    binary = (bits - 1 - numbers.energy_bits - 2 * left[:, None] << 15) + fraction
    natural = (binary << 8) * _LN2 >> 16  # 22 bits behind the point
    return np.asarray((natural + (1 << (21 - FRACTION))) >> (22 - FRACTION))


def _reversed_places(log_points: int) -> Whole:
    """Each place with its bits in reverse."""
    places = np.zeros(1, np.int64)
    for _ in range(log_points):
        places = np.concatenate([2 * places, 2 * places + 1])
    return places
