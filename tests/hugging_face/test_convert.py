"""Folders of `transformers` become .tflite files; integer ones run as our C and under TFLM alike."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tinyml_compress import data
from tinyml_compress.data import DataSet
from tinyml_compress.errors import FloatOperatorError
from tinyml_compress.pipeline.compare.verb import compare
from tinyml_compress.pipeline.compare.verification import verify
from tinyml_compress.pipeline.convert.verb import convert
from tinyml_compress.pipeline.evaluate.verb import evaluate

REPO = Path(__file__).parents[2]
Saved = Callable[[str], Path]
TEXTS = data.load("data:intents:test").take(24)


@pytest.mark.full
@pytest.mark.parametrize("family", ["bert", "minilm", "distilbert", "roberta", "albert", "mobilebert"])
def test_integer_encoders_run_bit_exact(family: str, saved: Saved, tmp_path: Path) -> None:
    folder = f"hf:{saved(family)}@16"
    done = convert(folder, TEXTS, output=tmp_path, name="net", engine="aot")
    assert done.tflm_failed is None
    same = verify(tmp_path / "net.tflite", vectors=12)
    assert same.equal
    assert same.elements > 0
    found = evaluate(tmp_path / "net.tflite", TEXTS, engine="tflm", against=folder)
    assert found.agreement is not None
    assert found.agreement.max_difference < 0.5


@pytest.mark.full
@pytest.mark.parametrize("mode", ["float32", "float16"])
@pytest.mark.parametrize("family", ["deberta", "roberta"])
def test_float_files_answer_as_the_model(family: str, mode: str, saved: Saved, tmp_path: Path) -> None:
    folder = f"hf:{saved(family)}@16"
    convert(folder, TEXTS, output=tmp_path, name="net", mode=mode)
    both = compare([folder, tmp_path / "net.tflite"], TEXTS, rounds=1)
    difference = both.models[1].difference
    assert difference is not None
    assert difference < (1e-4 if mode == "float32" else 2e-2)
    assert both.models[1].same == 1.0


@pytest.mark.full
@pytest.mark.parametrize("encoder", ["vit", "wav2vec"])
def test_encoders_of_pictures_and_sounds_run_bit_exact(
    encoder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By way of a float file: PyTorch's own quantizer leaves layer norms in float, and the error says so."""
    monkeypatch.chdir(REPO)
    shape = {"vit": (32, 32, 3), "wav2vec": (1600,)}[encoder]
    noise = DataSet("noise", np.random.default_rng(0).standard_normal((16, *shape)).astype(np.float32))
    spec = f"torch:tests.lib.torch_encoders:{encoder}"
    with pytest.raises(FloatOperatorError, match="--mode float32, then that file to int8"):
        convert(spec, noise, output=tmp_path / "none")
    convert(spec, noise, output=tmp_path / "float", name="net", mode="float32")
    convert(tmp_path / "float" / "net.tflite", noise, output=tmp_path / "int8", name="net")
    same = verify(tmp_path / "int8" / "net.tflite", vectors=12)
    assert same.equal
    near = evaluate(tmp_path / "int8" / "net.tflite", noise, against=tmp_path / "float" / "net.tflite")
    assert near.agreement is not None
    assert near.agreement.max_difference < 0.1


@pytest.mark.full
def test_a_trained_encoder_keeps_its_answers_in_int8(tmp_path: Path) -> None:
    """The example's BERT, which knows the sentences: what int8 costs it, under our own C."""
    script = str(REPO / "examples" / "transformer_intents.py")
    subprocess.run([sys.executable, script, str(tmp_path / "bert"), "bert"], check=True, capture_output=True)
    folder = f"hf:{tmp_path / 'bert'}@32"
    convert(folder, "data:intents:train", samples=128, output=tmp_path, name="net")
    tests = data.load("data:intents:test")
    plain = evaluate(folder, tests)
    small = evaluate(tmp_path / "net.tflite", tests, engine="aot", against=folder)
    assert plain.score is not None
    assert small.score is not None
    assert plain.score.value > 0.95
    assert small.score.value > plain.score.value - 0.02
