"""The zoo: architectures as published, the same weights every time, outputs that tell inputs apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tinyml_compress import data
from tinyml_compress.cli.zoo import command
from tinyml_compress.errors import UsageError
from tinyml_compress.models import ZOO, ModelFormat, load

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own

# Parameters of the published nets; the MobileNet without biases in its convolutions, which BatchNorm makes
# idle.
PARAMETERS = {
    "ds_cnn": 24_908,
    "mobilenet_v1_025": 219_058,
    "resnet8": 78_666,
    "autoencoder": 269_992,
    "wake_word": 23_067,
    "digits_cnn": 38_426,
    "text_transformer": 14_852,
    "activity_lstm": 5_934,
    "activity_gru": 4_078,
    "unet": 17_795,
    "speech_codec": 9_279,
}


def test_every_entry_is_checked_here() -> None:
    assert set(PARAMETERS) == set(ZOO)


@pytest.mark.parametrize("name", PARAMETERS)
def test_model(name: str) -> None:
    loaded = load(f"zoo:{name}")
    about = ZOO[name]
    assert loaded.origin.format is ModelFormat.ZOO
    assert loaded.model.count_params() == PARAMETERS[name]
    assert loaded.input_shapes == (about.input_shape,)
    inputs = data.load(f"{about.data}:test").fitted(about.input_shape).inputs[:24]
    outputs = np.asarray(loaded.model(inputs, training=False))
    assert np.isfinite(outputs).all()
    # A step of int8 in a softmax is 1/256: several outputs move by many steps over the samples.
    assert (outputs.std(axis=0) > 4 / 256).sum() >= 2


def test_same_weights_every_time() -> None:
    first, second = load("zoo:ds_cnn"), load("zoo:ds_cnn")
    assert first.origin.sha256 == second.origin.sha256
    for a, b in zip(first.model.get_weights(), second.model.get_weights(), strict=True):
        assert a.tobytes() == b.tobytes()


def test_no_batchnorm_is_idle() -> None:
    norms = [
        layer for layer in load("zoo:resnet8").model.layers if type(layer).__name__ == "BatchNormalization"
    ]
    assert len(norms) > 5
    for layer in norms:
        assert all(value.std() > 0 for value in layer.get_weights())


def test_multiply_accumulates_of_the_mobilenet() -> None:
    total = 0
    for layer in load("zoo:mobilenet_v1_025").model.layers:
        if type(layer).__name__ in ("Conv2D", "DepthwiseConv2D", "Dense"):
            pixels = int(np.prod(layer.output_shape[1:-1])) if len(layer.output_shape) == 4 else 1
            total += pixels * int(np.prod(layer.get_weights()[0].shape))
    assert total == 7_489_664


@pytest.mark.parametrize(
    ("name", "meant"), [("resnet9", "resnet8"), ("dscnn", "ds_cnn"), ("zzz", "zoo list")]
)
def test_unknown_name(name: str, meant: str) -> None:
    with pytest.raises(UsageError, match="no such model in the zoo") as caught:
        load(f"zoo:{name}")
    assert meant in str(caught.value)


def test_list() -> None:
    shown = CliRunner().invoke(command, [])
    assert shown.exit_code == 0
    assert all(name in shown.output for name in ZOO)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_save_and_load_again(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "new" / f"digits{suffix}"
    done = CliRunner().invoke(command, ["save", "digits_cnn", "-o", str(path)], catch_exceptions=False)
    assert "38,426 parameters" in done.output
    again = load(path)
    for a, b in zip(again.model.get_weights(), load("zoo:digits_cnn").model.get_weights(), strict=True):
        assert a.tobytes() == b.tobytes()


def test_save_refuses_another_format(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["save", "digits_cnn", "-o", str(tmp_path / "digits.onnx")])
    assert isinstance(done.exception, UsageError)
    assert list(tmp_path.iterdir()) == []
