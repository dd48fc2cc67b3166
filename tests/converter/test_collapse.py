"""Nets with fresh weights: `convert` says in the user's words what is wrong, before TensorFlow Lite Micro
aborts.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.lib.graphs import model, tensor
from tinyml_compress.errors import CollapsedRange, ConversionError, RuntimeCrash
from tinyml_compress.ir import Attrs
from tinyml_compress.models import LoadedModel, ModelFormat, Origin
from tinyml_compress.ops._addsub import FusedAttrs
from tinyml_compress.ops.softmax.op import SoftmaxAttrs
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.pipeline.convert import verb as conversion
from tinyml_compress.pipeline.convert import whole
from tinyml_compress.pipeline.convert.collapse import collapsed_layer, movement_of, refuse_collapsed
from tinyml_compress.runners import tflm
from tinyml_compress.support import backend

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own

MODULE = """
def fresh():
    import tf_keras as k
    small = k.initializers.RandomNormal(stddev=1e-9, seed=1)
    layers = [k.layers.Input((6,)), k.layers.Dense(4, kernel_initializer=small), k.layers.Softmax()]
    return k.Sequential(layers, name="fresh")
"""


def softmax(scale: float) -> bytes:
    return model("SOFTMAX", [tensor("x", (1, 4), scale)], tensor("y", (1, 4), 1 / 256, -128), SoftmaxAttrs())


def _net(spread: float) -> Any:
    keras = backend.keras2()
    net = keras.Sequential([keras.layers.Input((6,)), keras.layers.Dense(4)])
    net.set_weights([np.full((6, 4), spread, np.float32), np.ones(4, np.float32)])
    return net


def test_tflm_aborts_exactly_where_we_say_so() -> None:
    for scale, aborts in ((1.0001 * 2**-26, False), (0.9999 * 2**-26, True)):
        file = softmax(scale)
        if not aborts:
            assert collapsed_layer(file) is None
            assert len(tflm.run(file, [[np.zeros((1, 4), np.int8)]]).outputs) == 1
            continue
        with pytest.raises(CollapsedRange, match="its input hardly varies") as caught:
            compile_model(file, "model")
        assert "is the model trained?" in str(caught.value)
        with pytest.raises(RuntimeCrash):
            tflm.arena_bytes(file)


def test_a_sum_of_no_range() -> None:
    x = tensor("x", (1, 4), 0.1)
    found = collapsed_layer(model("ADD", [x, x], tensor("y", (1, 4), 1e-9), FusedAttrs()))
    assert found is not None
    assert "its output hardly varies" in str(found)


def test_what_generated_c_lacks_is_told_elsewhere() -> None:
    assert (
        collapsed_layer(model("ABS", [tensor("x", (1, 4), 1e9)], tensor("y", (1, 4), 0.1), Attrs())) is None
    )
    assert collapsed_layer(b"no file") is None


def test_movement_and_words() -> None:
    samples = [np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32)]
    assert movement_of(_net(1e-8), samples).is_none
    assert not movement_of(_net(1e-2), samples).is_none
    assert not movement_of(_net(1e-8), [samples[0][:1]]).is_none, "one sample tells nothing"
    refuse_collapsed(softmax(1e-3), _net(1e-8), samples)  # still, but nothing aborts on it
    with pytest.raises(
        ConversionError, match="the outputs of the model do not depend on its inputs"
    ) as caught:
        refuse_collapsed(softmax(1e-9), _net(1e-8), samples)
    assert "over 20 calibration samples no output moves by more than" in str(caught.value)
    assert "weights='imagenet'" in str(caught.value)
    with pytest.raises(ConversionError, match="hardly vary over the calibration data") as other:
        refuse_collapsed(softmax(1e-9), _net(1e-2), samples)
    assert "data check" in str(other.value)


def test_convert_says_it_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "fresh_nets.py").write_text(MODULE)
    np.save(tmp_path / "set.npy", np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32))
    words = [sys.executable, "-m", "tinyml_compress", "convert", "fresh_nets:fresh", "-o", "out"]
    done = subprocess.run(
        [*words, "--calibration", "set.npy"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(
        "error: the outputs of the model do not depend on its inputs: fresh_nets:fresh"
    )
    assert "is the model trained?" in done.stderr
    assert not (tmp_path / "out").exists()


def test_where_tflm_aborts_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The converter is known to give no such file; so one is put in its place, which TFLM really
    aborts on.
    """
    samples = np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32)
    file = model(
        "ADD", [tensor("x", (1, 6), 0.1), tensor("z", (1, 6), 0.1)], tensor("y", (1, 6), 1e-9), FusedAttrs()
    )
    monkeypatch.setattr(whole.converter, "to_tflite", lambda *args, **options: file)
    monkeypatch.setattr(whole, "refuse_collapsed", lambda *args: None)
    loaded = LoadedModel(_net(1.0), Origin("net", ModelFormat.FUNCTION, "0" * 64))
    with pytest.raises(
        ConversionError, match="TensorFlow Lite Micro aborts on the converted model"
    ) as caught:
        conversion.convert(loaded, [samples], output=tmp_path / "out")
    assert "SIGABRT" in str(caught.value)
    assert not (tmp_path / "out").exists()
