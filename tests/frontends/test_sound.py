"""Features in whole numbers: close to double precision, the same for silence, never out of range."""

from __future__ import annotations

import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tinyml_compress import data
from tinyml_compress.data.audio import features_of
from tinyml_compress.data.description import audio_form
from tinyml_compress.data.front_end import preprocessing_in
from tinyml_compress.errors import ConfigError, DataError
from tinyml_compress.frontends.inputs import FRACTION, input_numbers
from tinyml_compress.frontends.preprocessing import Arithmetic, AudioForm, Features, Preprocessing, c_header

FORMS = {
    "mfcc": audio_form(),
    "30 ms": audio_form(window_ms=30.0),
    "log-mel": audio_form(features=Features.LOG_MEL, window_ms=32.0, mel_bands=64, high_hz=8000.0),
    "odd": audio_form(11025, 0.9, window_ms=13.7, hop_ms=21.3, mel_bands=17, coefficients=17, low_hz=0.0),
    "cleaned": audio_form(
        8000, window_ms=30.0, mel_bands=39, high_hz=3900.0, remove_dc=True, pre_emphasis=0.97
    ),
    "raised": audio_form(8000, features=Features.LOG_MEL, window_ms=33.0, pre_emphasis=0.9),
    "short": audio_form(8000, 0.1, window_ms=4.0, hop_ms=1.0, mel_bands=4, coefficients=4),
    "shortest": audio_form(1000, 0.1, window_ms=2.0, hop_ms=7.0, mel_bands=2, coefficients=2, high_hz=500.0),
}


SMALL = 2.0**-6


def speech_like(form: AudioForm, loudness: float, seed: int = 0) -> npt.NDArray[np.float64]:
    """Harmonics of a gliding pitch that come and go, formants, breath, and a pause in the middle."""
    rng = np.random.default_rng(seed)
    time = np.arange(form.samples) / form.sample_rate
    pitch = rng.uniform(90, 220) * (1 + 0.2 * np.sin(5 * time))
    phase = 2 * np.pi * np.cumsum(pitch) / form.sample_rate
    sound = sum(np.sin(order * phase) / order**1.5 for order in range(1, 20))
    sound = sound * (np.sin(12 * time) ** 2) + 0.02 * rng.normal(size=form.samples)
    sound[form.samples // 2 : form.samples // 2 + form.samples // 5] *= 1e-3
    return np.round(np.clip(sound / np.abs(sound).max() * loudness, -1, 1) * 32767) / 32768


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("decibels", [0, -25, -50, -70])
def test_less_than_a_step_from_double_precision(name: str, decibels: int) -> None:
    """A step of an int8 model is a 255th of what the features span at the least."""
    form = FORMS[name]
    real = replace(form, arithmetic=Arithmetic.FLOAT)
    sounds = [speech_like(form, 10 ** (decibels / 20), seed) for seed in range(6)]
    whole = np.stack([features_of(sound, form) for sound in sounds])
    exact = np.stack([features_of(sound, real) for sound in sounds])
    loud = np.stack([features_of(speech_like(form, 1.0, seed), real) for seed in range(6)])
    axes = tuple(range(loud.ndim - 2))
    step = np.maximum(np.ptp(loud, axis=axes) / 255, SMALL)
    off = np.abs(whole - exact) / step
    assert (off < 1).mean() > 0.995
    assert off.max() < 3


@pytest.mark.parametrize("name", FORMS)
def test_silence_is_exact(name: str) -> None:
    """To a small part of a step: an int8 model gets the same bytes."""
    form = FORMS[name]
    real = features_of(np.zeros(10), replace(form, arithmetic=Arithmetic.FLOAT))
    assert np.abs(features_of(np.zeros(10), form) - real).max() <= SMALL


@pytest.mark.parametrize("name", FORMS)
def test_the_loudest_sounds_stay_in_range(name: str) -> None:
    """No number of the transform leaves 32 bits, whatever the samples are."""
    form = replace(FORMS[name], features=Features.LOG_MEL)
    rng, time = np.random.default_rng(1), np.arange(form.samples)
    sounds = [
        np.full(form.samples, -32768),
        np.where(time // 4 % 2, 32767, -32768),
        np.where(rng.random(form.samples) < 0.5, 32767, -32768),
        np.where(np.sin(time * 0.1) > 0, 32767, -32768),
    ]
    for sound in sounds:
        whole = features_of(sound / 32768, form)
        exact = features_of(sound / 32768, replace(form, arithmetic=Arithmetic.FLOAT))
        heard = exact > exact.max() - np.log(10**6)
        assert np.abs(whole - exact)[heard].max() < 0.02


def test_inputs_are_the_scaled_features() -> None:
    numbers = input_numbers(0.5, (1.0, -3.0, 0.0), (2.0, 0.3, 7.0))
    features = np.random.default_rng(0).integers(-20000, 20000, (50, 3))
    real = (features / 2**FRACTION * 0.5 - [1.0, -3.0, 0.0]) / [2.0, 0.3, 7.0]
    found = numbers.inputs(features)
    assert found.dtype == np.float32
    assert np.abs(found - real).max() <= 2.0 ** -(numbers.bits + 1) + 1e-7
    with pytest.raises(DataError, match="leave the range"):
        input_numbers(1e30, (0.0,), (1.0,))
    with pytest.raises(DataError, match="leave the range"):
        input_numbers(1.0, (1e12,), (1.0,))


@pytest.mark.parametrize("arithmetic", ["fixed", "float"])
def test_descriptions_and_manifests_say_which(tmp_path: Path, arithmetic: str) -> None:
    for word in ("a", "b"):
        (tmp_path / "set" / word).mkdir(parents=True)
        for index in range(3):
            with wave.open(str(tmp_path / "set" / word / f"{index}.wav"), "wb") as file:
                file.setparams((1, 2, 16000, 0, "NONE", ""))
                noise = np.random.default_rng(index).integers(-3000, 3000, 16000)
                file.writeframes(noise.astype("<i2").tobytes())
    said = "" if arithmetic == "fixed" else 'arithmetic = "float"\n'
    (tmp_path / "d.toml").write_text(
        f'path = "set"\n[audio]\n{said}[values]\nmean = "train"\nstd = "train"\n'
    )
    found = data.load(f"{tmp_path}/d.toml:train")
    assert found.preprocessing.audio == audio_form(arithmetic=Arithmetic(arithmetic))
    assert abs(found.inputs.mean()) < 1e-3
    shown = {"preprocessing": found.preprocessing.as_json()}
    assert preprocessing_in(tmp_path, shown) == found.preprocessing
    del shown["preprocessing"]["audio"]["arithmetic"]  # type: ignore[attr-defined]
    assert preprocessing_in(tmp_path, shown).audio == audio_form(arithmetic=Arithmetic.FLOAT)


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("pre-emphasis = 1.0", "pre-emphasis"),
        ('remove-dc = "yes"', "remove-dc"),
        ('features = "wave"\nremove-dc = true', "go with log-mel"),
        ('features = "micro"\narithmetic = "float"', "has whole numbers"),
        ('features = "micro"\nwindow-ms = 1', "no such transform"),
        ("sample-rate = 192000\nwindow-ms = 400\nremove-dc = true", "too long for its mean"),
    ],
)
def test_what_cannot_be_cleaned_is_refused(tmp_path: Path, said: str, what: str) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "d.toml").write_text(f'path = "set"\n[audio]\n{said}\n')
    with pytest.raises(ConfigError, match=what):
        data.load(tmp_path / "d.toml")


def test_a_cleaned_form_comes_back_from_its_manifest(tmp_path: Path) -> None:
    done = Preprocessing(audio=FORMS["cleaned"])
    assert preprocessing_in(tmp_path, {"preprocessing": done.as_json()}) == done
    assert "#define NET_AUDIO_REMOVE_DC 1" in c_header("net", done)


def test_means_go_and_high_tones_rise() -> None:
    """A frame without its mean sounds like one that never had it."""
    form = FORMS["cleaned"]
    sound = speech_like(form, 0.1)
    shifted = features_of(sound + 500 / 32768, form)
    assert np.abs(shifted - features_of(sound, form)).max() < SMALL


@pytest.mark.parametrize("arithmetic", Arithmetic)
def test_a_wave_is_scaled_samples(arithmetic: Arithmetic) -> None:
    form = audio_form(2000, 0.25, Features.WAVE, arithmetic=arithmetic)
    values = np.array([[0.5], [-1 / 32768]], np.float32)
    found = Preprocessing(scale=3.0, audio=form).apply(values)
    assert found.tolist() == [[1.5], [-3 / 32768]]
    assert features_of(np.full(7, 0.25), form)[:8, 0].tolist() == [0.25] * 7 + [0.0]
