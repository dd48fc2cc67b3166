"""The micro front end against the two libraries that others train with, value by value."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import pytest

from tinyml_compress.data.description import audio_form
from tinyml_compress.frontends.micro import micro_features
from tinyml_compress.frontends.preprocessing import AudioForm, Features

SINGLE = "6989c206ff1e650bd915de793bbf40c135eb4df6afb885d77680f333cffcda7b"
"""Of the features that pymicro-features 2.0.2 makes of `sounds`, times 25.6, as int64."""


def sounds(count: int) -> npt.NDArray[np.int16]:
    """Silence, hisses of every loudness, square waves, clicks and the lowest number, one behind the other;
    whole numbers alone, so that they are the same everywhere.
    """
    rng, time = np.random.default_rng(0), np.arange(count)
    parts = [
        np.zeros(count),
        *(rng.integers(-loud, loud + 1, count) for loud in (1, 40, 700, 9000, 32767)),
        *(np.where(time // half % 2, 32767, -32768) for half in (2, 18, 71)),
        *(9000 * (time // half % 2) + rng.integers(-900, 900, count) for half in (5, 33)),
        32767 * (time % 997 == 0),
        np.full(count, -32768),
    ]
    return np.concatenate(parts).astype(np.int16)


def form_of(rate: int, window: int, hop: int, bands: int, low: float, high: float) -> AudioForm:
    return audio_form(rate, 1.0, Features.MICRO, window, hop, bands, 1, low, high)


@pytest.mark.parametrize(
    "said",
    [
        (16000, 30, 20, 40, 125.0, 7500.0),
        (16000, 25, 10, 32, 125.0, 7500.0),
        (16000, 40, 20, 40, 20.0, 7600.0),
        (8000, 32, 20, 20, 60.0, 3800.0),
        (44100, 25, 10, 64, 80.0, 15000.0),
    ],
)
def test_it_is_the_one_of_tensorflow(said: tuple[int, int, int, int, float, float]) -> None:
    import tensorflow
    from tensorflow.lite.experimental.microfrontend.python.ops.audio_microfrontend_op import (
        audio_microfrontend,
    )

    rate, window, hop, bands, low, high = said
    heard = sounds(rate // 4)
    theirs = audio_microfrontend(
        tensorflow.constant(heard),
        sample_rate=rate,
        window_size=window,
        window_step=hop,
        num_channels=bands,
        lower_band_limit=low,
        upper_band_limit=high,
    )
    assert np.array_equal(micro_features(heard, form_of(*said)), np.asarray(theirs))


def test_tables_of_single_precision_are_those_of_pymicro_features() -> None:
    form = audio_form(16000, 1.0, Features.MICRO_SINGLE, 30.0, 10.0, low_hz=125.0, high_hz=7500.0)
    rows = micro_features(sounds(4000), form)
    assert hashlib.sha256(rows.astype("<i8").tobytes()).hexdigest() == SINGLE
