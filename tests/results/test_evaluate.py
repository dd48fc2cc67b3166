"""Evaluations as values: they come back from their JSON, and that of the last version is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from tests.lib.nets import NETS
from tests.lib.schema import validate
from tests.report import documents
from tinyml_compress.errors import DataError
from tinyml_compress.pipeline.evaluate.verb import Question, evaluated
from tinyml_compress.results import Evaluation, Evaluations, Result, decoded, encoded

LAST = json.loads(Path(__file__).with_name("evaluate.last.schema.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Evaluations:
    folder = tmp_path_factory.mktemp("scored")
    for name in ("a", "b"):
        (folder / f"{name}.tflite").write_bytes(NETS["keyword"]())
    rng = np.random.default_rng(0)
    inputs = rng.uniform(-1, 1, (12, 13, 6, 1)).astype(np.float32)
    np.savez(folder / "x.npz", inputs=inputs, labels=np.arange(12) % 2)
    files = [folder / "a.tflite", folder / "b.tflite"]
    question = Question(folder / "x.npz", engine="tflm", against=files[1], against_engine="tflm")
    return evaluated(files, question)


def _both(several: Evaluations) -> tuple[Result, ...]:
    return several, several.evaluations[0]


def test_they_come_back_and_follow_both_schemas(several: Evaluations) -> None:
    for result in _both(several):
        document = json.loads(json.dumps(encoded(result)))
        assert decoded(type(result), document) == result
        validate(document)
        jsonschema.Draft202012Validator(LAST).validate(document)
        assert result.summary()


def test_the_same_outputs_agree(several: Evaluations) -> None:
    one = several.evaluations[0]
    assert one.agreement is not None
    assert (one.agreement.same, one.agreement.max_difference) == (12, 0.0)
    assert one.difference_inside_interval is True


def test_a_document_of_the_last_version_is_read() -> None:
    old = documents.evaluate()
    jsonschema.Draft202012Validator(LAST).validate(old)
    again = encoded(decoded(Evaluation, old))
    apart = {"tool", "command"}  # of the call, not of what it found
    assert {key: value for key, value in again.items() if key not in apart} == {
        key: value for key, value in old.items() if key not in apart
    }


def test_a_document_with_a_wrong_part_is_refused_with_its_place() -> None:
    wrong: dict[str, Any] = documents.evaluate()
    wrong["score"]["total"] = "many"
    with pytest.raises(DataError, match=r"score\.total"):
        decoded(Evaluation, wrong)
