"""int8 and int16x8 in one file: the splice is exact wherever it cuts, and the search keeps what hurts wide,
no more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.lib.aot import assert_bit_exact
from tinyml_compress import converter, data, frontend
from tinyml_compress.cli.convert import command
from tinyml_compress.converter import ConvertSettings, Mode
from tinyml_compress.converter.splice import candidates, followers, splice
from tinyml_compress.data import DataSet
from tinyml_compress.errors import ConversionError, TrainingError, UsageError
from tinyml_compress.frontend.writer import write
from tinyml_compress.ir import DType, Graph
from tinyml_compress.models import LoadedModel, ModelFormat, Origin, load
from tinyml_compress.pipeline.convert.keras_model import convert_model
from tinyml_compress.pipeline.convert.mixing import Mixer, by_names, mix_forms, mixer_of
from tinyml_compress.pipeline.convert.verb import convert
from tinyml_compress.pipeline.convert.whole import Wanted
from tinyml_compress.pipeline.measure.verb import measured
from tinyml_compress.pipeline.measure.work import BenchmarkRequest
from tinyml_compress.results.base import plain
from tinyml_compress.support import backend
from tinyml_compress.techniques.training import Samples, fit, task_for

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own
Once = Callable[[str, Callable[[Path], None]], Path]


def _branches() -> LoadedModel:
    """Convolution, sum of two branches, pooling, a change of shape, dense, softmax."""
    k = backend.keras2()
    k.utils.set_random_seed(3)
    inputs = k.Input((6, 6, 3), name="image")
    x = k.layers.Conv2D(8, 3, padding="same", activation="relu", name="first")(inputs)
    y = k.layers.DepthwiseConv2D(3, padding="same", name="side")(x)
    x = k.layers.ReLU(name="joined_relu")(k.layers.Add(name="joined")([x, y]))
    x = k.layers.AveragePooling2D(2, name="pool")(x)
    x = k.layers.Dense(7, activation="relu", name="hidden")(k.layers.Flatten(name="flat")(x))
    outputs = k.layers.Dense(4, activation="softmax", name="scores")(x)
    return LoadedModel(
        k.Model(inputs, outputs, name="branches"), Origin("branches", ModelFormat.FUNCTION, "0" * 64)
    )


@pytest.fixture(scope="module")
def forms(once: Once) -> tuple[Graph, Graph]:
    def make(folder: Path) -> None:
        loaded = _branches()
        values = np.random.default_rng(1).uniform(-1, 1, (16, 6, 6, 3)).astype(np.float32)
        for mode in (Mode.INT8, Mode.INT16X8):
            made = convert_model(loaded, [values], Wanted(ConvertSettings(mode)))
            (folder / f"{mode.value}.tflite").write_bytes(made.tflite)

    folder = once("mixed-forms", make)
    names = ("int8", "int16x8")
    narrow, wide = (frontend.read((folder / f"{name}.tflite").read_bytes(), "m") for name in names)
    return narrow, wide


def test_every_cut_is_exact(forms: tuple[Graph, Graph]) -> None:
    narrow, wide = forms
    places = candidates(narrow, wide)
    assert [narrow.nodes[place].op for place in places] == [
        "CONV_2D", "DEPTHWISE_CONV_2D", "ADD", "AVERAGE_POOL_2D", "FULLY_CONNECTED", "FULLY_CONNECTED",
        "SOFTMAX",
    ]  # fmt: skip
    chosen = [(), *((place,) for place in places), *list(combinations(places, 2))[::4], places]
    assert_bit_exact((write(splice(narrow, wide, one)) for one in chosen), count=2)


def test_forms_meet_in_a_cast_and_only_there(forms: tuple[Graph, Graph]) -> None:
    narrow, wide = forms
    places = candidates(narrow, wide)
    assert [node.op for node in splice(narrow, wide, ()).nodes] == [node.op for node in narrow.nodes]
    assert [node.op for node in splice(narrow, wide, places).nodes] == [node.op for node in narrow.nodes]
    added = splice(narrow, wide, places[2:3])  # the sum reads two results in int16 and gives one back to int8
    assert sum(node.op == "QUANTIZE" for node in added.nodes) == 3
    first = splice(narrow, wide, places[:1])  # what reads the first layer's result twice gets one cast
    assert sum(node.op == "QUANTIZE" for node in first.nodes) == 1
    assert first.tensors[first.inputs[0]].dtype is DType.INT16
    closed = splice(narrow, wide, places, narrow_ports=True)
    ports = (*closed.inputs, *closed.outputs)
    assert {closed.tensors[name].dtype for name in ports} == {DType.INT8}
    assert [closed.nodes[0].op, closed.nodes[-1].op] == ["QUANTIZE", "QUANTIZE"]
    assert_bit_exact([write(closed)], count=2)


def test_a_change_of_shape_follows_its_maker(forms: tuple[Graph, Graph]) -> None:
    narrow, _ = forms
    pool = next(place for place, node in enumerate(narrow.nodes) if node.op == "AVERAGE_POOL_2D")
    assert narrow.nodes[pool + 1].op == "RESHAPE"
    assert followers(narrow, [pool]) == {pool, pool + 1}


def test_forms_of_two_models_are_refused(forms: tuple[Graph, Graph]) -> None:
    narrow, wide = forms
    with pytest.raises(ConversionError, match="differ in more than their numbers"):
        splice(narrow, wide.rebuilt(nodes=wide.nodes[:-1], outputs=wide.nodes[-2].outputs), ())


@dataclass(frozen=True)
class Gap:
    """A model that int8 spoils, its two forms, and data."""

    loaded: LoadedModel
    mixer: Mixer
    data: DataSet


@pytest.fixture(scope="module")
def gap() -> Gap:
    """One result holds large values that nothing needs beside small ones that decide."""
    k = backend.keras2()
    rng = np.random.default_rng(5)
    inputs = k.Input((8,), name="features")
    x = k.layers.Dense(8, name="spread")(inputs)
    x = k.layers.Dense(16, activation="relu", name="uneven")(x)
    x = k.layers.Dense(6, activation="relu", name="decide")(x)
    outputs = k.layers.Dense(2, name="scores")(x)
    model = k.Model(inputs, outputs, name="gap")
    decide = np.zeros((16, 6))
    decide[8:] = rng.normal(size=(8, 6))
    kernels = (np.eye(8), np.hstack([np.eye(8) * 60, np.eye(8) * 0.25]), decide, rng.normal(size=(6, 2)))
    for layer, kernel in zip(model.layers[1:], kernels, strict=True):
        layer.set_weights([kernel.astype(np.float32), np.zeros(kernel.shape[1], np.float32)])
    features = rng.uniform(-1, 1, (400, 8)).astype(np.float32)
    scores = np.asarray(model(features))
    middle = np.median(scores[:, 0] - scores[:, 1])
    model.layers[-1].set_weights([kernels[-1].astype(np.float32), np.array([-middle, 0], np.float32)])
    labels = np.asarray(model(features)).argmax(axis=1).astype(np.int64)
    loaded, known = (
        LoadedModel(model, Origin("gap", ModelFormat.FUNCTION, "0" * 64)),
        DataSet("gap", features, labels),
    )
    return Gap(loaded, mixer_of(loaded, known, Wanted()), known)


def test_what_hurts_stays_wide_and_no_more(gap: Gap, tmp_path: Path) -> None:
    made = mix_forms(gap.mixer, gap.loaded.model, gap.data, 0.03)
    done = made.summary
    assert done.float_score == 1.0
    assert done.int8_score < 0.93, "the model was made so that int8 fails"
    assert done.drop <= 0.03
    assert {name.rpartition("/")[2] for name in done.wide} == {"uneven", "decide"}
    kept = [row.layer.rpartition("/")[2] for row in done.layers if row.is_wide]
    assert kept == ["uneven"]
    file = converter.read(made.tflite)
    assert [port.dtype for port in (*file.inputs, *file.outputs)] == [DType.INT8, DType.INT8]
    assert_bit_exact([made.tflite])
    assert plain(done)["wide"] == list(done.wide)


def test_nothing_stays_wide_where_int8_is_good_enough(gap: Gap) -> None:
    made = mix_forms(gap.mixer, gap.loaded.model, gap.data, 0.9)
    done = made.summary
    assert done.wide == done.layers == ()
    assert done.int16_score is None
    assert made.tflite == gap.mixer.file(())


def test_what_even_int16_cannot_hold_is_an_error(gap: Gap) -> None:
    features = gap.data.inputs * np.float32(40)  # far outside of what calibration saw: every form saturates
    labels = np.asarray(gap.loaded.model(features)).argmax(axis=1).astype(np.int64)
    far = DataSet("far", features, labels)
    with pytest.raises(TrainingError, match="even int16x8 in every layer does not hold the drop"):
        mix_forms(gap.mixer, gap.loaded.model, far, 0.0)


@pytest.mark.full
def test_names_of_wide_layers_make_the_same_file_again(gap: Gap, tmp_path: Path) -> None:
    done = convert(gap.loaded, gap.data, output=tmp_path / "a", mixed_drop=0.03, eval_data=gap.data)
    assert done.mixed is not None
    again = convert(gap.loaded, gap.data, output=tmp_path / "b", wide=done.mixed.wide)
    assert again.path.read_bytes() == done.path.read_bytes()
    assert b'"wide"' in (tmp_path / "b" / "manifest.json").read_bytes()


def _with_an_outlier(loaded: LoadedModel) -> None:
    """The weakest unit of a layer gets a range of 300 times its own, and nothing reads it any more."""
    after = loaded.model.get_layer("dense5")
    kernel, bias = after.get_weights()
    unit = int(np.abs(kernel).sum(axis=1).argmin())
    kernel[unit] = 0
    after.set_weights([kernel, bias])
    normal = loaded.model.get_layer("dense4_bn")
    gamma, beta, mean, variance = normal.get_weights()
    gamma[unit] *= 300
    beta[unit] = abs(beta[unit]) * 300
    normal.set_weights([gamma, beta, mean, variance])


@pytest.mark.full
def test_the_gap_of_an_autoencoder_with_an_outlier_is_closed_at_a_small_price() -> None:
    """At least two thirds of the AUC that int8 loses come back, at no more than 1.3 of its cycles."""
    train, tests = data.load("data:machine:train"), data.load("data:machine:test")
    loaded = load("zoo:autoencoder")
    samples = Samples(train.inputs, train.labels)
    fit(loaded.model, task_for(loaded.model, samples, epochs=35, seed=1, learning_rate=3e-3), samples)
    _with_an_outlier(loaded)
    mixer = mixer_of(loaded, train, Wanted())
    made = mix_forms(mixer, loaded.model, tests, 0.003)
    done = made.summary
    assert done.metric == "auc"
    gap = done.float_score - done.int8_score
    assert gap > 0.01
    assert done.score - done.int8_score >= gap * 2 / 3
    narrow, mixed = (_cycles(file) for file in (mixer.file(()), made.tflite))
    assert narrow < mixed <= 1.3 * narrow


def _cycles(file: bytes) -> int:
    (run,) = measured(file, BenchmarkRequest(("nucleo-l4r5zi",), vectors=2)).runs
    assert run.error is None
    assert run.bit_exact is not None
    assert run.bit_exact.mismatches == 0
    return run.cycles


def test_options_that_do_not_go_together(tmp_path: Path) -> None:
    def refused(*words: str) -> str:
        done = CliRunner().invoke(
            command, ["zoo:digits_cnn", "--calibration", "data:digits", "-o", str(tmp_path), *words]
        )
        assert isinstance(done.exception, UsageError), done.output
        return str(done.exception)

    assert "how much may be lost?" in refused("--mixed")
    assert "goes with --mixed" in refused("--max-drop", "1")
    assert "--mode int16x8" in refused("--mixed", "--max-drop", "1", "--mode", "int16x8")
    with pytest.raises(UsageError, match="only an int8 model"):
        ConvertSettings(Mode.INT16X8, wide=("a",))


def test_names_of_layers(forms: tuple[Graph, Graph]) -> None:
    narrow, wide = forms
    mixer = Mixer(write(narrow), write(wide), narrow_ports=False)
    names = [mixer.layer(place).rpartition("/")[2] for place in mixer.places]
    assert names[0] == "first"
    assert by_names(mixer, ("*first",)) == {mixer.places[0]}
    values = dict(mixer.values())
    with pytest.raises(UsageError, match="no such layer to keep wide: nothing"):
        by_names(mixer, ("nothing",))
    pool = mixer.layer(mixer.places[3])
    assert values[pool] == mixer.places[3:5]  # through the change of shape to the dense layer
