"""`inspect` of Keras models: counts of every form, beside those of .tflite files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.lib import awkward_models, keras_models
from tests.lib.nets import NETS
from tests.lib.schema import validate
from tinyml_compress.cli.inspect import command
from tinyml_compress.errors import UsageError
from tinyml_compress.pipeline.inspect.any_form import inspect
from tinyml_compress.rendering.page.files import inspect_parts
from tinyml_compress.rendering.page.shell import PageSource
from tinyml_compress.support import backend

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("models")
    net = keras_models.plain()
    kernel, bias = net.get_layer("hidden").get_weights()
    kernel[:, ::2] = 0
    net.get_layer("hidden").set_weights([kernel, bias])
    net.save(place / "net.keras")
    net.save(place / "net.h5")
    with backend.quiet():
        backend.tensorflow().saved_model.save(net, str(place / "net"))
    (place / "keyword.tflite").write_bytes(NETS["keyword"]())
    return place


def test_counts(folder: Path) -> None:
    """8x8x1 through 3x3 to 8, pooled to 4x4, 3x3 to 12 at 2x2, 48 to 16, 16 to 10."""
    for name, form in (
        ("net.keras", "Keras 2 file"),
        ("net.h5", "Keras HDF5 file"),
        ("net", "SavedModel folder"),
    ):
        found = inspect(str(folder / name))
        assert found.form == form
        assert found.parameters == 8 * 9 + 8 + 12 * 72 + 12 + 16 * 48 + 16 + 10 * 16 + 10
        assert found.dtypes == {"f32": found.parameters}
        assert found.macs == 64 * 9 * 8 + 4 * 72 * 12 + 48 * 16 + 16 * 10
        assert found.zeros == 16 * 48 // 2 + 8 + 12 + 16 + 10, "half of `hidden`, and all fresh biases"
        assert [layer.macs for layer in found.layers if layer.macs] == [4608, 3456, 768, 160]
        assert {"f32[4x4x8]", "f32[2x2x12]", "f32[10]"} <= {layer.output for layer in found.layers}
        assert found.inputs[0].endswith(" f32[8x8x1]")
        hidden = next(layer for layer in found.layers if layer.name == "hidden")
        assert hidden.weights is not None
        assert (hidden.weights.zeros, hidden.weights.count, hidden.dtype) == (384, 768, "f32")
    assert inspect(str(folder / "net.keras")).nbytes == (folder / "net.keras").stat().st_size
    assert found.about is not None
    assert found.about.startswith("SavedModel folder, rebuilt for Keras 2 from its graph")


def test_side_by_side_in_every_form(folder: Path) -> None:
    words = [str(folder / "net.keras"), str(folder / "keyword.tflite"), "zoo:digits_cnn"]
    shown = CliRunner().invoke(command, [*words, "--layers"], catch_exceptions=False).output
    for text in (
        "net.keras",
        "keyword.tflite",
        "zoo:digits_cnn",
        "TensorFlow Lite file",
        "Keras 2 file",
        "8,992",
    ):
        assert text in shown, text
    made = CliRunner().invoke(command, [*words, "--json"], catch_exceptions=False).output
    document = json.loads(made)
    validate(document)
    keras, tflite, zoo = document["models"]
    assert "ledger" not in keras
    assert tflite["ledger"]["file"] == tflite["nbytes"]
    assert tflite["dtypes"]["i8"] > 0
    assert "nbytes" not in zoo
    page = "".join(inspect_parts([PageSource("a.json", "inspect", document, ())]))
    assert "6 layers" in page
    assert "9 operators" in page
    assert "Bytes of the file by cause" in page
    alone = "".join(inspect_parts([PageSource("a.json", "inspect", {**document, "models": [keras]}, ())]))
    assert "Bytes of the file by cause" not in alone


def test_what_is_not_known_has_a_reason(tmp_path: Path) -> None:
    def saved(model: Any, name: str) -> str:
        with backend.quiet():
            model.save(tmp_path / name)
        return str(tmp_path / name)

    found = inspect(saved(awkward_models.attention(), "attention.keras"))
    assert found.macs is None
    assert found.missing is not None
    assert "MultiHeadAttention" in found.missing
    assert found.parameters > 0
    inputs = backend.keras2().Input((8,))
    bent = backend.keras2().Model(
        inputs, backend.keras2().layers.Dense(3)(backend.tensorflow().math.erf(inputs))
    )
    with backend.quiet():
        backend.tensorflow().saved_model.save(bent, str(tmp_path / "bent"))
    opaque = inspect(str(tmp_path / "bent"))
    assert opaque.missing is not None
    assert "operator Erf" in opaque.missing
    assert opaque.parameters == 27
    assert opaque.layers == ()


def test_half_precision(tmp_path: Path) -> None:
    keras = backend.keras2()
    policy = keras.mixed_precision.Policy("mixed_float16")
    inputs = keras.Input((4,))
    keras.Model(inputs, keras.layers.Dense(2, dtype=policy)(inputs)).save(tmp_path / "half.keras")
    found = inspect(str(tmp_path / "half.keras"))
    assert found.dtypes == {"f32": 10}
    assert found.layers[0].output == "f32[2]"
    assert found.about == "computes in float16; counted and converted in float32"


def test_what_is_not_there(tmp_path: Path) -> None:
    for spec in (str(tmp_path / "no.tflite"), str(tmp_path / "no.keras"), "zoo:nothing"):
        with pytest.raises(UsageError):
            inspect(spec)
