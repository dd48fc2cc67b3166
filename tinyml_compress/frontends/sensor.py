"""Features of a sensor's windows in whole numbers: what the generated C computes, bit for bit.

A moment is one number per axis; a window of them becomes statistics of each axis, in counts of the sensor,
and energies of bands of frequency.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyml_compress.frontends.inputs import FRACTION
from tinyml_compress.frontends.preprocessing import Arithmetic, AudioForm, Features
from tinyml_compress.frontends.sensor_form import SensorForm, Statistic
from tinyml_compress.frontends.sound import sound_features

Whole = npt.NDArray[np.int64]
Samples = npt.NDArray[np.int16]


def sensor_samples(values: npt.NDArray[np.generic], counts: float) -> Samples:
    """(count, moments * axes): a set's values in counts, as a converter of 16 bits gives them."""
    whole = np.floor(values.reshape(len(values), -1).astype(np.float64) * counts + 0.5)
    return np.asarray(np.clip(whole, -32768, 32767), np.int16)


def sensor_features(samples: Samples, form: SensorForm) -> Whole:
    """(frames, values of one), with `form.fraction` bits behind the point, of all whole windows."""
    moments = samples.astype(np.int64)[: len(samples) // form.axes * form.axes].reshape(-1, form.axes)
    if not form.window:
        return moments
    windows = np.lib.stride_tricks.sliding_window_view(moments, form.window, axis=0)[:: form.step]
    parts = [_STATISTICS[one](windows)[..., None] for one in form.statistics]
    if form.bands:
        flat = np.ascontiguousarray(windows, np.int16).reshape(-1)
        parts.append(sound_features(flat, spectrum_of(form)).reshape(*windows.shape[:2], form.bands))
    return np.asarray(np.concatenate(parts, axis=2).reshape(len(windows), -1))


def spectrum_of(form: SensorForm) -> AudioForm:
    """A window of an axis, without its mean, as a sound."""
    return AudioForm(
        sample_rate=form.rate,
        samples=form.window,
        features=Features.LOG_MEL,
        window=form.window,
        hop=form.window,
        fft=1 << max(form.window - 1, 1).bit_length(),
        mel_bands=form.bands,
        coefficients=1,
        low_hz=0.0,
        high_hz=form.rate / 2,
        arithmetic=Arithmetic.FIXED,
        remove_dc=True,
    )


def _means(windows: Whole) -> Whole:
    length = windows.shape[2]
    return np.asarray(((windows.sum(axis=2) << FRACTION) + length // 2) // length)


def _deviations(windows: Whole) -> Whole:
    length, total = windows.shape[2], windows.sum(axis=2)
    squares = (windows * windows).sum(axis=2)
    spread = (length * squares - total * total << 8) // length  # in two steps: all of it keeps below 2^63
    return _roots((spread << 2 * FRACTION - 8) // length)


def _effective(windows: Whole) -> Whole:
    return _roots(((windows * windows).sum(axis=2) << 2 * FRACTION) // windows.shape[2])


def _crossings(windows: Whole) -> Whole:
    """How often an axis goes from one side of its mean to the other."""
    above = windows * windows.shape[2] > windows.sum(axis=2, keepdims=True)
    return np.asarray((above[..., 1:] != above[..., :-1]).sum(axis=2) << FRACTION)


def _ranges(windows: Whole) -> Whole:
    return np.asarray((windows.max(axis=2) - windows.min(axis=2)) << FRACTION)


def _roots(values: Whole) -> Whole:
    """Rounded down."""
    roots = np.sqrt(values.astype(np.float64)).astype(np.int64)
    roots -= roots * roots > values
    return np.asarray(roots + ((roots + 1) * (roots + 1) <= values))


_STATISTICS = {
    Statistic.MEAN: _means,
    Statistic.STD: _deviations,
    Statistic.RMS: _effective,
    Statistic.CROSSINGS: _crossings,
    Statistic.RANGE: _ranges,
}
