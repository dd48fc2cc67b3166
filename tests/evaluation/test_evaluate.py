"""`evaluate` on small .tflite models under every engine; Keras models are met in tests/e2e."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.lib.graphs import const, model, tensor
from tinyml_compress import ops
from tinyml_compress.errors import DataError, TinymlError, UsageError
from tinyml_compress.ir import Attrs, DType, Tensor
from tinyml_compress.pipeline.evaluate.verb import evaluate
from tinyml_compress.results import encoded

ENGINES = ("host", "tflm", "aot")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`relu.tflite` on four values, `coarse.tflite` the same with large steps, and data for both."""
    made = tmp_path_factory.mktemp("evaluate")
    for name, scale in (("relu", 1 / 64), ("coarse", 1 / 4)):
        content = model("RELU", [tensor("x", (1, 4), scale)], tensor("y", (1, 4), scale), Attrs())
        (made / f"{name}.tflite").write_bytes(content)
    rng = np.random.default_rng(0)
    inputs = rng.uniform(0, 1.9, (40, 4)).astype(np.float32)
    np.savez(made / "data.npz", inputs=inputs, labels=inputs.argmax(axis=1))
    np.save(made / "bare.npy", inputs)
    return made


@pytest.mark.parametrize("engine", ENGINES)
def test_classification(folder: Path, engine: str) -> None:
    done = evaluate(folder / "relu.tflite", folder / "data.npz", engine=engine, task="classification")
    assert done.score is not None
    assert done.score.correct >= 38, "only a near tie may fall the other way"
    assert done.engine.value == engine
    assert done.nbytes == (folder / "relu.tflite").stat().st_size


@pytest.mark.parametrize("engine", ENGINES)
def test_reconstruction_is_told_from_the_output_s_size(folder: Path, engine: str) -> None:
    done = evaluate(folder / "relu.tflite", folder / "bare.npy", engine=engine)
    assert done.score is not None
    assert 0 < done.score.mae < 1 / 128
    assert done.score.auc is None


@pytest.mark.parametrize("engine", ENGINES)
def test_several_inputs_are_matched_by_name(tmp_path: Path, engine: str) -> None:
    """`serving_default_left:0` is what the converter makes of the input `left`; the set's order does not
    matter.
    """
    sides = [tensor("serving_default_left:0", (1, 3), 1 / 8), tensor("right", (1, 3), 1 / 8)]
    content = model("SUB", sides, tensor("y", (1, 3), 1 / 4), ops.operator("SUB").attrs_type())
    (tmp_path / "sub.tflite").write_bytes(content)
    left, right = np.eye(3, dtype=np.float32)[[0, 1, 2, 0]], np.eye(3, dtype=np.float32)[[1, 2, 0, 2]]
    np.savez(tmp_path / "both.npz", input_right=right, input_left=left, labels=[0, 1, 2, 0])
    done = evaluate(tmp_path / "sub.tflite", tmp_path / "both.npz", engine=engine)
    assert done.score is not None
    assert done.score.correct == 4
    np.savez(tmp_path / "other.npz", input_right=right, input_middle=left, labels=[0, 1, 2, 0])
    with pytest.raises(DataError, match="other inputs than the model") as caught:
        evaluate(tmp_path / "sub.tflite", tmp_path / "other.npz", engine=engine)
    assert "left, right" in str(caught.value)


@pytest.mark.parametrize("engine", ENGINES)
def test_token_numbers_go_in_as_they_are(tmp_path: Path, engine: str) -> None:
    """An input without a scale holds whole numbers, such as the places of words in a table."""
    content = model(
        "GATHER",
        [
            const("table", np.eye(4, dtype=np.int8)[[2, 0, 3, 1]], 1 / 8),
            Tensor("tokens", (1, 1), DType.INT32),
        ],
        tensor("y", (1, 1, 4), 1 / 8),
        ops.operator("GATHER").attrs_type(),
    )
    (tmp_path / "table.tflite").write_bytes(content)
    np.savez(tmp_path / "tokens.npz", inputs=np.array([[0], [1], [2], [3], [1]]), labels=[2, 0, 3, 1, 1])
    done = evaluate(tmp_path / "table.tflite", tmp_path / "tokens.npz", engine=engine)
    assert done.score is not None
    assert done.score.correct == 4
    np.savez(tmp_path / "half.npz", inputs=np.array([[0.5]]), labels=[0])
    with pytest.raises(DataError, match="whole numbers"):
        evaluate(tmp_path / "table.tflite", tmp_path / "half.npz", engine=engine)


def test_against(folder: Path) -> None:
    done = evaluate(
        folder / "coarse.tflite",
        folder / "data.npz",
        against=folder / "relu.tflite",
        task="classification",
        samples=30,
    )
    assert done.agreement is not None
    assert done.agreement.total == 30
    assert 1 / 16 < done.agreement.max_difference <= 1 / 8 + 1 / 128
    assert done.against_score is not None
    assert done.score is not None
    assert done.against_score.correct > done.score.correct
    shown = json.loads(json.dumps(encoded(done)))
    assert shown["agreement"]["same"] == done.agreement.same
    assert shown["score"]["interval_95"][0] < shown["score"]["accuracy"]
    for word in ("against", "agreement", "accuracy", "coarse.tflite (host)"):
        assert word in done.summary()


def test_two_models_without_labels(folder: Path) -> None:
    done = evaluate(
        folder / "coarse.tflite", folder / "bare.npy", against=folder / "relu.tflite", task="classification"
    )
    assert done.score is None
    assert "score" not in encoded(done)
    assert done.agreement is not None


def test_samples_are_chosen_by_the_seed(folder: Path) -> None:
    def digest(seed: int) -> str:
        return evaluate(folder / "relu.tflite", folder / "bare.npy", samples=5, seed=seed).data_sha256

    assert digest(1) == digest(1) != digest(2)


@pytest.mark.parametrize("engine", ENGINES)
def test_data_of_another_shape(folder: Path, engine: str) -> None:
    with pytest.raises(DataError, match="not of the model's input shape"):
        evaluate(folder / "relu.tflite", "data:digits:test", engine=engine)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ({"model": "absent.tflite"}, UsageError),
        ({"engine": "keras"}, UsageError),
        ({"model": "zoo:digits_cnn", "engine": "tflm"}, UsageError),
        ({"data": "bare.npy", "task": "classification"}, DataError),
        ({"samples": 0}, DataError),
    ],
)
def test_wrong_calls(folder: Path, words: dict[str, object], kind: type[TinymlError]) -> None:
    given: dict[str, object] = {"model": "relu.tflite", "data": "data.npz", **words}
    for name in ("model", "data"):
        if not str(given[name]).startswith("zoo:"):
            given[name] = folder / str(given[name])
    with pytest.raises(kind):
        evaluate(**given)  # type: ignore[arg-type]
