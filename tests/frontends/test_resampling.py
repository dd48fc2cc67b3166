"""From a microphone's rate to a model's: tones stay tones, and C gives what numpy gives."""

from __future__ import annotations

import ctypes
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.frontends.test_c import PREPROCESSING, port_of
from tinyml_compress import data
from tinyml_compress.data.audio import features_of
from tinyml_compress.data.description import audio_form
from tinyml_compress.data.front_end import preprocessing_in
from tinyml_compress.errors import ConfigError, DataError
from tinyml_compress.frontends.preprocessing import Preprocessing
from tinyml_compress.frontends.resampling import resampler
from tinyml_compress.pipeline.compile.front_end import front_end
from tinyml_compress.runners import toolchain

RATES = [
    (48000, 16000),
    (44100, 16000),
    (8000, 16000),
    (22050, 16000),
    (16000, 8000),
    (32000, 8000),
    (192000, 8000),
]


def tone(hertz: float, rate: int, seconds: float = 0.5) -> npt.NDArray[np.int16]:
    phase = 2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate
    return np.round(20000 * np.sin(phase)).astype(np.int16)


@pytest.mark.parametrize(("source", "wanted"), RATES)
def test_tones_stay_what_they_are(source: int, wanted: int) -> None:
    """What fits into both rates comes with its loudness and no more than a 1,000th of other things; what does
    not is gone.
    """
    numbers = resampler(source, wanted)
    for hertz in (300, 0.35 * min(source, wanted)):
        found = numbers.resampled(tone(hertz, source))[300:].astype(float)
        assert len(found) == wanted // 2 - 300
        time = np.arange(len(found)) / wanted
        waves = np.stack([np.sin(2 * np.pi * hertz * time), np.cos(2 * np.pi * hertz * time)], axis=1)
        shares = np.linalg.lstsq(waves, found, rcond=None)[0]
        assert 0.99 < np.hypot(*shares) / 20000 < 1.01
        assert np.std(found - waves @ shares) < 20
    if source > wanted:
        assert np.std(numbers.resampled(tone(0.6 * wanted, source))[300:]) < 10
    assert np.abs(numbers.rows).sum(axis=1).max() * 32768 + (1 << 14) < 2**31, "sums stay in 32 bits"
    assert (numbers.rows.sum(axis=1) == 1 << 15).all()


@pytest.mark.parametrize(("source", "wanted"), [*RATES[:4], (48000, 8000)])
def test_c_gives_the_same_samples(source: int, wanted: int) -> None:
    """Noise as loud as can be, square waves and silence, in pieces of any size."""
    form = audio_form(wanted, 0.1, window_ms=20.0, high_hz=3900.0, source_rate=source)
    program = front_end("net", [port_of(form)], Preprocessing(PREPROCESSING.scale, audio=form))
    assert program is not None
    flags = (*toolchain.HOST_FLAGS, *toolchain.WARNINGS)
    library = ctypes.CDLL(str(toolchain.library(program.files, flags=flags)))
    library.net_resampler_run.restype = ctypes.c_size_t
    rng = np.random.default_rng(0)
    parts = [
        rng.choice([-32768, 32767], 3000),
        np.where(np.arange(2000) // 40 % 2, 32767, -32768),
        np.zeros(500),
    ]
    samples = np.concatenate(parts).astype(np.int16)
    wanted_samples = resampler(source, wanted).resampled(samples)
    memory, room = np.full(4096, 0xA5, np.uint8), np.zeros(40000, np.int16)
    at = ctypes.c_void_p(memory.ctypes.data)
    for chunk in (1, 333):
        library.net_resampler_start(at)
        done = 0
        for start in range(0, len(samples), chunk):
            piece = np.ascontiguousarray(samples[start : start + chunk])
            done += library.net_resampler_run(
                at,
                ctypes.c_void_p(piece.ctypes.data),
                ctypes.c_size_t(len(piece)),
                ctypes.c_void_p(room.ctypes.data + 2 * done),
            )
        assert room[:done].tolist() == wanted_samples.tolist()


def test_a_set_is_resampled(tmp_path: Path) -> None:
    for word in ("a", "b"):
        (tmp_path / "set" / word).mkdir(parents=True)
        for index in range(3):
            with wave.open(str(tmp_path / "set" / word / f"{index}.wav"), "wb") as file:
                file.setparams((1, 2, 44100, 0, "NONE", ""))
                file.writeframes(tone(700, 44100, 1.0).tobytes())
    description = tmp_path / "d.toml"
    description.write_text('path = "set"\n[audio]\nsource-rate = 44100\n')
    found = data.load(description)
    form = audio_form(source_rate=44100)
    assert found.preprocessing.audio == form
    assert preprocessing_in(tmp_path, {"preprocessing": found.preprocessing.as_json()}).audio == form
    heard = resampler(44100, 16000).resampled(tone(700, 44100, 1.0)) / 32768
    assert np.array_equal(found.inputs[0], features_of(heard, form))
    description.write_text('path = "set"\n[audio]\nsource-rate = 48000\n')
    with pytest.raises(DataError, match="another sample rate"):
        data.load(description)
    description.write_text('path = "set"\n[audio]\nsource-rate = 44101\n')
    with pytest.raises(ConfigError, match="too little in common"):
        data.load(description)
