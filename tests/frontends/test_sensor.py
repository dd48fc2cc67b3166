"""Windows of a sensor: features near those of double precision, and from a set to answers through the C."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.lib.graphs import model as graph_model
from tests.lib.graphs import tensor
from tinyml_compress import data
from tinyml_compress.data.front_end import preprocessing_in
from tinyml_compress.errors import ConfigError, DataError
from tinyml_compress.frontends.preprocessing import c_header
from tinyml_compress.frontends.sensor import sensor_features
from tinyml_compress.frontends.sensor_form import SensorForm, Statistic
from tinyml_compress.ir import Attrs
from tinyml_compress.pipeline.evaluate.evaluator import evaluator
from tinyml_compress.pipeline.evaluate.verb import on_target
from tinyml_compress.pipeline.measure.verb import benchmark

FORM = SensorForm(100, 200, 3, 1.0, 50, 25, tuple(Statistic), 6)
SENSOR = """
rate = 50
counts = 2048
window = 32
step = 16
statistics = ["mean", "std", "rms", "crossings", "range"]
bands = 4
"""


def test_statistics_are_those_of_double_precision() -> None:
    rng = np.random.default_rng(0)
    for loudness in (1, 30, 4000):
        moments = np.round(rng.normal(100, loudness, (200, 3))).astype(np.int16)
        whole = np.ldexp(sensor_features(moments.reshape(-1), FORM).astype(float), -FORM.fraction)
        rows = whole.reshape(7, 3, 11)
        for index, row in enumerate(rows):
            window = moments[25 * index : 25 * index + 50].astype(float)
            above = window > window.mean(axis=0)
            exact = [
                window.mean(axis=0),
                window.std(axis=0),
                np.sqrt((window**2).mean(axis=0)),
                (above[1:] != above[:-1]).sum(axis=0),
                np.ptp(window, axis=0),
            ]
            assert np.abs(row[:, :5].T - exact).max() <= 2**-9


def test_bands_tell_slow_from_fast() -> None:
    """And a constant, such as gravity, from nothing else."""
    form = replace(FORM, axes=1, statistics=())
    time = np.arange(form.moments) / form.rate
    slow, fast = (np.round(3000 * np.sin(2 * np.pi * hertz * time)) for hertz in (6, 40))
    means = [sensor_features(wave.astype(np.int16), form).mean(axis=0) for wave in (slow, fast, slow + 9000)]
    assert means[0].argmax() < 2
    assert means[1].argmax() > 3
    assert np.array_equal(means[2], means[0])


def described(folder: Path, sensor: str = SENSOR) -> Path:
    rng = np.random.default_rng(1)
    labels = np.arange(20) % 2
    shake = rng.normal(0, 1, (20, 96, 3)) * (0.1 + 0.4 * labels[:, None, None])
    np.savez(folder / "set.npz", x=(shake + np.array([0, 0, 1])).astype(np.float32), y=labels)
    path = folder / "set.toml"
    path.write_text(f'path = "set.npz"\n[sensor]{sensor}[values]\nmean = "train"\nstd = "train"\n')
    return path


def test_from_moments_to_answers(tmp_path: Path) -> None:
    """Here and on a board, each feature with its own mean and deviation."""
    loaded = data.load(described(tmp_path))
    assert loaded.sample_shape == (5, 27)
    assert len(loaded.preprocessing.mean) == 27
    shown = {"preprocessing": loaded.preprocessing.as_json()}
    assert preprocessing_in(tmp_path, shown) == loaded.preprocessing
    assert "#define NET_SENSOR_AXES 3" in c_header("net", loaded.preprocessing)
    shape = (1, *loaded.sample_shape)
    path = tmp_path / "net.tflite"
    path.write_bytes(graph_model("RELU", [tensor("x", shape, 1 / 32)], tensor("y", shape, 1 / 32), Attrs()))
    ours = evaluator(path, "aot").predict(loaded)
    assert ours.tolist() == evaluator(path, "tflm").predict(loaded).tolist()
    assert ours.tolist() == on_target(path, "auto", "nucleo-l4r5zi").predict(loaded).tolist()
    assert len(np.unique(ours)) > 50
    (run,) = benchmark(path, "nucleo-l4r5zi", vectors=1, data=str(tmp_path / "set.toml")).runs
    assert run.front_end is not None
    assert run.front_end.as_in_training
    assert run.front_end.every_ms == pytest.approx(320)
    stages = [stage.name for stage in run.front_end.stages]
    assert stages == ["statistics", "spectrum", "inputs", "between stages"]


def test_moments_as_they_are(tmp_path: Path) -> None:
    loaded = data.load(described(tmp_path, "\nrate = 50\ncounts = 2048\n"))
    assert loaded.sample_shape == (96, 3)
    assert loaded.inputs.std(axis=(0, 1)) == pytest.approx(np.ones(3), abs=0.2)


@pytest.mark.parametrize(
    ("sensor", "what"),
    [
        ("\nrate = 50\nwindow = 32\n", "a window goes with"),
        ("\nrate = 50\nbands = 4\n", "a window goes with"),
        ("\nrate = 50\nwindow = 3\nbands = 4\n", "too short for bands"),
        ('\nrate = 50\nwindow = 32\nstatistics = ["skew"]\n', "no such statistic"),
        ('\nrate = 50\nwindow = 32\nstatistics = ["rms", "rms"]\n', "no such statistic"),
        ("\nwindow = 32\n", "rate"),
    ],
)
def test_what_cannot_be_made_is_refused(tmp_path: Path, sensor: str, what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        data.load(described(tmp_path, sensor))


def test_recordings_that_are_shorter_than_a_window_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no recordings of a sensor"):
        data.load(described(tmp_path, SENSOR.replace("window = 32", "window = 97")))
