"""WAV files, and the features that keyword spotters take."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress.data.preprocessing import AudioForm, Features
from tinyml_compress.errors import DataError
from tinyml_compress.support import files

__all__ = ["features_of", "read_wav"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
_FLOOR = 1e-6
_LARGEST = 128 << 20


def read_wav(path: Path) -> tuple[Doubles, int]:
    """Samples between -1 and 1, channels averaged, and the sample rate."""
    try:
        with wave.open(io.BytesIO(files.content(path, _LARGEST))) as file:
            width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
            raw = file.readframes(file.getnframes())
    except (wave.Error, EOFError, OSError, RuntimeError, ValueError) as error:
        raise DataError(
            "the sound cannot be read",
            which=path,
            found=str(error) or type(error).__name__,
            allowed="WAV with integer samples (PCM) of 8, 16, 24 or 32 bits",
        ) from error
    if not 1 <= width <= 4 or channels < 1:
        raise DataError(
            "the sound cannot be read",
            which=path,
            found=f"samples of {8 * width} bits, {channels} channels",
            allowed="WAV with integer samples (PCM) of 8, 16, 24 or 32 bits",
        )
    whole = len(raw) // (width * channels) * width * channels
    if whole == 0:
        raise DataError("the sound is empty", which=path)
    if width == 1:
        samples = np.frombuffer(raw[:whole], np.uint8).astype(np.float64) / 128 - 1
    else:
        # Little-endian integers of `width` bytes, put into the upper bytes of 32 bits: the sign comes along.
        words = np.zeros((whole // width, 4), np.uint8)
        words[:, 4 - width :] = np.frombuffer(raw[:whole], np.uint8).reshape(-1, width)
        samples = words.view("<i4").reshape(-1).astype(np.float64) / 2**31
    return samples.reshape(-1, channels).mean(axis=1), rate


def features_of(samples: Doubles, form: AudioForm) -> Floats:
    """What `form` describes, of shape `form.shape`."""
    fitted = np.zeros(form.samples)
    fitted[: min(len(samples), form.samples)] = samples[: form.samples]
    if form.features is Features.WAVE:
        return fitted.astype(np.float32).reshape(form.shape)
    starts = np.arange(form.frames) * form.hop
    frames = fitted[starts[:, None] + np.arange(form.window)]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(form.window) / form.window)
    power = np.abs(np.fft.rfft(frames * hann, form.fft)) ** 2
    logs = np.log(power @ _mel_triangles(form) + _FLOOR)
    if form.features is Features.MFCC:
        logs = logs @ _cosines(form.mel_bands, form.coefficients)
    return np.asarray(logs, dtype=np.float32).reshape(form.shape)


def _mel_triangles(form: AudioForm) -> Doubles:
    """(fft / 2 + 1, mel_bands): triangles of height 1 with equal distances in mel."""

    def mel(hertz: Doubles | float) -> Doubles:
        return np.asarray(2595 * np.log10(1 + np.asarray(hertz) / 700))

    edges = np.linspace(mel(form.low_hz), mel(form.high_hz), form.mel_bands + 2)
    bins = mel(np.fft.rfftfreq(form.fft, 1 / form.sample_rate))[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.maximum(0, np.minimum(rising, falling))


def _cosines(bands: int, coefficients: int) -> Doubles:
    """The orthonormal DCT-II as a matrix (bands, coefficients)."""
    order, place = np.arange(coefficients), np.arange(bands)
    matrix = np.sqrt(2 / bands) * np.cos(np.pi / bands * (place[:, None] + 0.5) * order)
    matrix[:, 0] = np.sqrt(1 / bands)
    return np.asarray(matrix)
