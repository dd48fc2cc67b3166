"""SavedModels without a description of layers: rebuilt from their graph, proven, and usable by every
technique.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.lib import awkward_models, keras_models
from tests.lib.keras3 import scrambled
from tinyml_compress.data import DataSet
from tinyml_compress.errors import UnsupportedLayer
from tinyml_compress.models import LoadedModel, graph_layers, load
from tinyml_compress.models.graph_rebuild import rebuilt
from tinyml_compress.pipeline.compress.verb import compress
from tinyml_compress.support import backend
from tinyml_compress.techniques import recipe
from tinyml_compress.techniques.structured import remove_channels

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own


DATA = DataSet(
    "noise", np.random.default_rng(0).normal(size=(20, 8, 3)).astype(np.float32), np.arange(20) % 3
)


def _saved(model: Any, folder: Path) -> Path:
    """As TensorFlow writes it: graph and variables, no metadata of Keras."""
    with backend.quiet():
        backend.tensorflow().saved_model.save(model, str(folder))
    assert not (folder / "keras_metadata.pb").exists()
    return folder


def _kinds(model: Any) -> list[str]:
    return [type(layer).__name__ for layer in model.layers if type(layer).__name__ != "InputLayer"]


def tensordot() -> Any:
    """A dense layer on a sequence, a reshape by the batch's size, a dilated and a strided convolution,
    bounds.
    """
    layers = backend.keras2().layers
    inputs = backend.keras2().Input((10, 10, 3))
    x = layers.Rescaling(1 / 127.5, -1)(inputs)
    x = layers.Conv2D(4, 3, dilation_rate=2, padding="same", activation="relu6")(layers.ZeroPadding2D(1)(x))
    x = layers.Conv2D(6, 3, strides=2, activation="hard_sigmoid")(x)
    x = layers.Dense(5, activation="tanh")(layers.Reshape((25, 6))(x))
    x = layers.Dense(4, activation="swish")(layers.Permute((2, 1))(x))
    x = layers.Maximum()([x, layers.GlobalMaxPooling1D(keepdims=True)(x)])
    return backend.keras2().Model(inputs, layers.Dense(3)(layers.Flatten()(x)), name="tensordot")


SAME_LAYERS: dict[str, Callable[[], Any]] = {
    made.__name__: made for made in (keras_models.plain, keras_models.residual)
}
OTHER_LAYERS: dict[str, Callable[[], Any]] = {
    made.__name__: made
    for made in (
        tensordot,
        keras_models.decoder,
        keras_models.depthwise,
        awkward_models.conv_1d,
    )
}
"""Separable convolutions become two layers, hard sigmoids and swish several; a dropout is none."""


@pytest.mark.parametrize("name", [*SAME_LAYERS, *OTHER_LAYERS])
def test_every_layer_comes_back(name: str, tmp_path: Path) -> None:
    model = scrambled({**SAME_LAYERS, **OTHER_LAYERS}[name]())
    loaded = load(_saved(model, tmp_path / name))
    assert loaded.opaque is None
    proof = loaded.origin.bridge
    assert proof is not None
    assert proof.largest_difference <= 1e-6
    assert "rebuilt for Keras 2 from its graph: largest difference" in loaded.origin.summary()
    values = np.random.default_rng(3).normal(size=(2, *loaded.input_shapes[0])).astype(np.float32)
    np.testing.assert_allclose(loaded.model(values), model(values, training=False), rtol=1e-5, atol=1e-6)
    if name in SAME_LAYERS:
        flat = ["Reshape" if kind == "Flatten" else kind for kind in _kinds(model)]
        assert sorted(_kinds(loaded.model)) == sorted(
            "ReLU" if kind == "Activation" else kind for kind in flat
        )
        assert loaded.model.count_params() == model.count_params()
        assert {layer.name for layer in model.layers if layer.weights} <= {
            one.name for one in loaded.model.layers
        }

    if name == "residual":
        _cut(loaded)


def _cut(loaded: LoadedModel) -> None:
    """The layers are Keras's own, so that channels can go and weights can be trained."""
    smaller = remove_channels(loaded.model, keep=0.5)
    assert smaller.model.count_params() < 0.6 * loaded.model.count_params()
    assert all(layer.trainable for layer in loaded.model.layers)


def test_a_compiled_model_with_its_optimizer(tmp_path: Path) -> None:
    """The optimizer's slots are in the file too, as in those of TensorFlow 2.3."""
    model = keras_models.plain()
    model.compile(backend.keras2().optimizers.legacy.Adam(), "mse")
    model.train_on_batch(np.zeros((2, 8, 8, 1), np.float32), np.zeros((2, 10), np.float32))
    assert load(_saved(model, tmp_path / "m")).opaque is None


def test_exported_by_keras_3(tmp_path: Path) -> None:
    """Keras 3 writes normalizations as arithmetic; a scale and an offset per channel is one again."""
    keras = backend.keras3()
    layers = keras.layers
    inputs = layers.Input((12, 12, 3))
    x = layers.BatchNormalization()(layers.Conv2D(8, 3, padding="same", use_bias=False)(inputs))
    x = layers.DepthwiseConv2D(3, strides=2, padding="same")(layers.ReLU(6.0)(x))
    x = layers.Add()([layers.Conv2D(8, 1)(x), layers.Activation("relu")(x)])
    flat, pooled = layers.Flatten()(x), layers.GlobalAveragePooling2D()(x)
    model = scrambled(
        keras.Model(inputs, [layers.Dense(4)(pooled), layers.Dense(2, activation="sigmoid")(flat)])
    )
    with backend.quiet():
        model.export(tmp_path / "m", verbose=False)
    loaded = load(tmp_path / "m")
    assert loaded.opaque is None
    assert {"Conv2D", "BatchNormalization", "DepthwiseConv2D", "Add", "Dense"} <= set(_kinds(loaded.model))
    values = np.random.default_rng(3).normal(size=(2, 12, 12, 3)).astype(np.float32)
    for ours, theirs in zip(loaded.model(values), model(values), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_several_inputs_by_name(tmp_path: Path) -> None:
    layers = backend.keras2().layers
    second, first = backend.keras2().Input((4,), name="b"), backend.keras2().Input((6,), name="a")
    joined = layers.Concatenate()([layers.Dense(3)(first), layers.Dense(2)(second)])
    model = scrambled(backend.keras2().Model([second, first], layers.Dense(2)(joined)))
    loaded = load(_saved(model, tmp_path / "m"))
    assert loaded.input_names == ("a", "b")
    given = {"a": np.ones((2, 6), np.float32), "b": np.full((2, 4), 2, np.float32)}
    np.testing.assert_allclose(
        loaded.model([given["a"], given["b"]]), model([given["b"], given["a"]]), rtol=1e-6
    )


def test_an_unknown_operator_leaves_one_layer(tmp_path: Path) -> None:
    """It can be converted and evaluated; a recipe that trains says which operator it is, and the way out, at
    once.
    """
    inputs = backend.keras2().Input((8, 3), name="samples")
    bent = backend.tensorflow().math.erf(backend.keras2().layers.Flatten()(inputs))
    folder = _saved(
        backend.keras2().Model(inputs, backend.keras2().layers.Dense(3)(bent), name="net"), tmp_path / "m"
    )
    loaded = load(folder)
    assert loaded.opaque is not None
    assert loaded.origin.bridge is None
    assert loaded.model(np.ones((1, 8, 3), np.float32)).shape == (1, 3)
    with pytest.raises(UnsupportedLayer) as caught:
        compress(
            folder,
            recipe.parse('[[stage]]\nuse = "prune"\nsparsity = 0.5', "p"),
            DATA,
            output=tmp_path / "out",
        )
    assert "operator Erf at net/" in str(caught.value)
    assert "package.module:function" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_layers_that_compute_something_else_are_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake of ours must not become the user's model."""
    folder = _saved(keras_models.plain(), tmp_path / "m")
    folder_as_it_is = backend.tensorflow().saved_model.load(str(folder))
    monkeypatch.setitem(
        graph_layers.LAYERS,
        "MaxPool",
        lambda here, inputs: here.layers.AveragePooling2D(name=here.name())(inputs[0]),
    )
    with pytest.raises(UnsupportedLayer, match="computes something else") as caught:
        rebuilt(folder_as_it_is.signatures["serving_default"])
    assert "largest difference" in str(caught.value)
