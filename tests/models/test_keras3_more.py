"""Keras 3 models beyond CNNs: recurrence, attention, preprocessing, wrappers, mixed precision, and
`keras.ops`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.lib.keras3 import carried
from tinyml_compress.models import keras3
from tinyml_compress.models.keras3_ops import OPERATIONS
from tinyml_compress.support import backend

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own


@pytest.fixture(scope="module")
def k() -> Any:
    module = backend.keras3()
    module.utils.set_random_seed(3)
    return module


def test_conv_3d(k: Any) -> None:
    carried(k.Sequential([k.layers.Input((4, 5, 6, 2)), k.layers.Conv3D(3, 2)]))


def test_embedding(k: Any) -> None:
    layers = [k.layers.Embedding(20, 4), k.layers.GlobalAveragePooling1D()]
    rebuilt = carried(k.Sequential([k.layers.Input((6,), dtype="int32"), *layers]))
    assert rebuilt.inputs[0].dtype == "int32"


def test_normalization(k: Any) -> None:
    adapted = k.layers.Normalization()
    adapted.adapt(np.random.default_rng(2).normal(3.0, 5.0, (50, 4)))
    for layer in (adapted, k.layers.Normalization(mean=1.0, variance=4.0)):
        keras3.rebuild(k.Sequential([k.layers.Input((4,)), layer, k.layers.Dense(2)]))


@pytest.mark.parametrize("inner", ["LSTM", "GRU", "SimpleRNN"])
def test_bidirectional(k: Any, inner: str) -> None:
    layer = getattr(k.layers, inner)(3, return_sequences=True)
    carried(k.Sequential([k.layers.Input((6, 4)), k.layers.Bidirectional(layer, merge_mode="sum")]))


def test_time_distributed(k: Any) -> None:
    layers = [k.layers.TimeDistributed(k.layers.Conv2D(3, 3)), k.layers.TimeDistributed(k.layers.Flatten())]
    carried(k.Sequential([k.layers.Input((5, 6, 6, 1)), *layers, k.layers.LSTM(3)]))


def test_recurrent_state(k: Any) -> None:
    inputs = k.layers.Input((6, 4))
    whole, state = k.layers.GRU(3, return_sequences=True, return_state=True)(inputs)
    carried(k.Model(inputs, k.layers.GRU(3)(whole, initial_state=state)))


def test_loops_are_unrolled_for_the_converter(k: Any) -> None:
    rebuilt = carried(
        k.Sequential([k.layers.Input((6, 4)), k.layers.GRU(3, return_sequences=True), k.layers.LSTM(2)])
    )
    assert [layer.unroll for layer in rebuilt.layers[1:]] == [True, False]


def test_attention(k: Any) -> None:
    query, value = k.layers.Input((6, 4)), k.layers.Input((5, 4))
    plain = k.layers.MultiHeadAttention(2, 3)(query, query)
    normal = k.layers.LayerNormalization()(plain + query)
    crossed = k.layers.MultiHeadAttention(2, 3, value_dim=5, output_shape=7)(normal, value, key=value)
    causal = k.layers.MultiHeadAttention(1, 4)(crossed, crossed, use_causal_mask=True)
    carried(k.Model([query, value], causal))


def test_squeeze_and_excite(k: Any) -> None:
    image = k.layers.Input((6, 6, 4))
    gate = k.layers.Dense(4, activation="sigmoid")(k.ops.mean(image, axis=[1, 2]))
    carried(k.Model(image, image * k.ops.reshape(gate, (-1, 1, 1, 4))))


def test_training_only_layers_do_nothing(k: Any) -> None:
    layers = [k.layers.RandomFlip(name="flip"), k.layers.RandomRotation(0.1), k.layers.Conv2D(2, 3)]
    rebuilt = carried(k.Sequential([k.layers.Input((6, 6, 1)), *layers]))
    assert type(rebuilt.get_layer("flip")).__name__ == "Activation"


def test_mixed_precision_is_compared_in_float32(k: Any) -> None:
    k.config.set_dtype_policy("mixed_float16")
    try:
        model = k.Sequential(
            [k.layers.Input((6, 6, 2)), k.layers.Conv2D(3, 3), k.layers.Flatten(), k.layers.Dense(3)]
        )
    finally:
        k.config.set_dtype_policy("float32")
    carried(model)


# Expressions over x and y (both 6x4) and o (keras.ops), and the layer that each becomes, if any.
TRIED = {
    "x + y": "Add",
    "x - y": "Subtract",
    "x * y": "Multiply",
    "x / o.exp(y)": "",
    "o.divide(x, 4.0)": "Rescaling",
    "x * 2.0": "Rescaling",
    "1 - x": "Rescaling",
    "x - 3": "Rescaling",
    "2.0 / (o.square(x) + 1.0)": "",
    "x * x": "",
    "x[:, 1:5:2, 0]": "SlicingOpLambda",
    "x[..., -1]": "SlicingOpLambda",
    "-x": "Rescaling",
    "x ** 2": "",
    "o.abs(x)": "",
    "o.clip(x, 0, 6)": "ReLU",
    "o.clip(x, -1, 1)": "",
    "o.concatenate([x, y], axis=1)": "Concatenate",
    "o.elu(x)": "ELU",
    "o.expand_dims(x, -1)": "Reshape",
    "o.gelu(x)": "",
    "o.leaky_relu(x, 0.3)": "LeakyReLU",
    "o.log(o.exp(x))": "",
    "o.matmul(x, o.transpose(y, (0, 2, 1)))": "Permute",
    "o.max(x, axis=1)": "GlobalMaxPooling1D",
    "o.max(x, axis=-1)": "",
    "o.maximum(x, y)": "Maximum",
    "o.maximum(x, 0.1)": "",
    "o.mean(x, axis=1, keepdims=True)": "GlobalAveragePooling1D",
    "o.mean(o.expand_dims(x, 3), axis=[1, 2])": "GlobalAveragePooling2D",
    "o.mean(x, axis=-1)": "",
    "o.min(x, axis=1)": "",
    "o.minimum(x, y)": "Minimum",
    "o.pad(x, ((0, 0), (1, 2), (0, 0)))": "",
    "o.relu(x)": "ReLU",
    "o.relu6(x)": "ReLU",
    "o.reshape(x, (-1, 8, 3))": "Reshape",
    "o.reshape(x, (-1, 2))": "",
    "o.rsqrt(o.square(x) + 1.0)": "",
    "o.selu(x)": "Activation",
    "o.sigmoid(x)": "Activation",
    "o.silu(x)": "Activation",
    "o.softmax(x)": "Softmax",
    "o.softplus(x)": "Activation",
    "o.sqrt(o.abs(x))": "",
    "o.squeeze(o.expand_dims(x, 1), 1)": "Reshape",
    "o.stack([x, y], axis=1)": "",
    "o.sum(x, axis=1)": "",
    "o.tanh(x)": "Activation",
    "o.transpose(x, (0, 2, 1))": "Permute",
}


def _model(k: Any, text: str) -> Any:
    x, y = k.layers.Input((6, 4), name="x"), k.layers.Input((6, 4), name="y")
    value = eval(text, {"x": x, "y": y, "o": k.ops})
    return k.Model([x, y], [value, k.layers.ReLU(name="other")(y)])


@pytest.mark.parametrize("text", TRIED)
def test_operation(k: Any, text: str) -> None:
    rebuilt = carried(_model(k, text))
    kinds = {type(layer).__name__ for layer in rebuilt.layers if layer.name != "other"}
    assert not TRIED[text] or TRIED[text] in kinds


def test_every_operation_is_tried(k: Any) -> None:
    models = [_model(k, text) for text in TRIED]
    seen = {entry["class_name"] for model in models for entry in model.get_config()["layers"]}
    assert set(OPERATIONS) <= seen
