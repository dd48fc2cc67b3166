"""`data check`: each thing that spoils a calibration, put into a set on purpose."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.lib.graphs import model, tensor
from tinyml_compress import ops
from tinyml_compress.cli.data import command
from tinyml_compress.data import DataSet
from tinyml_compress.data.findings import check, check_parts, range_shift
from tinyml_compress.errors import DataError, TinymlError
from tinyml_compress.ir import Attrs, DType
from tinyml_compress.pipeline.data_check import check_data
from tinyml_compress.results import DataCheck, Severity, decoded, encoded

Change = Callable[[np.ndarray, np.ndarray], None]


def clean(count: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.uniform(-1, 1, (count, 5, 4)).astype(np.float32), np.arange(count) % 3


def findings(inputs: np.ndarray, labels: np.ndarray | None) -> dict[str, tuple[Severity, str]]:
    return {one.about: (one.severity, one.text) for one in check(DataSet("set", inputs, labels))}


def test_a_clean_set_has_nothing_but_ok() -> None:
    assert {severity for severity, _ in findings(*clean()).values()} == {Severity.OK}


def constant(inputs: np.ndarray, labels: np.ndarray) -> None:
    inputs[:, :, 2] = 7


def wide(inputs: np.ndarray, labels: np.ndarray) -> None:
    inputs[:, :, 3] *= 1000


def stretched(inputs: np.ndarray, labels: np.ndarray) -> None:
    inputs[17, 0, 0] = 30


def one_value(inputs: np.ndarray, labels: np.ndarray) -> None:
    inputs[:] = 1


def drifting(inputs: np.ndarray, labels: np.ndarray) -> None:
    inputs[::2] *= 0.5


def repeated(inputs: np.ndarray, labels: np.ndarray) -> None:
    inputs[3] = inputs[0]


def torn(inputs: np.ndarray, labels: np.ndarray) -> None:
    inputs[1] = inputs[0]


def no_class(inputs: np.ndarray, labels: np.ndarray) -> None:
    labels[labels == 1] = 2


def unequal(inputs: np.ndarray, labels: np.ndarray) -> None:
    labels[labels == 1] = 2
    labels[:3] = 1


@pytest.mark.parametrize(
    ("change", "about", "severity", "words"),
    [
        (constant, "channels", Severity.WARNING, "1 of 4 channels are constant: 2"),
        (wide, "channels", Severity.WARNING, "100 times larger or smaller"),
        (one_value, "channels", Severity.WARNING, "all values are the same"),
        (stretched, "outliers", Severity.WARNING, "(sample 17)"),
        (drifting, "halves", Severity.WARNING, "more samples would change the scale"),
        (repeated, "duplicates", Severity.NOTE, "1 samples repeat"),
        (torn, "duplicates", Severity.WARNING, "contradicting labels"),
        (no_class, "classes", Severity.WARNING, "1 of 3 classes have no sample: 1"),
        (unequal, "classes", Severity.WARNING, "mostly speak of the large ones"),
    ],
)
def test_each_fault_is_found(change: Change, about: str, severity: Severity, words: str) -> None:
    inputs, labels = clean()
    change(inputs, labels)
    found = findings(inputs, labels)
    assert found[about][0] is severity
    assert words in found[about][1]


@pytest.mark.parametrize(
    ("count", "severity"), [(99, Severity.WARNING), (100, Severity.OK), (501, Severity.NOTE)]
)
def test_count(count: int, severity: Severity) -> None:
    assert findings(*clean(count))["count"][0] is severity


def test_few_samples_and_no_labels() -> None:
    found = findings(clean()[0][:3], None)
    assert found["halves"][0] is found["classes"][0] is Severity.NOTE


def test_named_inputs_are_checked_each() -> None:
    inputs, labels = clean()
    spoiled = inputs.copy()
    spoiled[:, :, 0] = 0
    data = DataSet("set", inputs, labels, named=(("a", inputs), ("b", spoiled)))
    texts = [one.text for one in check(data) if one.severity is Severity.WARNING]
    assert len(texts) == 1
    assert "of input b are constant" in texts[0]


def test_parts_that_share_samples() -> None:
    inputs, labels = clean()
    first, second = DataSet("a", inputs[:120], labels[:120]), DataSet("b", inputs[100:], labels[100:])
    assert "20 samples stand in train and in test" in check_parts(first, second).text
    assert check_parts(first, DataSet("b", inputs[120:], labels[120:])).severity is Severity.OK


def test_range_shift() -> None:
    assert range_shift(np.array([0.0, 1.0]), np.array([0.0, 1.0])) == 0
    assert range_shift(np.array([0.0, 1.0]), np.array([0.0, 2.0])) == 0.5
    assert range_shift(np.array([3.0]), np.array([3.0])) == 0


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A float model of one layer, and data for it whose first half is narrow."""
    content = model(
        "RELU",
        [tensor("x", (1, 5, 4), dtype=DType.FLOAT32)],
        tensor("y", (1, 5, 4), dtype=DType.FLOAT32),
        Attrs(),
    )
    (tmp_path / "float.tflite").write_bytes(content)
    inputs, labels = clean()
    np.savez(tmp_path / "good.npz", inputs=inputs, labels=labels)
    inputs[10] *= 9
    np.savez(tmp_path / "bad.npz", inputs=inputs[:21], labels=labels[:21])
    return tmp_path


def test_ranges_inside_the_model(files: Path) -> None:
    good = check_data(str(files / "good.npz"), str(files / "float.tflite"))
    assert good.warnings == 0
    assert decoded(DataCheck, json.loads(json.dumps(encoded(good)))) == good
    assert "calibrated ranges of 1 layers" in good.summary()
    bad = check_data(str(files / "bad.npz"), str(files / "float.tflite"))
    assert any(one.about == "layers" and one.severity is Severity.WARNING for one in bad.findings)
    with pytest.raises(DataError, match="not of the model's input shape"):
        check_data("data:digits", str(files / "float.tflite"))


def test_a_model_with_two_inputs_one_of_them_whole(tmp_path: Path) -> None:
    """The rows of a table, and the numbers of those that are wanted."""
    content = model(
        "GATHER",
        [
            tensor("rows", (1, 4), dtype=DType.FLOAT32),
            tensor("serving_default_places:0", (1,), dtype=DType.INT32),
        ],
        tensor("y", (1, 4), dtype=DType.FLOAT32),
        ops.operator("GATHER").attrs_type(),
    )
    (tmp_path / "float.tflite").write_bytes(content)
    rows, labels = clean()
    arrays = {"input_rows": rows[:, 0], "input_places": np.zeros((len(rows), 1)), "labels": labels}
    np.savez(tmp_path / "two.npz", **arrays)
    found = check_data(str(tmp_path / "two.npz"), str(tmp_path / "float.tflite"))
    assert any(one.about == "layers" and "of 1 layers" in one.text for one in found.findings)
    np.savez(tmp_path / "half.npz", **{**arrays, "input_places": np.full((len(rows), 1), 0.5)})
    with pytest.raises(DataError, match="whole numbers"):
        check_data(str(tmp_path / "half.npz"), str(tmp_path / "float.tflite"))


def test_the_verb(files: Path) -> None:
    def run(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(command, list(words), standalone_mode=True)
        assert done.exit_code == code, done.output
        return done.output

    assert "nothing to worry about" in run("check", str(files / "good.npz"), "--strict")
    assert "warnings" in run("check", str(files / "bad.npz"))
    run("check", str(files / "bad.npz"), "--strict", code=1)
    assert json.loads(run("check", str(files / "bad.npz"), "--json"))["warnings"] > 0
    assert "data:digits" in run("list")
    assert {one["name"] for one in json.loads(run("list", "--json"))["sets"]} >= {"data:digits", "data:texts"}


def test_shipped_sets_have_no_warning() -> None:
    for name in ("digits", "activities", "vibration", "machine"):
        found = check_data(f"data:{name}")
        assert found.warnings == 0, found.summary()


def test_errors_pass_through(tmp_path: Path) -> None:
    with pytest.raises(TinymlError):
        check_data(str(tmp_path / "absent.npz"))
