"""The evaluate verb: one model, several in one table, the ladder, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

from tests.lib.graphs import model, tensor
from tinyml_compress.cli.evaluate import command
from tinyml_compress.errors import UsageError
from tinyml_compress.ir import Attrs


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("verb")
    for name, scale in (("fine", 1 / 64), ("coarse", 1 / 4)):
        content = model("RELU", [tensor("x", (1, 4), scale)], tensor("y", (1, 4), scale), Attrs())
        (made / f"{name}.tflite").write_bytes(content)
    inputs = np.random.default_rng(0).uniform(0, 1.9, (40, 4)).astype(np.float32)
    np.savez(made / "data.npz", inputs=inputs, labels=inputs.argmax(axis=1))
    return made


def output(*words: str | Path) -> str:
    done = CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_one_model(folder: Path) -> None:
    words = (folder / "fine.tflite", "--data", folder / "data.npz", "--task", "classification")
    assert "accuracy" in output(*words)
    assert json.loads(output(*words, "--json"))["score"]["accuracy"] > 0.9


def test_several_models_in_one_table(folder: Path) -> None:
    words = (folder / "fine.tflite", folder / "coarse.tflite", "--data", folder / "data.npz")
    words = (*words, "--task", "classification", "--against", folder / "fine.tflite")
    text = output(*words)
    assert "2 models on" in text
    assert "coarse.tflite" in text.replace("\n", "")
    fine, coarse = json.loads(output(*words, "--json"))["evaluations"]
    assert fine["agreement"]["max_difference"] == 0
    assert coarse["agreement"]["max_difference"] > 0
    assert fine["difference_inside_interval"] is True


def test_ladder(folder: Path) -> None:
    words = (folder / "fine.tflite", "--ladder", "--samples", "3")
    assert "TFLM -> generated C: all 12 outputs equal" in output(*words, "--data", folder / "data.npz")
    assert "generated C" in output(*words)
    assert json.loads(output(*words, "--json"))


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["fine.tflite"], click.UsageError),
        (["fine.tflite", "coarse.tflite", "--ladder"], click.UsageError),
        (["zoo:digits_cnn", "--ladder"], UsageError),
    ],
)
def test_refusals(words: list[str], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        CliRunner().invoke(command, words, catch_exceptions=False, standalone_mode=False)
