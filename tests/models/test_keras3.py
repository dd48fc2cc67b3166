"""Keras 3 models in tf_keras: every layer of the list, shared and nested ones, and the proof's refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.lib.keras3 import carried, scrambled
from tinyml_compress.errors import ModelError, UnsupportedLayer
from tinyml_compress.models import ModelFormat, keras3, load
from tinyml_compress.models.keras3_layers import SUPPORTED
from tinyml_compress.support import backend

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own


@pytest.fixture(scope="module")
def k() -> Any:
    module = backend.keras3()
    module.utils.set_random_seed(3)
    return module


PLANE = {
    "Activation": {"activation": "tanh"},
    "ActivityRegularization": {"l2": 0.1},
    "AveragePooling2D": {"pool_size": 2, "padding": "same"},
    "BatchNormalization": {"epsilon": 0.01},
    "Conv2D": {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same", "groups": 2},
    "Conv2DTranspose": {"filters": 3, "kernel_size": 3, "strides": 2},
    "Cropping2D": {"cropping": ((1, 0), (2, 1))},
    "CenterCrop": {"height": 4, "width": 5},
    "Dense": {"units": 3, "kernel_regularizer": "l2", "bias_constraint": "non_neg"},
    "DepthwiseConv2D": {"kernel_size": 3, "depth_multiplier": 2, "dilation_rate": 2},
    "Dropout": {"rate": 0.5},
    "ELU": {"alpha": 0.7},
    "Flatten": {},
    "GaussianDropout": {"rate": 0.1},
    "GaussianNoise": {"stddev": 0.1},
    "GlobalAveragePooling2D": {"keepdims": True},
    "GlobalMaxPooling2D": {},
    "GroupNormalization": {"groups": 2},
    "LayerNormalization": {"epsilon": 0.01},
    "LeakyReLU": {"negative_slope": 0.15},
    "MaxPooling2D": {"pool_size": (2, 3), "strides": 1},
    "PReLU": {"shared_axes": [1, 2]},
    "Permute": {"dims": (3, 1, 2)},
    "ReLU": {"max_value": 6.0, "threshold": 0.1},
    "Rescaling": {"scale": 0.5, "offset": -1.0},
    "Resizing": {"height": 5, "width": 6, "interpolation": "nearest"},
    "Reshape": {"target_shape": (-1, 2)},
    "SeparableConv2D": {"filters": 5, "kernel_size": 3},
    "Softmax": {},
    "SpatialDropout2D": {"rate": 0.2},
    "UnitNormalization": {},
    "UpSampling2D": {"interpolation": "bilinear"},
    "ZeroPadding2D": {"padding": ((1, 2), (0, 1))},
}
LINE = {
    "AveragePooling1D": {"pool_size": 2},
    "Conv1D": {"filters": 3, "kernel_size": 3, "padding": "causal"},
    "Conv1DTranspose": {"filters": 3, "kernel_size": 3, "strides": 2},
    "Cropping1D": {},
    "DepthwiseConv1D": {"kernel_size": 3},
    "GlobalAveragePooling1D": {},
    "GlobalMaxPooling1D": {},
    "GRU": {"units": 3, "return_sequences": True},
    "LSTM": {"units": 3, "activation": "silu", "go_backwards": True},
    "Masking": {"mask_value": 0.5},
    "MaxPooling1D": {},
    "SeparableConv1D": {"filters": 3, "kernel_size": 3},
    "SimpleRNN": {"units": 3},
    "SpatialDropout1D": {"rate": 0.2},
    "UpSampling1D": {},
    "ZeroPadding1D": {},
}
# Each of these has a test of its own.
OTHERS = (
    "Bidirectional",
    "Conv3D",
    "Embedding",
    "MultiHeadAttention",
    "Normalization",
    "RepeatVector",
    "TimeDistributed",
)
MERGES = ("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract")


def test_every_supported_layer_is_tried() -> None:
    assert {*PLANE, *LINE, *MERGES, *OTHERS} == SUPPORTED


@pytest.mark.parametrize("name", PLANE)
def test_layer_on_a_plane(k: Any, name: str) -> None:
    carried(k.Sequential([k.layers.Input((7, 8, 4)), getattr(k.layers, name)(**PLANE[name])]))


@pytest.mark.parametrize("name", LINE)
def test_layer_on_a_line(k: Any, name: str) -> None:
    carried(k.Sequential([k.layers.Input((8, 4)), getattr(k.layers, name)(**LINE[name])]))


def test_repeat_vector(k: Any) -> None:
    carried(k.Sequential([k.layers.Input((4,)), k.layers.RepeatVector(3)]))


@pytest.mark.parametrize("name", MERGES)
def test_merge(k: Any, name: str) -> None:
    inputs = [k.layers.Input((5,), name="left"), k.layers.Input((5,), name="right")]
    carried(k.Model(inputs, getattr(k.layers, name)()(inputs)))


ACTIVATIONS = (
    "linear relu sigmoid tanh softmax elu selu softplus softsign exponential "
    "gelu mish silu swish relu6 leaky_relu"
)


@pytest.mark.parametrize("activation", ACTIVATIONS.split())
def test_activation(k: Any, activation: str) -> None:
    layers = [k.layers.Dense(4, activation=activation), k.layers.Activation(activation)]
    carried(k.Sequential([k.layers.Input((3,)), *layers]))


def test_names_and_regularizers_stay(k: Any) -> None:
    layer = k.layers.Conv2D(2, 3, name="front", kernel_regularizer=k.regularizers.L2(0.25))
    rebuilt = carried(k.Sequential([k.layers.Input((6, 6, 1), name="image"), layer], name="net"))
    assert rebuilt.name == "net"
    assert rebuilt.get_layer("front").kernel_regularizer.l2 == pytest.approx(0.25)


def residual(k: Any) -> Any:
    inputs = k.layers.Input((8, 8, 2), name="image")
    x = k.layers.Conv2D(4, 3, padding="same", activation="relu6")(inputs)
    shared = k.layers.Conv2D(4, 3, padding="same", name="shared")
    y = shared(shared(x)) + x
    inner = k.Sequential([k.layers.Input((8, 8, 4)), k.layers.Conv2D(4, 1), k.layers.ReLU()], name="inner")
    x = k.layers.Concatenate()([inner(x), inner(y), x * y])
    x = k.layers.GlobalAveragePooling2D()(x)
    return k.Model(
        inputs, [k.layers.Dense(3, activation="softmax")(x), k.layers.Dense(1)(x)], name="residual"
    )


def test_shared_nested_and_operations(k: Any, tmp_path: Path) -> None:
    scrambled(residual(k)).save(tmp_path / "residual.keras")
    loaded = load(tmp_path / "residual.keras")
    assert loaded.origin.format is ModelFormat.KERAS3
    assert loaded.origin.bridge is not None
    assert "largest difference" in loaded.origin.summary()
    assert [layer.name for layer in loaded.model.layers].count("shared") == 1
    assert len(loaded.model.outputs) == 2


def test_inputs_by_name(k: Any) -> None:
    left, right = k.layers.Input((4,), name="z"), k.layers.Input((3,), name="a")
    outputs = k.layers.Concatenate()([k.layers.Dense(2)(left), right])
    rebuilt = carried(k.Model({"z": left, "a": right}, {"out": outputs}))
    assert len(rebuilt.inputs) == 2


def test_h5_of_keras_3(k: Any, tmp_path: Path) -> None:
    scrambled(k.Sequential([k.layers.Input((6,)), k.layers.Dense(2)])).save(tmp_path / "m.h5")
    assert load(tmp_path / "m.h5").origin.bridge is not None


def test_free_sizes(k: Any) -> None:
    rebuilt = carried(
        k.Sequential([k.layers.Input((None, None, 1)), k.layers.Conv2D(2, 3), k.layers.GlobalMaxPooling2D()])
    )
    assert rebuilt.input_shape == (None, None, None, 1)


def _unsupported(k: Any) -> dict[str, Any]:
    def line(*layers: Any) -> Any:
        return k.Sequential([k.layers.Input((6, 2)), *layers])

    number = k.layers.Input((3,))
    first = k.layers.Conv2D(2, 3, data_format="channels_first", name="planes")
    return {
        "RNN memory": line(k.layers.RNN(k.layers.LSTMCell(3), name="memory")),
        "relu6": line(k.layers.LSTM(3, activation="relu6", name="odd")),
        "TimeDistributed": line(
            k.layers.TimeDistributed(k.layers.Dense(2, activation="relu6", name="inner"))
        ),
        "rms_scaling": line(k.layers.LayerNormalization(rms_scaling=True)),
        "hard_sigmoid": line(k.layers.Dense(3, activation="hard_sigmoid")),
        "Conv2D planes": k.Sequential([k.layers.Input((2, 6, 6)), first]),
        "Arctan arctan": k.Model(number, k.ops.arctan(number)),
    }


UNSUPPORTED = [
    "RNN memory",
    "relu6",
    "TimeDistributed",
    "rms_scaling",
    "hard_sigmoid",
    "Conv2D planes",
    "Arctan arctan",
]


@pytest.mark.parametrize("what", UNSUPPORTED)
def test_unsupported_is_named(k: Any, what: str) -> None:
    with pytest.raises(UnsupportedLayer) as caught:
        keras3.rebuild(_unsupported(k)[what])
    assert what in str(caught.value)


def test_subclassed_model(k: Any) -> None:
    class Own(k.Model):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.dense = k.layers.Dense(2)

        def call(self, x: Any) -> Any:
            return self.dense(x)

    model = Own()
    model(np.zeros((1, 3), np.float32))
    with pytest.raises(ModelError):
        keras3.rebuild(model)


@pytest.mark.parametrize(("layer", "named"), [("shared", "shared"), ("conv2d", "conv2d"), ("inner", "inner")])
def test_proof_names_the_first_layer_that_differs(
    k: Any, monkeypatch: pytest.MonkeyPatch, layer: str, named: str
) -> None:
    model = scrambled(residual(k))
    names = [one.name for one in model.layers if type(one).__name__ == "Conv2D"]
    wrong = {"shared": "shared", "conv2d": names[0], "inner": model.get_layer("inner").layers[0].name}[layer]
    honest = keras3._set_weights

    def broken(made: Any, weights: list[Any], class_name: str) -> None:
        honest(made, [value * 1.5 if made.name == wrong else value for value in weights], class_name)

    monkeypatch.setattr(keras3, "_set_weights", broken)
    with pytest.raises(ModelError, match="computes something else") as caught:
        keras3.rebuild(model)
    assert f"first at layer {names[0] if named == 'conv2d' else named}" in str(caught.value)
