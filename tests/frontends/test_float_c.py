"""The front end in floats: within a step of int8 of whole numbers, on this host and on an emulated FPU."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.frontends.test_c import FLAGS
from tests.frontends.test_made import description, model
from tests.frontends.test_sound import FORMS, speech_like
from tinyml_compress.codegen.front_end import front_end_program
from tinyml_compress.data.audio import in_16_bits
from tinyml_compress.data.description import audio_form
from tinyml_compress.errors import UsageError
from tinyml_compress.frontends.preprocessing import Arithmetic, Features, Preprocessing
from tinyml_compress.frontends.sound import sound_features
from tinyml_compress.ir import DType, Port, Quant
from tinyml_compress.pipeline.compile.call import compile_c
from tinyml_compress.pipeline.compile.front_end import rows_of
from tinyml_compress.pipeline.evaluate.verb import evaluate
from tinyml_compress.pipeline.measure.verb import benchmark
from tinyml_compress.runners import native

BOARD = "nucleo-l4r5zi"


LATER = [one for one in FORMS if one not in ("mfcc", "shortest")]
"""But for the one whose bands are empty, which has nothing to compare."""


@pytest.mark.parametrize("name", ["mfcc", *(pytest.param(one, marks=pytest.mark.full) for one in LATER)])
def test_floats_are_within_a_step_of_int8(name: str) -> None:
    """Of sounds like speech, loud and quiet; most values are equal, and silence is."""
    form = FORMS[name]
    sounds = [in_16_bits(speech_like(form, 10 ** (-20 * seed / 20), seed)) for seed in range(4)]
    features = np.concatenate([sound_features(sound, form) for sound in sounds]) / 2.0**form.fraction
    mean, std = features.mean(axis=0), np.maximum(features.std(axis=0), 0.1)
    low, high = ((features - mean) / std).min(), ((features - mean) / std).max()
    quant = Quant(((high - low) / 255,), (round(-128 - low * 255 / (high - low)),))
    port = Port("input", (form.frames, form.values), DType.INT8, quant, 0, form.frames * form.values)
    done = Preprocessing(mean=tuple(mean), std=tuple(std), audio=form, generated=Arithmetic.FLOAT)
    (front,) = native.load([front_end_program("net", done, form, port)], flags=FLAGS)
    off = []
    for sound in (*sounds, np.zeros(form.window, np.int16)):
        wanted = rows_of(sound, done, form, port).astype(np.int64)
        frames = np.lib.stride_tricks.sliding_window_view(sound, form.window)[:: form.hop]
        rows = [front.invoke([np.ascontiguousarray(frame)])[0].reshape(-1) for frame in frames]
        off.append(np.abs(np.stack(rows).astype(np.int64) - wanted))
    assert max(one.max() for one in off) <= 1
    assert (np.concatenate(off) == 0).mean() > 0.95
    assert not off[-1].any()


def test_boards_with_an_fpu_take_it(tmp_path: Path) -> None:
    path = model(tmp_path)
    description(tmp_path)
    (run,) = benchmark(path, BOARD, vectors=1, frontend="float").runs
    assert run.front_end is not None
    assert run.front_end.steps_off is not None
    assert run.front_end.steps_off <= 1
    assert "in floats" in run.front_end.shown
    data = str(tmp_path / "d.toml")
    heard = evaluate(path, data, target=BOARD, frontend="float", against=path, against_engine="tflm")
    assert heard.agreement is not None
    assert heard.agreement.value == 1.0
    compile_c(path, output=tmp_path / "out", frontend="float", device=BOARD)
    assert "#error" in (tmp_path / "out" / "kws_frontend.c").read_text()


def test_what_cannot_take_it_says_so(tmp_path: Path) -> None:
    path, data = model(tmp_path), str(tmp_path / "d.toml")
    description(tmp_path)
    for board in ("raspberry-pi-pico", "esp32-c3"):
        with pytest.raises(UsageError, match="the core has no floats"):
            benchmark(path, board, frontend="float")
    with pytest.raises(UsageError, match="one of generated C"):
        evaluate(path, data, frontend="float")
    form = replace(
        audio_form(8000, 0.26, Features.MICRO, hop_ms=20.0, mel_bands=6, high_hz=3800.0), coefficients=6
    )
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    for done, what in (
        (Preprocessing(audio=form), "no front end in floats"),
        (Preprocessing(), "is no front end"),
    ):
        (tmp_path / "manifest.json").write_text(json.dumps({**manifest, "preprocessing": done.as_json()}))
        with pytest.raises(UsageError, match=what):
            compile_c(path, output=tmp_path / "out", frontend="float")
