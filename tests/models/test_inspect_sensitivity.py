"""`inspect --sensitivity`: text, JSON, page, and calls that cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.lib.schema import validate
from tinyml_compress.cli.inspect import command
from tinyml_compress.errors import UsageError
from tinyml_compress.rendering.page.files import inspect_parts
from tinyml_compress.rendering.page.shell import PageSource
from tinyml_compress.support.backend import fix_seeds, keras2

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sensitivity")
    fix_seeds(1)
    layers = keras2().layers
    keras2().Sequential(
        [
            keras2().Input((8, 8, 1)),
            layers.Conv2D(8, 3, name="first"),
            layers.BatchNormalization(name="norm"),
            layers.DepthwiseConv2D(3, name="depth"),
            layers.Conv2D(16, 1, activation="relu", name="point"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(4, activation="softmax", name="scores"),
        ]
    ).save(folder / "net.keras")
    inputs = np.random.default_rng(0).normal(size=(40, 8, 8)).astype(np.float32)
    np.savez(folder / "plain.npz", inputs=inputs)
    return folder


def _run(*words: object) -> str:
    done = CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_text_json_and_page(work: Path) -> None:
    call = (work / "net.keras", "--sensitivity", "--data", work / "plain.npz")
    text = _run(*call)
    for words in ("80% zeros", "50% of channels gone", "75% of ranks gone", "4 bits", "first", "point"):
        assert words in text
    text = _run(*call, "--json")
    document = json.loads(text[text.index("{") :])
    validate(document)
    found = document["models"][0]["sensitivity"]
    assert found["samples"] == 40
    kinds = {(row["layer"], row["means"]) for row in found["layers"]}
    assert ("first", "channels") in kinds
    assert ("depth", "ranks") not in kinds
    assert ("scores", "channels") not in kinds
    for row in found["layers"]:
        assert len(row["moved"]) == len(found["steps"][row["means"]])
        assert row["moved"] == sorted(row["moved"])
    page = "".join(inspect_parts([PageSource("a.json", "inspect", document, ())]))
    assert "What compressing each layer of net.keras does" in page


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("net.keras", "--sensitivity"), "--sensitivity and --data belong together"),
        (("net.keras", "--data", "plain.npz"), "--sensitivity and --data belong together"),
        (("net.tflite", "--sensitivity", "--data", "plain.npz"), "cannot be tried one by one"),
    ],
)
def test_calls_that_cannot_be(work: Path, words: tuple[str, ...], told: str) -> None:
    given = [work / word if "." in word else word for word in words]
    with pytest.raises(UsageError, match=told):
        _run(*given)
