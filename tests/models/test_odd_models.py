"""Models that are odd but sound: other float formats, classes of their own, no dimensions at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.lib.aot import assert_bit_exact
from tests.lib.graphs import const, model, tensor
from tinyml_compress.converter.flatfile import read
from tinyml_compress.converter.floats import check_integer
from tinyml_compress.errors import FloatOperatorError, ModelError
from tinyml_compress.ir import DType
from tinyml_compress.models import load
from tinyml_compress.ops._addsub import FusedAttrs
from tinyml_compress.support import backend

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own

MODULE = """
import keras
import numpy as np

class Own(keras.Model):
    def __init__(self, **options):
        super().__init__(**options)
        self.dense = keras.layers.Dense(3)

    def call(self, values):
        return self.dense(values) * 2

def own():
    made = Own()
    made(np.zeros((1, 4), "float32"))
    return made
"""


@pytest.mark.parametrize("kind", ["float16", "mixed_float16", "mixed_bfloat16", "float64"])
def test_another_float_format_becomes_float32(kind: str, tmp_path: Path) -> None:
    keras = backend.keras2()
    policy = keras.mixed_precision.Policy(kind)
    inputs = keras.Input((6, 6, 1), dtype=policy.compute_dtype)
    x = keras.layers.Conv2D(4, 3, activation="relu", dtype=policy)(inputs)
    x = keras.layers.BatchNormalization(dtype=policy)(x)
    net = keras.Model(inputs, keras.layers.Dense(3, dtype=policy)(keras.layers.Flatten(dtype=policy)(x)))
    net.save(tmp_path / "net.keras")
    loaded = load(tmp_path / "net.keras")
    assert loaded.precision in (kind, policy.compute_dtype)
    assert {layer.compute_dtype for layer in loaded.model.layers} == {"float32"}
    assert {weight.dtype.name for weight in loaded.model.weights} == {"float32"}
    assert all(tensor.dtype.name == "float32" for tensor in (*loaded.model.inputs, *loaded.model.outputs))
    values = np.random.default_rng(0).normal(size=(3, 6, 6, 1)).astype(np.float32)
    np.testing.assert_allclose(
        loaded.model(values), np.asarray(net(values), np.float32), rtol=0.05, atol=0.05
    )


def test_float32_stays_the_same_object(tmp_path: Path) -> None:
    net = backend.keras2().Sequential([backend.keras2().layers.Input((4,)), backend.keras2().layers.Dense(2)])
    net.save(tmp_path / "net.keras")
    assert load(tmp_path / "net.keras").precision is None


def test_words_are_no_input(tmp_path: Path) -> None:
    keras = backend.keras2()
    words = keras.Input((1,), dtype="string", name="words")
    keras.Model(words, keras.layers.Flatten()(words)).save(tmp_path / "net.keras")
    with pytest.raises(ModelError, match="an input that is no number") as caught:
        load(tmp_path / "net.keras")
    assert "words" in str(caught.value)
    assert "string" in str(caught.value)


def test_a_class_of_its_own_has_a_way_out_that_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_class.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModelError, match="no known input shape") as caught:
        load("own_class:own")
    assert "Own, a class of its own" in str(caught.value)
    assert "model.export('folder')" in str(caught.value)
    from own_class import own  # type: ignore[import-not-found]

    made = own()
    made.save(tmp_path / "own.keras")
    with pytest.raises(ModelError, match="code that is not Keras's") as refused:
        load(tmp_path / "own.keras")
    assert str(refused.value).splitlines()[0].endswith("own.keras")
    with backend.quiet():
        made.export(tmp_path / "folder", verbose=False)
    loaded = load(tmp_path / "folder")
    assert [type(layer).__name__ for layer in loaded.model.layers] == ["InputLayer", "Dense", "Rescaling"]
    values = np.ones((2, 4), np.float32)
    np.testing.assert_allclose(loaded.model(values), made(values), rtol=1e-6)


def test_no_dimensions() -> None:
    x, y = (tensor(name, (), dtype=DType.FLOAT32) for name in "xy")
    one = const("one", 1.0, dtype=DType.FLOAT32)
    assert_bit_exact([model("ADD", [x, one], y, FusedAttrs())], count=3)
    small, made = tensor("x", (), 0.1, 3), tensor("y", (), 0.2, -4)
    assert_bit_exact([model("ADD", [small, small], made, FusedAttrs())], count=3)


def test_a_float_operator_without_a_layer_is_named_once() -> None:
    x, y = (tensor(name, (1, 4), dtype=DType.FLOAT32) for name in "xy")
    with pytest.raises(FloatOperatorError) as caught:
        check_integer(read(model("ADD", [x, x], y, FusedAttrs())))
    assert "in layer ADD" not in str(caught.value)
    assert "what makes ADD" in str(caught.value)
