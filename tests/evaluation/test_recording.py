"""A long recording from samples to triggers: all of the chain in C, the judgement in Python."""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from click.testing import CliRunner

from tests.frontends.test_made import model
from tests.frontends.test_trigger import words
from tests.lib.bundles import run_sources
from tests.lib.schema import validate
from tinyml_compress.cli.evaluate import command
from tinyml_compress.data.audio import read_wav
from tinyml_compress.errors import DataError, UsageError
from tinyml_compress.evaluation.events import events_of
from tinyml_compress.frontends.trigger import Watch
from tinyml_compress.pipeline.compile.call import compile_c
from tinyml_compress.pipeline.compile.front_end import manifest_preprocessing, rows_of
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.pipeline.evaluate.recording import listen
from tinyml_compress.pipeline.export.verb import export
from tinyml_compress.pipeline.measure.verb import benchmark
from tinyml_compress.results import Listening, decoded, encoded
from tinyml_compress.runners import native

REPO = Path(__file__).parents[2]
RATE, SECONDS = 8000, 12
EVENTS = [(1.0, 1.4, 0), (3.0, 3.3, 1), (4.0, 4.4, 0), (7.0, 7.5, 1), (9.0, 9.1, 0)]


def _write(path: Path, samples: npt.NDArray[np.int16], rate: int = RATE) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, a recording, and what happens in it: louder noise."""
    folder, rng = tmp_path_factory.mktemp("long"), np.random.default_rng(0)
    loud = np.full(RATE * SECONDS, 30.0)
    for start, end, label in EVENTS:
        loud[int(start * RATE) : int(end * RATE)] = 4000 * (1 + label)
    _write(folder / "long.wav", np.clip(rng.normal(0, loud), -32768, 32767).astype(np.int16))
    events = [{"start": start, "end": end, "label": label} for start, end, label in EVENTS]
    (folder / "events.json").write_text(json.dumps({"events": events}))
    model(folder)
    return folder


def _listened(folder: Path, **more: Any) -> Listening:
    options: dict[str, Any] = {"smoothing": 4, "refractory_ms": 200.0, "false_accepts": 1000.0, **more}
    return listen(folder / "kws.tflite", folder / "long.wav", folder / "events.json", **options)


@pytest.fixture(scope="module")
def done(folder: Path) -> Listening:
    return _listened(folder)


def test_counts_are_those_of_numpy_and_of_the_trigger_in_c(folder: Path, done: Listening) -> None:
    """All of the chain anew: features of numpy, the net window by window, the trigger stage in C."""
    content = (folder / "kws.tflite").read_bytes()
    done_to, program = manifest_preprocessing(folder / "kws.tflite"), compile_model(content, "kws")
    with wave.open(str(folder / "long.wav")) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int16)
    assert done_to.audio is not None
    rows, frames = rows_of(samples, done_to, done_to.audio, program.inputs[0]), done_to.audio.frames
    windows = np.lib.stride_tricks.sliding_window_view(rows, frames, axis=0).transpose(0, 2, 1)
    inputs = [[np.ascontiguousarray(window).reshape(program.inputs[0].shape)] for window in windows]
    scores = np.stack([row[0].reshape(-1) for row in native.answers(program, inputs)])
    assert done.steps == len(scores)
    port, hop = program.outputs[0], done_to.audio.hop
    watched = tuple(
        Watch(one.output, one.name, one.smoothing, one.chosen.threshold, one.refractory)
        for one in done.watched
    )
    for bit, one in enumerate(done.watched):
        fired = [step for step, word in enumerate(words(watched, port.dtype, scores)) if word >> bit & 1]
        times = [((step + frames - 1) * hop + done_to.audio.window) / RATE for step in fired]
        mine = [(start, end) for start, end, label in EVENTS if label == one.output]
        right = {
            next((start for start, end in mine if start <= time <= end + 0.5), None) for time in times
        } - {None}
        assert one.chosen.missed == len(mine) - len(right)
        assert one.chosen.false_accepts == len(times) - len(right)


def test_thresholds_come_from_the_curve(folder: Path, done: Listening) -> None:
    for one in done.watched:
        assert one.chosen in one.curve
        within = [point for point in one.curve if point.per_hour <= 1000]
        assert one.chosen.missed == min(point.missed for point in within)
        last = one.curve[-1]
        assert (last.false_accepts, last.missed) == (0, one.events), "the highest threshold hears nothing"
    assert sum(one.events for one in done.watched) == len(EVENTS)
    strict = _listened(folder, false_accepts=0.0)
    assert strict.false_accepts == 0
    assert strict.missed >= done.missed


def test_it_comes_back_and_follows_the_schema(done: Listening) -> None:
    document = json.loads(json.dumps(encoded(done)))
    assert decoded(Listening, document) == done
    validate(document)
    text = done.summary()
    assert f"{done.missed} of {len(EVENTS)} events" in text
    page = done.html()
    assert "Thresholds: false accepts and missed events" in page
    assert "chosen for" in page


def test_thresholds_of_one_recording_judge_another(folder: Path, done: Listening, tmp_path: Path) -> None:
    chosen = tmp_path / "chosen.json"
    chosen.write_text(json.dumps(encoded(done)))
    again = _listened(folder, trigger=chosen, false_accepts=0.0)
    assert again.allowed_per_hour is None
    assert [one.chosen for one in again.watched] == [one.chosen for one in done.watched]
    compiled = compile_c(folder / "kws.tflite", output=tmp_path / "c", trigger=chosen)
    assert {"kws_trigger.c", "kws_trigger.h"} <= set(compiled.files)
    sources = {path.name: path.read_text() for path in (tmp_path / "c").iterdir() if path.suffix in ".c.h"}
    assert run_sources(sources).returncode == 0
    assert "kws_trigger_step" in (tmp_path / "c" / "README.md").read_text()
    exported = export(
        folder / "kws.tflite", output=tmp_path / "e", format="cmake", name="kws", trigger=chosen
    )
    assert any(Path(path).name == "kws_trigger.c" for path in exported.files)
    (run,) = benchmark(folder / "kws.tflite", "nucleo-l4r5zi", vectors=1, trigger=chosen).runs
    assert run.trigger is not None
    assert run.trigger.as_in_python
    assert 0 < run.trigger.instructions < 100 * run.trigger.classes
    assert run.trigger.ram < 400
    assert "a step for" in run.trigger.shown
    other = tmp_path / "other.json"
    other.write_text(json.dumps({**encoded(done), "model_sha256": "0" * 64}))
    with pytest.raises(DataError, match="another model"):
        compile_c(folder / "kws.tflite", output=tmp_path / "d", trigger=other)
    other.write_text(json.dumps({"verb": "evaluate"}))
    with pytest.raises(DataError, match="no trigger stage"):
        compile_c(folder / "kws.tflite", output=tmp_path / "d", trigger=other)


def test_the_command_says_what_it_needs(folder: Path) -> None:
    words_given = [str(folder / "kws.tflite"), "--recording", str(folder / "long.wav")]
    for more in ([], ["--smoothing", "3", "--data", "data:digits"]):
        done = CliRunner().invoke(command, [*(words_given if not more else words_given[:1]), *more])
        assert done.exit_code == 2
        assert "--recording FILE with --events FILE" in done.output


def test_a_net_that_answers_seldom(folder: Path, done: Listening) -> None:
    seldom = _listened(folder, every=5)
    assert seldom.step_ms == 5 * done.step_ms
    assert seldom.steps == 1 + (done.steps - 1) // 5


def test_what_does_not_fit_is_named(folder: Path, tmp_path: Path) -> None:
    kws, events = folder / "kws.tflite", folder / "events.json"
    silence = np.zeros(RATE, np.int16)
    with pytest.raises(DataError, match="another sample rate"):
        listen(kws, _write(tmp_path / "a.wav", silence, 16000), events)
    with pytest.raises(DataError, match="too short"):
        listen(kws, _write(tmp_path / "a.wav", silence[:100]), events)
    with pytest.raises(DataError, match="behind the end"):
        listen(kws, _write(tmp_path / "a.wav", silence), events)
    (tmp_path / "events.json").write_text('[{"start": 0, "end": 1, "label": "yes"}]')
    with pytest.raises(DataError, match="no class"):
        listen(kws, folder / "long.wav", tmp_path / "events.json")
    (tmp_path / "bare.tflite").write_bytes(kws.read_bytes())
    with pytest.raises(UsageError, match="no front end"):
        listen(tmp_path / "bare.tflite", folder / "long.wav", events)


def test_the_program_that_makes_recordings(tmp_path: Path) -> None:
    """Events are where words were put, clips are of a second, and the same seed gives the same bytes."""
    rng = np.random.default_rng(0)
    for word in ("no", "yes"):
        (tmp_path / "words" / word).mkdir(parents=True)
        for speaker in ("ann", "bob"):
            sound = rng.normal(0, 5000, 3000).astype(np.int16)
            _write(tmp_path / "words" / word / f"{speaker}_0.wav", sound)
    made = []
    for name in ("a.wav", "b.wav"):
        call = [sys.executable, REPO / "examples" / "long_recording.py", tmp_path / "words"]
        call += ["-o", tmp_path / name, "--minutes", "0.5", "--only", "ann*", "--clips", tmp_path / "clips"]
        subprocess.run([*map(str, call)], check=True, capture_output=True)
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]
    events = events_of(json.loads((tmp_path / "a.json").read_text()), "a.json")
    assert {event.label for event in events} == {"no", "yes"}
    samples, rate = read_wav(tmp_path / "a.wav")
    assert len(samples) == 30 * rate
    for event in events:
        assert event.end - event.start == pytest.approx(3000 / RATE, abs=1e-3)
        heard = samples[round(event.start * rate) : round(event.end * rate)]
        assert heard.std() > 4 * np.median(np.abs(samples))
    assert {path.name for path in (tmp_path / "clips").iterdir()} == {"no", "none", "yes"}
    assert all(len(read_wav(path)[0]) == RATE for path in (tmp_path / "clips").rglob("*.wav"))
