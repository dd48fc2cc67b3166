"""`quantize`: a module of the user's in int8, for PyTorch and as a .tflite file; what is wrong is said first.

What it makes of a trained net by each scheme is run by tests/docs/test_pytorch_page.py.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.lib.schema import validate
from tinyml_compress.data import DataSet
from tinyml_compress.errors import DataError, UsageError
from tinyml_compress.pipeline.compare.verification import verify
from tinyml_compress.pipeline.quantizing import quantize
from tinyml_compress.results import encoded

NOISE = DataSet("noise", np.random.default_rng(0).standard_normal((12, 8, 8, 1)).astype(np.float32))
NET = "torch:tests.lib.torch_nets:small"


@pytest.mark.full
@pytest.mark.parametrize("scheme", ["static", "qat"])
def test_both_files_are_of_one_graph(scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    train = "tests.lib.torch_nets:train" if scheme == "qat" else None
    done = quantize(NET, NOISE, output=tmp_path / "out", scheme=scheme, train=train)
    validate(encoded(done))
    plain, small, tflite = done.forms
    assert small.weight_bytes is not None
    assert plain.weight_bytes is not None
    assert small.weight_bytes < plain.weight_bytes
    assert done.steps is not None
    assert done.steps < 2.5
    assert tflite.agreement is not None
    assert tflite.agreement.max_difference > 0, "int8 is not float"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(done.files)
    assert verify(tmp_path / "out" / "small.tflite", vectors=5).equal


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"scheme": "eager"}, "no such scheme(.|\n)*static, dynamic, qat"),
        ({"scheme": "qat"}, "go together(.|\n)*no function"),
        ({"train": "a:b"}, "go together"),
        ({"model": "net.keras"}, "only PyTorch models(.|\n)*convert"),
        ({"name": "9 lives"}, "name"),
    ],
)
def test_mistakes_are_named_before_anything_runs(words: dict[str, str], says: str, tmp_path: Path) -> None:
    given = {"model": NET, "calibration": NOISE, "output": tmp_path / "out", **words}
    with pytest.raises(UsageError, match=says):
        quantize(**given)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_sets_of_different_shapes(tmp_path: Path) -> None:
    wider = DataSet("wider", np.zeros((3, 9, 9, 1), np.float32))
    with pytest.raises(DataError, match="different shapes"):
        quantize(NET, NOISE, data=wider, output=tmp_path / "out")
