"""`compile` and `export` write the front end that a manifest describes, and their folders build."""

from __future__ import annotations

import json
import wave
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.lib.bundles import run_sources
from tests.lib.graphs import model as graph_model
from tests.lib.graphs import tensor
from tests.lib.nets import NETS
from tinyml_compress.data import load
from tinyml_compress.data.description import audio_form
from tinyml_compress.errors import UsageError
from tinyml_compress.exporters import Format
from tinyml_compress.frontends.camera_form import CameraForm, Pixels
from tinyml_compress.frontends.preprocessing import Arithmetic, ImageForm, Preprocessing
from tinyml_compress.ir import Attrs
from tinyml_compress.pipeline.compile.call import compile_c
from tinyml_compress.pipeline.evaluate.evaluator import evaluator
from tinyml_compress.pipeline.evaluate.verb import evaluate, on_target
from tinyml_compress.pipeline.export.verb import export
from tinyml_compress.pipeline.measure.verb import benchmark
from tinyml_compress.pipeline.stream import told
from tinyml_compress.support.files import sha256

NEW = {"kws_frontend.c", "kws_frontend.h"}


def model(folder: Path, arithmetic: Arithmetic = Arithmetic.FIXED, source_rate: int = 0) -> Path:
    """The keyword network of 13 rows of 6 values, with a manifest that says what they are."""
    form = audio_form(
        8000,
        0.26,
        window_ms=20.0,
        mel_bands=20,
        coefficients=6,
        high_hz=3800.0,
        arithmetic=arithmetic,
        source_rate=source_rate,
    )
    assert form.shape == (13, 6, 1)
    path = folder / "kws.tflite"
    path.write_bytes(NETS["keyword"]())
    done = Preprocessing(mean=(-3.0,), std=(2.5,), audio=form)
    manifest = {"files": {path.name: sha256(path.read_bytes())}, "preprocessing": done.as_json()}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return path


def test_compile_writes_it_into_the_project(tmp_path: Path) -> None:
    done = compile_c(model(tmp_path), output=tmp_path / "out")
    assert set(done.files) >= NEW
    folder = tmp_path / "out"
    assert "add_library(kws STATIC kws.c kws_frontend.c)" in (folder / "CMakeLists.txt").read_text()
    assert "kws_frontend_next" in (folder / "README.md").read_text()
    header = (folder / "kws_frontend.h").read_text()
    assert "#define KWS_FRONTEND_FRAMES 13" in header
    sources = {path.name: path.read_text() for path in folder.iterdir() if path.suffix in (".c", ".h")}
    assert run_sources(sources).returncode == 0


@pytest.mark.parametrize("layout", [one.value for one in Format])
def test_export_hands_it_to_every_build_system(tmp_path: Path, layout: str) -> None:
    done = export(model(tmp_path), output=tmp_path / "out", format=layout, name="kws")
    places = [path for path in done.files if Path(path).name in NEW]
    assert {Path(path).name for path in places} == NEW
    named = "".join(
        path.read_text()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file() and path.name in ("CMakeLists.txt", "Makefile", "library.json", "README.md")
    )
    assert "kws_frontend.c" in named


def test_the_plain_bundle_builds_with_it(tmp_path: Path) -> None:
    export(model(tmp_path), output=tmp_path / "out", format="plain", name="kws")
    folder = tmp_path / "out"
    sources = {path.name: path.read_text() for path in folder.iterdir() if path.suffix in (".c", ".h")}
    assert run_sources(sources).returncode == 0


def test_benchmark_runs_it_beside_the_net(tmp_path: Path) -> None:
    """The resampler too, whose 60 products of a sample are most of what it does."""
    (run,) = benchmark(model(tmp_path, source_rate=24000), "nucleo-l4r5zi", vectors=1).runs
    cost = run.front_end
    assert cost is not None
    assert cost.as_in_training
    assert (cost.sample_rate, cost.every_ms) == (8000, 20.0)
    assert [stage.name for stage in cost.stages] == [
        "resample",
        "window",
        "transform",
        "bands",
        "features",
        "between stages",
    ]
    of = {figure.name: figure.value for figure in cost.figures}
    assert of["cycles"] == sum(stage.cycles for stage in cost.stages)
    assert of["busy"] == pytest.approx(of["ms"] / 20)
    assert of["busy with an inference per frame"] == pytest.approx((of["ms"] + run.ms) / 20)
    assert 160 * 60 * 1.5 < cost.stages[0].instructions < 160 * 60 * 6
    ram = next(figure.parts for figure in cost.figures if figure.name == "RAM")
    assert ram is not None
    assert ram["resampler"] == 8 + 4 * 60 + 2 * 162
    assert of["RAM"] < 3000
    assert "its bytes are those of training" in cost.shown


def test_benchmark_counts_a_camera(tmp_path: Path) -> None:
    """Its picture becomes the net's input, as often as the user says."""
    path, image = model(tmp_path), ImageForm(13, 6, 1)
    done = Preprocessing(mean=(128.0,), std=(50.0,), image=image, camera=CameraForm(40, 30, Pixels.RGB565))
    manifest = {"files": {path.name: sha256(path.read_bytes())}, "preprocessing": done.as_json()}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest, default=lambda word: word.value))
    (run,) = benchmark(path, "nucleo-l4r5zi", vectors=1, every="100ms").runs
    cost = run.front_end
    assert cost is not None
    assert cost.as_in_training
    assert [stage.name for stage in cost.stages] == ["columns", "rows", "between stages"]
    assert cost.sample_rate is None
    of = {figure.name: figure.value for figure in cost.figures}
    assert of["RAM"] < 2 * 6 * 2 + 6 + 8 + 300, "two lines of the input's width, no picture"
    assert "a picture every 100 ms" in cost.shown
    assert "--every" in msgspec.structs.replace(cost, every_ms=None).shown
    assert of["busy with an inference per frame"] == pytest.approx((of["ms"] + run.ms) / 100)
    assert of["mJ per second"] > 0


def test_benchmark_of_a_model_without_one(tmp_path: Path) -> None:
    (run,) = benchmark(model(tmp_path, Arithmetic.FLOAT), "nucleo-l4r5zi", vectors=1).runs
    assert run.front_end is None


def test_compile_takes_the_front_end_of_a_set(tmp_path: Path) -> None:
    """Of a model without a manifest, and instead of the one in it."""
    path = model(tmp_path, Arithmetic.FLOAT)
    (tmp_path / "set" / "a").mkdir(parents=True)
    with wave.open(str(tmp_path / "set" / "a" / "0.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\1\2" * 2080)
    (tmp_path / "d.toml").write_text(
        'path = "set"\n[audio]\nsample-rate = 8000\nseconds = 0.26\nwindow-ms = 25\n'
        "hop-ms = 10\ncoefficients = 6\n"
    )
    done = compile_c(path, output=tmp_path / "out", data=str(tmp_path / "d.toml"))
    assert set(done.files) >= NEW
    assert "#define KWS_FRONTEND_WINDOW 200" in (tmp_path / "out" / "kws_frontend.h").read_text()


def description(folder: Path) -> None:
    """A folder of sounds with the front end of the model."""
    rng = np.random.default_rng(0)
    for word in ("a", "b"):
        (folder / "set" / word).mkdir(parents=True)
        for index in range(3):
            with wave.open(str(folder / "set" / word / f"{index}.wav"), "wb") as file:
                file.setparams((1, 2, 8000, 0, "NONE", ""))
                noise = rng.normal(0, 10 ** rng.uniform(0, 4), 1500 + 300 * index)
                file.writeframes(np.clip(noise, -32768, 32767).astype("<i2").tobytes())
    (folder / "d.toml").write_text(
        'path = "set"\n[audio]\nsample-rate = 8000\nseconds = 0.26\nwindow-ms = 20\nmel-bands = 20\n'
        "coefficients = 6\nhigh-hz = 3800\n[values]\nmean = [-3.0]\nstd = [2.5]\n"
    )


def test_evaluate_goes_from_samples_to_answers(tmp_path: Path) -> None:
    """Our C starts from the sounds where the set has them, and answers as it does to the features."""
    path = model(tmp_path)
    description(tmp_path)
    data = load(tmp_path / "d.toml")
    assert data.sounds is not None
    ours = evaluator(path, "aot").predict(data)
    features = replace(data, sounds=None)
    assert ours.tolist() == evaluator(path, "aot").predict(features).tolist()
    silent = replace(data, sounds=np.zeros_like(data.sounds))
    assert len(np.unique(evaluator(path, "aot").predict(silent), axis=0)) == 1
    assert len(np.unique(ours, axis=0)) > 1


def test_features_in_floats_have_no_c(tmp_path: Path) -> None:
    done = compile_c(model(tmp_path, Arithmetic.FLOAT), output=tmp_path / "out")
    assert not set(done.files) & NEW
    assert "frontend" not in (tmp_path / "out" / "README.md").read_text()


def test_a_streamed_net_answers_as_the_net_on_windows(tmp_path: Path) -> None:
    """Frame by frame from samples, here and on an emulated board: the last answer is the whole sound's."""
    path = model(tmp_path)
    content, _ = told(path.read_bytes(), steps=0)
    (tmp_path / "told.tflite").write_bytes(content)
    description(tmp_path)
    data = load(tmp_path / "d.toml")
    whole = evaluator(path, "tflm").predict(data)
    assert len(np.unique(whole, axis=0)) > 1
    for name in ("kws.tflite", "told.tflite"):
        assert evaluator(tmp_path / name, "aot").predict(data).tolist() == whole.tolist()
        on_board = on_target(tmp_path / name, "auto", "nucleo-l4r5zi").predict(data)
        assert on_board.tolist() == whole.tolist()


def test_a_board_answers_without_a_front_end_too(tmp_path: Path) -> None:
    path, rng = model(tmp_path, Arithmetic.FLOAT), np.random.default_rng(0)
    np.savez(
        tmp_path / "x.npz",
        inputs=rng.normal(-3, 2, (4, 13, 6, 1)).astype(np.float32),
        labels=np.arange(4) % 2,
    )
    done = evaluate(path, tmp_path / "x.npz", target="nucleo-l4r5zi", against=path, against_engine="tflm")
    assert done.device == "nucleo-l4r5zi"
    assert done.agreement is not None
    assert done.agreement.max_difference == 0
    assert "aot on nucleo-l4r5zi" in done.summary()
    for target, engine in (("host", "auto"), ("nucleo-l4r5zi", "tflm")):
        with pytest.raises(UsageError):
            evaluate(path, tmp_path / "x.npz", engine=engine, target=target)


def test_a_wave_goes_from_samples_to_answers(tmp_path: Path) -> None:
    description(tmp_path)
    (tmp_path / "d.toml").write_text(
        'path = "set"\n[audio]\nsample-rate = 8000\nseconds = 0.26\nfeatures = "wave"\n'
        "[values]\nscale = 2.0\n"
    )
    data = load(tmp_path / "d.toml")
    samples = data.sample_shape[0]
    assert samples == 2080
    kind = (1, samples, 1)
    content = graph_model("RELU", [tensor("x", kind, 1 / 64)], tensor("y", kind, 1 / 64), Attrs())
    path = tmp_path / "wave.tflite"
    path.write_bytes(content)
    assert data.sounds is not None
    ours = evaluator(path, "aot").predict(data)
    assert ours.tolist() == evaluator(path, "tflm").predict(data).tolist()
    assert len(np.unique(ours)) > 20
    (run,) = benchmark(path, "nucleo-l4r5zi", vectors=1, data=str(tmp_path / "d.toml")).runs
    assert run.front_end is not None
    assert run.front_end.as_in_training
    assert [stage.name for stage in run.front_end.stages] == ["inputs", "between stages"]
