"""The loader: every form of a model, and every way in which one can be missing or broken."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinyml_compress.errors import ModelError, TinymlError, UnsupportedLayer, UsageError
from tinyml_compress.models import ModelFormat, load
from tinyml_compress.support import backend

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own

MODULE = """
def good():
    import tf_keras as k
    return k.Sequential([k.layers.Input((4,)), k.layers.Dense(2, name="out")])

def newer():
    import keras as k
    return k.Sequential([k.layers.Input((4,)), k.layers.Dense(2)])

def nothing():
    return None

def unbuilt():
    import tf_keras as k
    return k.Sequential([k.layers.Dense(2)])

def broken():
    raise RuntimeError("my own mistake")

def not_finite():
    model = good()
    model.set_weights([value * float("nan") for value in model.get_weights()])
    return model

number = 3
"""


@pytest.fixture(scope="module")
def keras() -> Any:
    return backend.keras2()


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "nets_for_test.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return "nets_for_test"


def small(keras: Any) -> Any:
    return keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(2, name="out")])


@pytest.mark.parametrize(
    ("name", "kind"),
    [("m.keras", ModelFormat.KERAS2), ("m.h5", ModelFormat.H5), ("m", ModelFormat.SAVED_MODEL)],
)
def test_keras_2_files(keras: Any, tmp_path: Path, name: str, kind: ModelFormat) -> None:
    model = small(keras)
    model.save(tmp_path / name)
    loaded = load(tmp_path / name)
    assert loaded.origin.format is kind
    assert len(loaded.origin.sha256) == 64
    values = np.ones((2, 4), np.float32)
    np.testing.assert_allclose(loaded.model(values), model(values), atol=1e-6)


def test_h5_that_keras_3_refuses(keras: Any, tmp_path: Path) -> None:
    model = keras.Sequential(
        [keras.layers.Input((6, 6, 2)), keras.layers.DepthwiseConv2D(3), keras.layers.Flatten()]
    )
    model.save(tmp_path / "old.h5")
    with pytest.raises(Exception):  # noqa: B017  # whatever Keras 3 raises
        backend.keras3().models.load_model(tmp_path / "old.h5")
    assert load(tmp_path / "old.h5").model.count_params() == model.count_params()


def test_exported_saved_model_of_keras_3(tmp_path: Path) -> None:
    k = backend.keras3()
    model = k.Sequential([k.layers.Input((4,)), k.layers.Dense(2)])
    with backend.quiet():
        model.export(tmp_path / "exported", verbose=False)
    loaded = load(tmp_path / "exported")
    values = np.ones((2, 4), np.float32)
    np.testing.assert_allclose(loaded.model(values), model(values), atol=1e-6)
    assert loaded.input_shapes == ((4,),)


def test_saved_model_without_signature(tmp_path: Path) -> None:
    tf = backend.tensorflow()
    tf.saved_model.save(tf.Module(), str(tmp_path / "m"))
    with pytest.raises(ModelError, match="no serving signature"):
        load(tmp_path / "m")


def test_model_with_quantization_wrappers(keras: Any, tmp_path: Path) -> None:
    wrapped = backend.tfmot().quantization.keras.quantize_model(small(keras))
    wrapped.save(tmp_path / "qat.h5")
    assert load(tmp_path / "qat.h5").model.count_params() == wrapped.count_params()


def test_function(module: str) -> None:
    loaded = load(f"{module}:good")
    assert loaded.origin.format is ModelFormat.FUNCTION
    assert loaded.origin.bridge is None
    assert load(f"{module}:newer").origin.bridge is not None


@pytest.mark.parametrize(
    ("function", "error", "text"),
    [
        ("nothing", ModelError, "did not return a Keras model"),
        ("unbuilt", ModelError, "no known input shape"),
        ("broken", ModelError, "my own mistake"),
        ("not_finite", ModelError, "not finite"),
        ("number", UsageError, "not callable"),
        ("absent", UsageError, "no such name"),
    ],
)
def test_bad_function(module: str, function: str, error: type[TinymlError], text: str) -> None:
    with pytest.raises(error, match=text):
        load(f"{module}:{function}")


def test_bad_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "raises_for_test.py").write_text("1 / 0\n")
    with pytest.raises(ModelError, match="cannot be imported"):
        load("raises_for_test:f")
    with pytest.raises(UsageError, match="no such module"):
        load("no_such_module_for_test.inner:f")


def _broken_files(folder: Path) -> dict[str, Path]:
    (folder / "text.keras").write_text("junk")
    (folder / "text.h5").write_text("junk")
    (folder / "empty.keras").touch()
    (folder / "empty.h5").touch()
    (folder / "bare").mkdir()
    (folder / "saved").mkdir()
    (folder / "saved" / "saved_model.pb").write_bytes(b"\x12\xff\xff")
    with zipfile.ZipFile(folder / "other.keras", "w") as archive:
        archive.writestr("a", "b")
    with zipfile.ZipFile(folder / "hollow.keras", "w") as archive:
        archive.writestr("metadata.json", '{"keras_version": "2.15.0"}')
    with zipfile.ZipFile(folder / "hollow3.keras", "w") as archive:
        archive.writestr("metadata.json", '{"keras_version": "3.1.0"}')
        archive.writestr("config.json", "{}")
    return {path.name: path for path in folder.iterdir()}


BROKEN = ["text.keras", "text.h5", "empty.keras", "empty.h5", "bare", "saved", "other.keras", "hollow.keras"]


@pytest.mark.parametrize("name", [*BROKEN, "hollow3.keras"])
def test_broken_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError) as caught:
        load(_broken_files(tmp_path)[name])
    assert name in str(caught.value)


def test_truncated_files(keras: Any, tmp_path: Path) -> None:
    for name in ("m.keras", "m.h5"):
        small(keras).save(tmp_path / name)
        data = (tmp_path / name).read_bytes()
        for part in (1, len(data) // 3, len(data) - 200):
            (tmp_path / name).write_bytes(data[:part])
            with pytest.raises(ModelError):
                load(tmp_path / name)


def test_weights_without_architecture(keras: Any, tmp_path: Path) -> None:
    small(keras).save_weights(tmp_path / "w.h5")
    with pytest.raises(ModelError, match="no architecture") as caught:
        load(tmp_path / "w.h5")
    assert "weights only" in str(caught.value)


def test_code_in_a_file_does_not_run(keras: Any, tmp_path: Path) -> None:
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Lambda(lambda x: x * 2)])
    model.save(tmp_path / "lambda.h5")
    model.save(tmp_path / "lambda.keras")
    with pytest.raises(UnsupportedLayer, match="Lambda"):
        load(tmp_path / "lambda.h5")
    with pytest.raises(ModelError):
        load(tmp_path / "lambda.keras")


def test_unknown_layer_is_named(keras: Any, tmp_path: Path) -> None:
    class Strange(keras.layers.Layer):  # type: ignore[misc, name-defined]
        def call(self, x: Any) -> Any:
            return x

    keras.Sequential([keras.layers.Input((4,)), Strange()]).save(tmp_path / "m.h5")
    with pytest.raises(UnsupportedLayer, match="Strange"):
        load(tmp_path / "m.h5")


@pytest.mark.parametrize("spec", ["absent.keras", "absent", "zoo:", "no/such/folder", "m.onnx"])
def test_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.onnx").touch()
    with pytest.raises(UsageError):
        load(spec)


def test_tflite_is_sent_to_the_right_verb(tmp_path: Path) -> None:
    (tmp_path / "m.tflite").touch()
    with pytest.raises(UsageError, match="converted already"):
        load(tmp_path / "m.tflite")
