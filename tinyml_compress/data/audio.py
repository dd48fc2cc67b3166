"""WAV files, and the features that keyword spotters take."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import DataError
from tinyml_compress.frontends.numbers import FLOOR, cosines, hann, mel_triangles
from tinyml_compress.frontends.preprocessing import AudioForm, Features
from tinyml_compress.frontends.resampling import resampler
from tinyml_compress.frontends.sound import sound_features
from tinyml_compress.support import files

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
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


def sound_of(path: Path, form: AudioForm) -> Doubles:
    """The samples of a file, at the form's rate."""
    samples, rate = read_wav(path)
    wanted = form.source_rate or form.sample_rate
    if rate != wanted:
        raise DataError(
            "the sound has another sample rate",
            which=path,
            found=f"{rate} Hz",
            allowed=f"{wanted} Hz",
            next_step="set [audio] source-rate in the description: sounds are resampled, in firmware too",
        )
    if wanted == form.sample_rate:
        return samples
    return resampler(wanted, form.sample_rate).resampled(in_16_bits(samples)) / 32768


def features_of(samples: Doubles, form: AudioForm) -> Floats:
    """What `form` describes, of shape `form.shape`."""
    whole = fitted(samples, form)
    if form.features is Features.WAVE:
        values = in_16_bits(whole) / 32768 if form.is_fixed else whole
    elif form.is_fixed:
        values = np.ldexp(sound_features(in_16_bits(whole), form).astype(np.float64), -form.fraction)
    else:
        values = _in_floats(whole, form)
    return values.astype(np.float32).reshape(form.shape)


def fitted(samples: Doubles, form: AudioForm) -> Doubles:
    """Cut to the form's length, or filled with silence."""
    filled = np.zeros(form.samples)
    filled[: min(len(samples), form.samples)] = samples[: form.samples]
    return filled


def in_16_bits(samples: Doubles) -> npt.NDArray[np.int16]:
    """As a converter of 16 bits would give them; those of a file with 16 bits come back as they were."""
    return np.asarray(np.clip(np.floor(samples * 32768 + 0.5), -32768, 32767), np.int16)


def _in_floats(samples: Doubles, form: AudioForm) -> Doubles:
    """(frames, values of one), in float64."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, form.window)[:: form.hop]
    if form.remove_dc:
        frames = frames - frames.mean(axis=1, keepdims=True)
    if form.pre_emphasis:
        before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
        frames = frames - form.pre_emphasis * before
    power = np.abs(np.fft.rfft(frames * hann(form.window), form.fft)) ** 2
    logs = np.log(power @ mel_triangles(form) + FLOOR)
    if form.features is Features.MFCC:
        logs = logs @ cosines(form.mel_bands, form.coefficients)
    return np.asarray(logs)
