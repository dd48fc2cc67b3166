"""Model files from strangers: what in them is code does not run, in any format, and the refusal names the way out."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tinyml_compress.errors import ModelError, UnsupportedLayer, UnsupportedOperator
from tinyml_compress.models import load
from tinyml_compress.support import backend

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own


@pytest.fixture(scope="module")
def keras() -> Any:
    return backend.keras2()


def net(keras: Any) -> Any:
    return keras.Sequential(
        [keras.layers.Input((4,)), keras.layers.Dense(3, name="d"), keras.layers.Activation("relu")]
    )


def rewritten(path: Path, change: Any) -> None:
    """The `.keras` or `.h5` file with its configuration changed as text."""
    if path.suffix == ".h5":
        with h5py.File(path, "a") as file:
            text = file.attrs["model_config"]
            file.attrs["model_config"] = change(text if isinstance(text, str) else text.decode()).encode()
        return
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["config.json"] = change(members["config.json"].decode()).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def with_layer(description: dict[str, Any]) -> Any:
    """A change that puts a described layer in place of the model's last one."""

    def change(text: str) -> str:
        config = json.loads(text)
        config["config"]["layers"][-1] = description
        return json.dumps(config)

    return change


def pipepager(command: str) -> dict[str, Any]:
    """The Lambda of CVE-2025-1550: `function` is any function of any module, called with any arguments."""
    function = {"module": "pydoc", "class_name": "function", "config": "pipepager", "registered_name": "function"}
    return {
        "module": "keras.layers",
        "class_name": "Lambda",
        "registered_name": None,
        "config": {
            "name": "l",
            "function": function,
            "function_type": "function",
            "arguments": {"cmd": command},
            "output_shape_type": "raw",
            "output_shape": None,
        },
    }


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_a_function_of_another_module(keras: Any, tmp_path: Path, name: str) -> None:
    net(keras).save(tmp_path / name)
    rewritten(tmp_path / name, with_layer(pipepager(f"touch {tmp_path}/ran")))
    with pytest.raises(UnsupportedLayer, match="--trust-model") as caught:
        load(tmp_path / name)
    assert "Lambda" in str(caught.value)
    assert not (tmp_path / "ran").exists()


def test_bytecode_behind_an_escaped_name(keras: Any, tmp_path: Path) -> None:
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Lambda(lambda x: x * 2)])
    model.save(tmp_path / "m.h5")
    rewritten(tmp_path / "m.h5", lambda text: text.replace('"Lambda"', '"\\u004cambda"'))
    with pytest.raises(UnsupportedLayer, match="Lambda layer in a model file"):
        load(tmp_path / "m.h5")
    assert load(tmp_path / "m.h5", trust=True).model.count_params() == 0


def test_bytecode_in_the_metadata_of_a_saved_model(keras: Any, tmp_path: Path) -> None:
    """The Lambda's graph computes and may; its bytecode is never read."""
    inputs = keras.Input((4,), name="x")
    model = keras.Model(inputs, keras.layers.Lambda(lambda x: x * 2)(keras.layers.Dense(3)(inputs)))
    with backend.quiet():
        model.save(tmp_path / "m")
    metadata = tmp_path / "m" / "keras_metadata.pb"
    assert b"__tuple__" in metadata.read_bytes()
    metadata.write_bytes(metadata.read_bytes().replace(b"4wEAAAAA", b"AAAAAAAA"))  # marshalled code's first bytes
    loaded = load(tmp_path / "m").model
    values = np.ones((2, 4), np.float32)
    np.testing.assert_allclose(loaded(values), model(values), atol=1e-6)
    assert not any(type(layer).__name__ == "Lambda" for layer in loaded.layers)


def test_saved_model_of_keras_becomes_ordinary_layers(keras: Any, tmp_path: Path) -> None:
    model = net(keras)
    with backend.quiet():
        model.save(tmp_path / "m")
    loaded = load(tmp_path / "m").model
    values = np.random.default_rng(0).standard_normal((2, 4)).astype(np.float32)
    np.testing.assert_allclose(loaded(values), model(values), atol=1e-6)
    assert [type(layer).__name__ for layer in loaded.layers] == ["Dense", "Activation"]
    assert type(loaded.layers[0]) is keras.layers.Dense


def test_graph_that_writes_files(tmp_path: Path) -> None:
    tf = backend.tensorflow()
    victim = tmp_path / "victim"
    victim.write_text("mine")

    class Writer(tf.Module):  # type: ignore[misc, name-defined]
        @tf.function(input_signature=[tf.TensorSpec((None, 4), tf.float32)])  # type: ignore[untyped-decorator]
        def __call__(self, x: Any) -> Any:
            tf.io.write_file(str(victim), "theirs")
            return {"y": x * 2.0}

    module = Writer()
    tf.saved_model.save(module, str(tmp_path / "m"), signatures=module.__call__)
    with pytest.raises(UnsupportedOperator, match="WriteFile") as caught:
        load(tmp_path / "m")
    assert "--trust-model" in str(caught.value)
    assert victim.read_text() == "mine"


def test_configuration_that_unpacks_to_gigabytes(keras: Any, tmp_path: Path) -> None:
    net(keras).save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["config.json"] = members["config.json"] + b" " * (64 << 20)
    with zipfile.ZipFile(tmp_path / "m.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    assert (tmp_path / "m.keras").stat().st_size < 200_000
    with pytest.raises(ModelError, match="unpacks to more than"):
        load(tmp_path / "m.keras")
