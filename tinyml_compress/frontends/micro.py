"""TensorFlow Lite Micro's own audio front end, with which microWakeWord and micro_speech are trained.

A frame under a window of 12 bits is shifted until it is loud; its transform has 16 bits, each stage rounds.
The root of each band's energy loses a running estimate of its noise, is divided by a power of it, and the
logarithm of that is a feature. A frame's features depend on those before it, since the sound began.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tinyml_compress.frontends.bits import bits_of
from tinyml_compress.frontends.preprocessing import AudioForm, Features

Whole = npt.NDArray[np.int64]
Samples = npt.NDArray[np.int16]
WINDOW_BITS = 12
NOISE_BITS = 14
SMOOTHING_BITS = 10
SMOOTHING = (int(0.025 * (1 << NOISE_BITS)), int(0.06 * (1 << NOISE_BITS)))
"""Of the noise in bands of even and of odd number."""
LEAST = int(0.05 * (1 << NOISE_BITS))
"""What is left of a band, whatever its noise."""
LOG_SCALE = 1 << 6
_LOG_BITS, _SEGMENTS = 16, 128
BENDS: Whole = np.round(
    (np.log2(1 + np.arange(_SEGMENTS + 1) / _SEGMENTS) - np.arange(_SEGMENTS + 1) / _SEGMENTS)
    * (1 << _LOG_BITS)
).astype(np.int64)
"""How far log2(1 + x) lies above x."""
_LN2 = 45426
_GAIN_BITS, _STRENGTH, _OFFSET, _RATIO_BITS = 21, 0.95, 80.0, 12
_LARGEST = 0x7FFF


@dataclass(frozen=True, eq=False)
class MicroNumbers:
    """All that a form settles."""

    window: Whole
    """Q12."""
    radices: tuple[int, ...]
    """Of the stages of the transform of half as many complex numbers, the outermost first."""
    circle: Whole
    """(fft / 2, 2): Q15."""
    halves: Whole
    """(fft / 4, 2): of the last step, which makes a real transform of the complex one."""
    first_bin: int
    end_bin: int
    starts: Whole
    """(mel_bands + 1,): the first bin of each band; what a bin does not give to its own it gives to the next.
    """
    widths: Whole
    weights: Whole
    """Q12, of all bins in their order."""
    unweights: Whole
    correction: int
    """Bits that a band gets before its logarithm."""
    gains: Whole
    """By which a band is multiplied, for its noise: a parabola for each magnitude."""
    gain_shift: int


@lru_cache(maxsize=16)
def micro_numbers(form: AudioForm) -> MicroNumbers:
    """The tables of a form."""
    points = form.fft // 2
    real = "float32" if form.features is Features.MICRO_SINGLE else "float64"
    arg = (np.array([2 * np.pi], real) / form.window).astype(np.float32)
    places = np.arange(form.window).astype(real) + 0.5
    window = (0.5 - 0.5 * np.cos(arg * places)).astype(np.float32)
    starts, widths, weights = _bands(form, real)
    correction = form.fft.bit_length() - 1 - WINDOW_BITS // 2
    turns = -2 * np.pi * np.arange(points) / points
    return MicroNumbers(
        window=_quantized(window, real),
        radices=(4,) * ((points.bit_length() - 1) // 2) + (2,) * ((points.bit_length() - 1) % 2),
        circle=_unit(turns),
        halves=_unit(-np.pi * ((np.arange(points // 2) + 1) / points + 0.5)),
        first_bin=int(starts[0]),
        end_bin=int(starts[-1] + widths[-1]),
        starts=starts,
        widths=widths,
        weights=_quantized(weights, real),
        unweights=_quantized(1 - weights, real),
        correction=correction,
        gains=_gains(SMOOTHING_BITS - correction),
        gain_shift=_GAIN_BITS - correction - _RATIO_BITS,
    )


def micro_features(samples: Samples, form: AudioForm) -> Whole:
    """(frames, mel_bands), of all whole frames of a sound from its start on."""
    numbers = micro_numbers(form)
    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.int64), form.window)[:: form.hop]
    windowed = frames * numbers.window >> WINDOW_BITS
    # the magnitude of -32768 is itself in 16 bits, and no maximum
    loudest = np.where(windowed == -32768, 0, np.abs(windowed)).max(axis=1)
    left = np.where(loudest > 0, 15 - bits_of(loudest.astype(np.uint64)), 0)
    padded = np.zeros((len(frames), form.fft), np.int64)
    padded[:, : form.window] = windowed << left[:, None]
    re, im = _spectrum(padded, numbers)
    bands = _roots(_energies(re * re + im * im, numbers)) >> left[:, None]
    return _logarithms(_levelled(bands, numbers), numbers)


def _spectrum(padded: Whole, numbers: MicroNumbers) -> tuple[Whole, Whole]:
    """Bins 0 to fft / 2."""
    points = padded.shape[1] // 2
    re, im = _transformed(padded[:, 0::2], padded[:, 1::2], numbers, numbers.radices, 1)
    first_re, first_im = _share(re[:, :1], 2), _share(im[:, :1], 2)
    zero = np.zeros_like(first_re)
    k = np.arange(1, points // 2 + 1)
    low_re, low_im = _share(re[:, k], 2), _share(im[:, k], 2)
    high_re, high_im = _share(re[:, points - k], 2), _share(_wrapped(-im[:, points - k]), 2)
    even = _wrapped(low_re + high_re), _wrapped(low_im + high_im)
    odd = _turned(_wrapped(low_re - high_re), _wrapped(low_im - high_im), numbers.halves[k - 1])
    re, im = np.zeros((len(re), points + 1), np.int64), np.zeros((len(re), points + 1), np.int64)
    re[:, k], im[:, k] = (even[0] + odd[0]) >> 1, (even[1] + odd[1]) >> 1
    re[:, points - k], im[:, points - k] = (even[0] - odd[0]) >> 1, (odd[1] - even[1]) >> 1
    re[:, :1], re[:, points:] = _wrapped(first_re + first_im), _wrapped(first_re - first_im)
    im[:, :1], im[:, points:] = zero, zero
    return re, im


def _transformed(
    re: Whole, im: Whole, numbers: MicroNumbers, radices: tuple[int, ...], step: int
) -> tuple[Whole, Whole]:
    """In parts, each of every `radix`-th number."""
    if not radices:
        return re, im
    radix, length = radices[0], re.shape[1] // radices[0]
    terms = []
    for part in range(radix):
        x, y = _transformed(re[:, part::radix], im[:, part::radix], numbers, radices[1:], step * radix)
        x, y = _share(x, radix), _share(y, radix)
        terms.append((x, y) if part == 0 else _turned(x, y, numbers.circle[part * step * np.arange(length)]))
    (a, b), (c, d) = terms[:2]
    if radix == 2:
        pairs = [(a + c, b + d), (a - c, b - d)]
    else:
        (e, f), (g, h) = terms[2:]
        even, odd = (_wrapped(a + e), _wrapped(b + f)), (_wrapped(a - e), _wrapped(b - f))
        total, other = (_wrapped(c + g), _wrapped(d + h)), (_wrapped(c - g), _wrapped(d - h))
        pairs = [
            (even[0] + total[0], even[1] + total[1]),
            (odd[0] + other[1], odd[1] - other[0]),
            (even[0] - total[0], even[1] - total[1]),
            (odd[0] - other[1], odd[1] + other[0]),
        ]
    return (
        _wrapped(np.concatenate([pair[0] for pair in pairs], axis=1)),
        _wrapped(np.concatenate([pair[1] for pair in pairs], axis=1)),
    )


def _wrapped(values: Whole) -> Whole:
    """In 16 bits."""
    return values.astype(np.int16).astype(np.int64)


def _share(values: Whole, parts: int) -> Whole:
    return values * (_LARGEST // parts) + (1 << 14) >> 15


def _turned(x: Whole, y: Whole, factors: Whole) -> tuple[Whole, Whole]:
    cosine, sine = factors[:, 0], factors[:, 1]
    half = 1 << 14
    return _wrapped(x * cosine - y * sine + half >> 15), _wrapped(x * sine + y * cosine + half >> 15)


def _energies(bins: Whole, numbers: MicroNumbers) -> Whole:
    """Of each band."""
    used = bins[:, numbers.first_bin : numbers.end_bin]
    ends = numbers.starts - numbers.first_bin

    def sums(weights: Whole) -> Whole:
        upto = np.zeros((len(bins), used.shape[1] + 1), np.int64)
        np.cumsum(used * weights, axis=1, out=upto[:, 1:])
        return upto[:, ends + numbers.widths] - upto[:, ends]

    return np.asarray(sums(numbers.weights)[:, 1:] + sums(numbers.unweights)[:, :-1])


def _roots(energies: Whole) -> Whole:
    """Rounded; roots of 16 bits stay there where rounding would give one more."""
    roots = np.sqrt(energies.astype(np.float64)).astype(np.int64)
    roots -= roots * roots > energies
    roots += (roots + 1) ** 2 <= energies
    most = np.where(energies >> 32 > 0, 0xFFFFFFFF, 0xFFFF)
    return np.asarray(np.where((energies - roots * roots > roots) & (roots != most), roots + 1, roots))


def _levelled(bands: Whole, numbers: MicroNumbers) -> Whole:
    """Without their noise, over a power of it; a frame at a time, for the noise goes on."""
    factors = np.array([SMOOTHING[band & 1] for band in range(bands.shape[1])], np.int64)
    noise, rows = np.zeros(bands.shape[1], np.int64), []
    for signal in bands:
        scaled = signal << SMOOTHING_BITS & 0xFFFFFFFF
        noise = scaled * factors + noise * ((1 << NOISE_BITS) - factors) >> NOISE_BITS
        left = scaled - np.minimum(noise, scaled) >> SMOOTHING_BITS
        signal = np.maximum(left, signal * LEAST >> NOISE_BITS)
        ratio = signal * _gain(noise, numbers.gains) >> numbers.gain_shift
        rows.append(np.where(ratio < 8192, ratio * ratio >> 20, (ratio >> 6) - 64))
    return np.array(rows)


def _gain(noise: Whole, gains: Whole) -> Whole:
    bits = bits_of(noise.astype(np.uint64))
    piece = np.maximum(4 * bits - 6, 0)
    place = np.where(bits < 11, noise << np.maximum(11 - bits, 0), noise >> np.maximum(bits - 11, 0)) & 0x3FF
    slope = (gains[piece + 2] * place >> 5) + (gains[piece + 1] << 5)
    bent = (slope * place + (1 << 14) >> 15) + gains[piece]
    return np.where(noise <= 2, gains[np.minimum(noise, 2)], bent)


def _logarithms(levels: Whole, numbers: MicroNumbers) -> Whole:
    """Natural ones, 64 times as large; the leading bit gives the whole part of the binary one, a bent line
    the rest.
    """
    x = np.maximum(levels << numbers.correction, 1)
    whole = bits_of(x.astype(np.uint64)) - 1
    rest = x - (1 << whole)
    fraction = np.where(whole < 16, rest << np.maximum(16 - whole, 0), rest >> np.maximum(whole - 16, 0))
    segment = fraction >> 9
    low = BENDS[segment]
    bent = low + ((BENDS[segment + 1] - low) * (fraction - (segment << 9)) >> 16)
    binary = (whole << _LOG_BITS) + fraction + bent
    natural = _LN2 * binary + 32768 >> 16
    return np.asarray(np.minimum(LOG_SCALE * natural + 32768 >> 16, _LARGEST))


def _quantized(weights: npt.NDArray[np.float32], real: str) -> Whole:
    return np.asarray(np.floor(weights.astype(real) * (1 << WINDOW_BITS) + 0.5), np.int64)


def _unit(phases: npt.NDArray[np.float64]) -> Whole:
    pairs = np.stack([np.cos(phases), np.sin(phases)], axis=-1)
    return np.asarray(np.floor(0.5 + _LARGEST * pairs), np.int64)


def _mel(hertz: npt.NDArray[np.float32], real: str) -> npt.NDArray[np.float32]:
    return np.asarray(1127 * np.log1p(hertz.astype(real) / 700), np.float32)


def _bands(form: AudioForm, real: str) -> tuple[Whole, Whole, npt.NDArray[np.float32]]:
    """The first bin and the number of them of each band, and what each bin gives to its own; a band below the
    lowest comes first.
    """
    low, high = _mel(np.array([form.low_hz, form.high_hz], np.float32), real)
    spacing = np.float32((high - low) / np.float32(form.mel_bands + 1))
    centres = low + spacing * np.arange(1, form.mel_bands + 2, dtype=np.float32)
    width = np.float32(form.sample_rate / form.fft)
    first = int(1.5 + form.low_hz / width)
    bins = _mel(np.arange(form.fft // 2 + 1, dtype=np.float32) * width, real)
    edges = np.maximum(np.searchsorted(bins, centres, side="right"), first)
    starts = np.concatenate([[first], edges[:-1]])
    band = np.repeat(np.arange(len(centres)), edges - starts)
    below = np.concatenate([[low], centres[:-1]]).astype(np.float32)
    inside = bins[first : edges[-1]]
    return starts, edges - starts, (centres[band] - inside) / (centres[band] - below[band])


def _gains(input_bits: int) -> Whole:
    """Of noises 0 and 1, then three numbers of a parabola and one unused for each magnitude from 2 on."""
    gains = np.zeros(4 * 32 - 3, np.int64)
    gains[:2] = _gain_at(0, input_bits), _gain_at(1, input_bits)
    for bits in range(2, 33):
        first = 1 << (bits - 1)
        last = first + (first - 1 if bits == 32 else first)
        at = [_gain_at(noise, input_bits) for noise in (first, first + first // 2, last)]
        rise, whole = at[1] - at[0], at[2] - at[0]
        bend = 4 * rise - whole
        gains[4 * bits - 6 : 4 * bits - 3] = at[0], bend, whole - bend
    return gains


def _gain_at(noise: int, input_bits: int) -> int:
    level = np.float32(np.float32(noise) / np.float32(1 << input_bits) + np.float32(_OFFSET))
    gain = np.float32(1 << _GAIN_BITS) * np.power(level, np.float32(-_STRENGTH))
    return _LARGEST if gain > _LARGEST else int(gain + np.float32(0.5))
