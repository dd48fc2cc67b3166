"""Folders of `transformers` become .tflite files; integer ones run as our C and under TFLM alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tinyml_compress import data
from tinyml_compress.pipeline.compare.verb import compare
from tinyml_compress.pipeline.compare.verification import verify
from tinyml_compress.pipeline.convert.verb import convert
from tinyml_compress.pipeline.evaluate.verb import evaluate

Saved = Callable[[str], Path]
TEXTS = data.load("data:intents:test").take(24)


@pytest.mark.full
@pytest.mark.parametrize("family", ["bert", "minilm", "distilbert", "albert", "mobilebert"])
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
