"""The way of a model's name through the package is short, and docs/design.md has it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.lib import keras_models
from tests.lib.nets import NETS
from tests.lib.walk import walked
from tinyml_compress.cli.benchmark import command as benchmark
from tinyml_compress.cli.convert import command as convert

DESIGN = Path(__file__).resolve().parents[2] / "docs" / "design.md"
MOST = 12
"""Files: a reader who looks for what becomes of the parameter opens no more."""


def _told(verb: str) -> dict[str, list[str]]:
    """As the page has it: a block of lines, each a file and its functions."""
    text = DESIGN.read_text(encoding="utf-8")
    (block,) = re.findall(rf"^`{verb}`:\n\n```text\n(.*?)```", text, re.S | re.M)
    return {file: functions for file, *functions in map(str.split, block.splitlines())}


def test_benchmark(tmp_path: Path) -> None:
    model = tmp_path / "net.tflite"
    model.write_bytes(NETS["keyword"]())
    words = [str(model), "--target", "nucleo-l4r5zi", "--vectors", "1"]
    found = walked(lambda: CliRunner().invoke(benchmark, words, catch_exceptions=False), str(model))
    assert found == _told("benchmark")
    assert len(found) <= MOST


@pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own
def test_convert(tmp_path: Path) -> None:
    model = tmp_path / "net.keras"
    keras_models.plain().save(model)
    inputs = np.random.default_rng(0).uniform(-1, 1, (20, 8, 8, 1)).astype(np.float32)
    np.savez(tmp_path / "set.npz", inputs=inputs)
    words = [str(model), "--calibration", str(tmp_path / "set.npz"), "-o", str(tmp_path / "out")]
    found = walked(lambda: CliRunner().invoke(convert, words, catch_exceptions=False), str(model))
    assert found == _told("convert")
    assert len(found) <= MOST
