"""From model to artifacts: what is written, that it is integer, that it repeats, and every refusal on the
way.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from tests.lib.schema import validate
from tests.lib.zoo import converted
from tinyml_compress import converter, data
from tinyml_compress.cli.convert import command
from tinyml_compress.converter import ConvertSettings, Io, Mode
from tinyml_compress.converter import convert as convert_module
from tinyml_compress.errors import (
    ConversionError,
    DataError,
    FloatOperatorError,
    OutputError,
    TinymlError,
    UsageError,
)
from tinyml_compress.frontends.preprocessing import Preprocessing
from tinyml_compress.ir import DType
from tinyml_compress.models import ZOO, LoadedModel, ModelFormat, Origin, keras3, load
from tinyml_compress.pipeline.convert.keras_model import convert_model
from tinyml_compress.pipeline.convert.verb import convert, make_artifacts
from tinyml_compress.pipeline.convert.whole import Wanted
from tinyml_compress.pipeline.inspect.verb import looked_into
from tinyml_compress.results import Conversion, decoded, encoded
from tinyml_compress.runners import tflm, toolchain
from tinyml_compress.support import backend

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own
Once = Callable[[str, Callable[[Path], None]], Path]


def loaded(*layers: str, shape: tuple[int, ...] = (4,)) -> LoadedModel:
    """A model of a few layers, each written as an expression over `k`."""
    k = backend.keras2()
    model = k.Sequential(
        [k.layers.Input(shape), *(eval(layer, {"k": k.layers}) for layer in layers)], name="small"
    )
    return LoadedModel(model, Origin("small", ModelFormat.FUNCTION, "0" * 64))


INT8_ONLY = ("text_transformer", "activity_lstm")  # the converter has no 16-bit form of their operators


def samples(*shape: int, count: int = 8) -> list[Any]:
    return [np.random.default_rng(1).random((count, *shape), dtype=np.float32)]


@pytest.mark.parametrize("name", ZOO)
def test_every_zoo_model_becomes_integer(once: Once, name: str) -> None:
    folder = converted(once, name)
    file = converter.read((folder / f"{name}.tflite").read_bytes())
    assert converter.float_operators(file) == ()
    assert not {"QUANTIZE", "DEQUANTIZE"} & set(file.operator_names)
    words = DType.INT32 if name == "text_transformer" else DType.INT8
    assert [port.dtype for port in (*file.inputs, *file.outputs)] == [words, DType.INT8]
    assert file.inputs[0].shape == (1, *ZOO[name].input_shape)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["numbers"]["tflm_arena_bytes"]["value"] > 1000


@pytest.mark.parametrize("name", ["digits_cnn", "wake_word"])
def test_outputs_follow_the_float_model(once: Once, name: str) -> None:
    tflite = (converted(once, name) / f"{name}.tflite").read_bytes()
    inputs = data.load(f"{ZOO[name].data}:test").inputs[:16]
    wanted = np.asarray(load(f"zoo:{name}").model(inputs, training=False))
    got = tflm.predict(tflite, inputs)
    assert np.abs(got - wanted).mean() < 0.05 * np.ptp(wanted)
    assert (got.argmax(axis=1) == wanted.argmax(axis=1)).mean() > 0.8


def test_same_input_same_bytes(once: Once, tmp_path: Path) -> None:
    first = converted(once, "digits_cnn")
    done = CliRunner().invoke(
        command,
        [
            *"zoo:digits_cnn --calibration data:digits:train --samples 16 --json -o".split(),
            str(tmp_path / "again"),
        ],
        catch_exceptions=False,
    )
    shown = json.loads(done.output)
    names = sorted(path.name for path in first.iterdir() if not path.name.startswith("."))
    assert names == sorted(path.name for path in (tmp_path / "again").iterdir())
    assert sorted([*shown["files"], "manifest.json"]) == names
    for name in names:
        assert (first / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name


def test_files_of_a_real_model_compile(once: Once) -> None:
    folder = converted(once, "digits_cnn")
    user = "".join(f'#include "digits_cnn_{part}.h"\n' for part in ("model_data", "resolver", "test_vectors"))
    user += (
        "int size(void);\nint size(void) {\n    return "
        "DIGITS_CNN_TFLM_ARENA_BYTES + DIGITS_CNN_MODEL_INPUT0_BYTES +"
    )
    user += "\n           digits_cnn_test_input0[0][0] + digits_cnn_test_output0[0][0];\n}\n"
    sources = {path.name: path.read_text() for path in folder.glob("digits_cnn_*")}
    assert toolchain.objects({**sources, "user.c": user}, flags=toolchain.WARNINGS)


def test_manifest(once: Once) -> None:
    folder = converted(once, "digits_cnn")
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["model"]["spec"] == "zoo:digits_cnn"
    assert manifest["conversion"]["samples"] == 16
    assert manifest["conversion"]["calibration"] == "data:digits:train"
    assert manifest["inputs"][0]["dtype"] == "int8"
    assert {number["kind"] for number in manifest["numbers"].values()} <= {"exact", "modelled", "measured"}
    for name, digest in manifest["files"].items():
        import hashlib

        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_published_resnet(published: Path) -> None:
    model = load(published / "pretrainedResnet.h5")
    made = convert_model(model, "data:images:train", Wanted(samples=8))
    assert converter.float_operators(made.file) == ()
    artifacts = make_artifacts("resnet", made, model.origin.given)
    assert artifacts.arena is not None
    assert 50_000 < artifacts.arena.measured < 60_000


@pytest.mark.parametrize(("name", "kilobytes"), [("kws_ref_model", 23), ("pretrainedResnet_quant", 55)])
def test_published_arena(published: Path, name: str, kilobytes: int) -> None:
    assert tflm.arena_bytes((published / f"{name}.tflite").read_bytes()) / 1024 == pytest.approx(
        kilobytes, abs=1
    )


def test_float_operator_is_refused_by_name() -> None:
    model = loaded(
        "k.Conv2D(3, 3, activation='elu', name='front')", "k.Flatten()", "k.Dense(2)", shape=(6, 6, 1)
    )
    with pytest.raises(FloatOperatorError) as caught:
        convert_model(model, samples(6, 6, 1))
    for part in ("ELU in layer front", "float tensor", "replace ELU", "--allow-float"):
        assert part in str(caught.value)


@pytest.mark.full
def test_float_operator_can_be_allowed() -> None:
    model = loaded("k.Dense(3, activation='elu', name='front')", "k.Dense(2)")
    made = convert_model(model, samples(4), Wanted(ConvertSettings(allow_float=True)))
    assert made.float_operators == ("ELU",)


@pytest.mark.full
@pytest.mark.parametrize("name", [name for name in ZOO if name not in INT8_ONLY])
def test_every_zoo_model_with_16_bit_activations(once: Once, name: str) -> None:
    folder = converted(once, name, Mode.INT16X8)
    file = converter.read((folder / f"{name}.tflite").read_bytes())
    assert converter.float_operators(file) == ()
    assert [port.dtype for port in (*file.inputs, *file.outputs)] == [DType.INT16, DType.INT16]


@pytest.mark.full
@pytest.mark.parametrize(
    ("settings", "port", "weights"),
    [
        (ConvertSettings(io=Io.UINT8), DType.UINT8, 1),
        (ConvertSettings(io=Io.FLOAT32), DType.FLOAT32, 1),
        (ConvertSettings(Mode.INT16X8, Io.FLOAT32), DType.FLOAT32, 1),
        (ConvertSettings(Mode.DYNAMIC), DType.FLOAT32, 1),
        (ConvertSettings(Mode.FLOAT16), DType.FLOAT32, 2),
        (ConvertSettings(Mode.FLOAT32), DType.FLOAT32, 4),
    ],
)
def test_modes(settings: ConvertSettings, port: DType, weights: int) -> None:
    model = loaded("k.Dense(64, activation='relu')", "k.Dense(40)", shape=(64,))
    made = convert_model(model, samples(64) if settings.mode.full_integer else None, Wanted(settings))
    assert {item.dtype for item in (*made.file.inputs, *made.file.outputs)} == {port}
    assert made.float_operators == ()
    assert weights * 6_600 < len(made.tflite) < weights * 6_600 + 6_000
    artifacts = make_artifacts("m", made, model.origin.given)
    assert (artifacts.arena is None) == bool(artifacts.why_no_arena)


def test_preprocessing_goes_with_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, once: Once
) -> None:
    tflite = (converted(once, "digits_cnn") / "digits_cnn.tflite").read_bytes()
    monkeypatch.setattr(converter, "to_tflite", lambda *args, **kwargs: tflite)
    made = Preprocessing(scale=0.5, mean=(0.25,), std=(2.0,))
    digits = replace(data.load("data:digits"), preprocessing=made)
    result = convert("zoo:digits_cnn", digits, output=tmp_path, name="net")
    document = json.loads(json.dumps(encoded(looked_into(result))))
    assert document["preprocessing"] == made.as_json()
    validate(document)
    assert decoded(Conversion, document) == looked_into(result)
    assert "NET_INPUT_SCALE 0.5f" in (tmp_path / "net_preprocessing.h").read_text()


def test_generated_c_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, once: Once) -> None:
    """The converter's part is known; only what comes after it is tried."""
    tflite = (converted(once, "digits_cnn") / "digits_cnn.tflite").read_bytes()
    monkeypatch.setattr(converter, "to_tflite", lambda *args, **kwargs: tflite)
    words = (
        "zoo:digits_cnn --calibration data:digits --engine aot --isa dsp --optimize size --name net --json -o"
    )
    done = CliRunner().invoke(command, [*words.split(), str(tmp_path / "out")], catch_exceptions=False)
    shown = json.loads(done.output)["aot"]
    assert shown["folder"] == str(tmp_path / "out" / "aot")
    assert all((tmp_path / "out" / "aot" / name).is_file() for name in ("net.c", "net.h", *shown["files"]))
    refused = CliRunner().invoke(command, "zoo:digits_cnn --calibration data:digits --isa dsp -o out".split())
    assert isinstance(refused.exception, UsageError)


@pytest.mark.full
def test_per_tensor_dense() -> None:
    model = loaded("k.Dense(16)")
    scales = []
    for per_tensor in (False, True):
        file = convert_model(model, samples(4), Wanted(ConvertSettings(per_tensor_dense=per_tensor))).file
        quant = file.operators[0].inputs[1].quant
        assert quant is not None
        scales.append(len(quant.scales))
    assert scales == [16, 1]


KERAS_3 = {
    "LSTM": "k.layers.LSTM(6)",
    "GRU": "k.layers.GRU(6)",
    "SimpleRNN": "k.layers.SimpleRNN(6)",
    "Bidirectional": "k.layers.Bidirectional(k.layers.LSTM(4))",
    "Conv1DTranspose": "k.layers.Conv1DTranspose(3, 3, strides=2)",
    "TimeDistributed": "k.layers.TimeDistributed(k.layers.Dense(3))",
    "LayerNormalization": "k.layers.LayerNormalization()",
}


@pytest.mark.full
@pytest.mark.parametrize("name", KERAS_3)
def test_keras_3_layers_become_integer(name: str) -> None:
    k = backend.keras3()
    layers = [eval(KERAS_3[name], {"k": k}), k.layers.Flatten(), k.layers.Dense(3)]
    rebuilt, proof = keras3.rebuild(k.Sequential([k.layers.Input((8, 4)), *layers]))
    made = LoadedModel(rebuilt, Origin(name, ModelFormat.KERAS3, "0" * 64, proof))
    assert convert_model(made, samples(8, 4)).float_operators == ()


@pytest.mark.full
def test_attention_of_keras_3_becomes_integer() -> None:
    k = backend.keras3()
    inputs = k.layers.Input((8, 4))
    attended = k.layers.LayerNormalization()(inputs + k.layers.MultiHeadAttention(2, 4)(inputs, inputs))
    rebuilt, proof = keras3.rebuild(k.Model(inputs, k.layers.Dense(2)(k.ops.mean(attended, axis=1))))
    made = LoadedModel(rebuilt, Origin("attention", ModelFormat.KERAS3, "0" * 64, proof))
    assert convert_model(made, samples(8, 4)).float_operators == ()


@pytest.mark.full
def test_several_inputs_and_a_free_size() -> None:
    k = backend.keras2()
    first, second = k.layers.Input((None, 3), name="long"), k.layers.Input((2,), name="short")
    pooled = k.layers.GlobalAveragePooling1D()(k.layers.Conv1D(4, 3)(first))
    model = k.Model([first, second], k.layers.Dense(2)(k.layers.Concatenate()([pooled, second])))
    two = LoadedModel(model, Origin("two", ModelFormat.FUNCTION, "0" * 64))
    arrays = [*samples(20, 3), 50 * samples(2)[0]]
    file = convert_model(two, arrays).file
    by_shape = {port.shape: port for port in file.inputs}
    assert set(by_shape) == {(1, 20, 3), (1, 2)}
    quant = by_shape[(1, 2)].quant
    assert quant is not None
    assert quant.scale > 0.1  # each input got its own data
    with pytest.raises(ConversionError, match="no fixed shape"):
        convert_model(two, None, Wanted(ConvertSettings(Mode.FLOAT32)))


_WORKER = """
import os, time
from pathlib import Path
from tinyml_compress.support.worker import serve
def work(job):
    {}
def main(folder):
    serve(Path(folder), work)
"""


def test_samples_reach_the_converter_in_the_models_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "worker_for_test.py").write_text(
        _WORKER.format("raise ValueError(f'samples are {job.arrays[\"x0\"].dtype}')")
    )
    monkeypatch.setattr(convert_module, "_WORKER", "worker_for_test:main")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    k = backend.keras2()
    model = k.Sequential([k.layers.Input((6,), dtype="int32"), k.layers.Embedding(9, 3), k.layers.Flatten()])
    tokens = LoadedModel(model, Origin("tokens", ModelFormat.FUNCTION, "0" * 64))
    with pytest.raises(ConversionError) as caught:
        convert_model(tokens, samples(6))
    assert "samples are int32" in str(caught.value)


WORKERS = {
    "crash": "os.abort()",
    "hang": "time.sleep(60)",
    "exit": "raise SystemExit('some reason')",
    "complain": "raise ValueError({!r})",
}


@pytest.mark.parametrize(
    ("kind", "complaint", "error", "text"),
    [
        ("crash", "", ConversionError, "SIGABRT"),
        ("hang", "", ConversionError, "--timeout"),
        ("exit", "", ConversionError, "some reason"),
        (
            "complain",
            "RuntimeError: Quantization not yet supported for op: 'WHILE'.",
            FloatOperatorError,
            "WHILE in small",
        ),
        (
            "complain",
            "E: Some ops need it\nCustom ops: Erf\n",
            ConversionError,
            "no TensorFlow Lite operator",
        ),
        ("complain", "ValueError: strange thing", ConversionError, "strange thing"),
    ],
)
def test_converter_that_fails(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    complaint: str,
    error: type[TinymlError],
    text: str,
) -> None:
    (tmp_path / "worker_for_test.py").write_text(_WORKER.format(WORKERS[kind].format(complaint)))
    monkeypatch.setattr(convert_module, "_WORKER", "worker_for_test:main")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    with pytest.raises(error) as caught:
        convert(
            loaded("k.Dense(2)"), samples(4), output=tmp_path / "out", timeout=2.0 if kind == "hang" else 60.0
        )
    assert text in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        ([], "differ in number"),
        (samples(4) * 2, "differ in number"),
        (samples(5), "input shape"),
        (samples(4, 1), "input shape"),
        (samples(4, count=0), "empty"),
        ([np.full((3, 4), np.nan, np.float32)], "finite"),
    ],
)
def test_bad_arrays(arrays: list[Any], text: str) -> None:
    with pytest.raises(DataError, match=text):
        convert_model(loaded("k.Dense(2)"), arrays)


def test_data_set_of_another_shape() -> None:
    with pytest.raises(DataError, match="not of the model's input shape"):
        convert_model(loaded("k.Dense(2)"), "data:digits")


@pytest.mark.parametrize(
    ("words", "error", "text"),
    [
        ("zoo:digits_cnn -o out", UsageError, "representative data"),
        ("zoo:digits_cnn --calibration data:digits -o out --name class", UsageError, "word of C"),
        ("zoo:digits_cnn --calibration data:digits -o out --name 9lives", UsageError, "not a C name"),
        (
            "zoo:digits_cnn --calibration data:digits -o out --mode float32 --io int8",
            UsageError,
            "cannot have this type",
        ),
        (
            "zoo:digits_cnn --calibration data:digits -o out --mode float16 --per-tensor-dense",
            UsageError,
            "full-integer",
        ),
        (
            "zoo:digits_cnn --calibration data:digits -o out --mode int16x8 --weight-bits 4",
            UsageError,
            "so many",
        ),
        (
            "zoo:digits_cnn --calibration data:digits -o out --mixed --max-drop 1 --weight-bits 4",
            UsageError,
            "weights of 8 bits",
        ),
        ("zoo:digits_cnn --calibration absent.npz -o out", DataError, "no such data file"),
        ("zoo:digits_cnn --calibration data:digits -o taken/below", OutputError, "cannot write"),
        ("absent.keras --calibration data:digits -o out", UsageError, "no such model"),
    ],
)
def test_wrong_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, error: type[TinymlError], text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").touch()
    done = CliRunner().invoke(command, words.split())
    assert isinstance(done.exception, error)
    assert text in str(done.exception)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["taken"]


def test_weights_of_four_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = "zoo:digits_cnn --calibration data:digits:train -o {0} --name net --weight-bits {0}"
    for bits in ("8", "4"):
        done = CliRunner().invoke(command, words.format(bits).split(), catch_exceptions=False)
        assert done.exit_code == 0, done.output
    sizes = {bits: (tmp_path / bits / "net.tflite").stat().st_size for bits in ("8", "4")}
    assert sizes["4"] < 0.75 * sizes["8"]


def test_what_the_converter_leaves_in_float_by_chance_is_converted_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    k = backend.keras2()
    loaded = LoadedModel(
        k.Sequential([k.layers.Input((4,)), k.layers.Dense(2)]), Origin("two", ModelFormat.FUNCTION, "0" * 64)
    )
    fates = iter([True, True, False])
    monkeypatch.setattr(converter, "left_by_chance", lambda file: next(fates))
    runs: list[int] = []
    real = converter.to_tflite

    def counted(*words: Any, **named: Any) -> bytes:
        runs.append(1)
        return real(*words, **named)

    monkeypatch.setattr(converter, "to_tflite", counted)
    assert convert_model(loaded, samples(4)).float_operators == ()
    assert len(runs) == 3
    assert next(fates, None) is None
