"""PyTorch models and float .tflite files become integer .tflite files.

The workers run under interpreters of their own (support/environments.py), hundreds of MB that are installed
on first use, and import PyTorch each time: what calls them belongs to `make test-full`.
"""

from __future__ import annotations

import json
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.lib.aot import assert_bit_exact
from tinyml_compress import frontend
from tinyml_compress.converter import Mode
from tinyml_compress.converter.foreign.calls import TorchModel, requantize, torch_to_tflite
from tinyml_compress.data import DataSet
from tinyml_compress.errors import ConversionError, DataError, TinymlError, UsageError
from tinyml_compress.ir import DType
from tinyml_compress.pipeline.compare.verb import compare
from tinyml_compress.pipeline.evaluate.verb import evaluate
from tinyml_compress.runners import host
from tinyml_compress.support import environments
from tinyml_compress.support.cache import cache_root
from tinyml_compress.support.trust import trusting

SAMPLES = [np.random.default_rng(0).standard_normal((12, 8, 8, 1)).astype(np.float32)]


@pytest.fixture
def in_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker finds the tests' models from the folder it is called in."""
    monkeypatch.chdir(Path(__file__).parents[2])


@pytest.mark.full
@pytest.mark.usefixtures("in_checkout")
def test_pytorch_cnn_to_c_equal_to_tflm() -> None:
    model = TorchModel.parse("torch:tests.lib.torch_nets:small")
    file = torch_to_tflite(model, SAMPLES, Mode.INT8)
    graph = frontend.read(file, "small")
    assert [node.op for node in graph.nodes].count("CONV_2D") == 1
    assert graph.nodes[0].op != "TRANSPOSE"
    assert all(not tensor.dtype.is_float for tensor in graph.tensors.values())
    assert graph.tensors[graph.inputs[0]].shape == (1, 8, 8, 1)
    assert_bit_exact([file], count=10)
    assert torch_to_tflite(model, SAMPLES, Mode.INT8) == file


@pytest.mark.full
@pytest.mark.usefixtures("in_checkout")
def test_an_exported_program_is_the_same_model() -> None:
    file = torch_to_tflite(TorchModel.parse("torch:tests.lib.torch_nets:exported"), SAMPLES, Mode.FLOAT32)
    module = torch_to_tflite(TorchModel.parse("torch:tests.lib.torch_nets:small"), SAMPLES, Mode.FLOAT32)
    for sample in SAMPLES[0][:4]:
        ours, theirs = (host.run(model, [[sample[None]]])[0][0] for model in (file, module))
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.full
@pytest.mark.usefixtures("in_checkout")
def test_weights_come_from_a_safetensors_file(tmp_path: Path) -> None:
    """A last layer without weights answers with its bias, whatever comes in."""
    rng = np.random.default_rng(3)
    shapes = {
        "first.weight": (8, 1, 3, 3),
        **dict.fromkeys(
            ("first.bias", "norm.weight", "norm.bias", "norm.running_mean", "norm.running_var"), (8,)
        ),
        "depthwise.weight": (8, 1, 3, 3),
        "depthwise.bias": (8,),
        "pointwise.weight": (16, 8, 1, 1),
        "pointwise.bias": (16,),
    }
    arrays = {name: rng.uniform(0.1, 1, shape).astype(np.float32) for name, shape in shapes.items()}
    arrays["norm.num_batches_tracked"] = np.array(1, np.int64)
    arrays["dense.weight"], arrays["dense.bias"] = (
        np.zeros((10, 16), np.float32),
        np.arange(10, dtype=np.float32),
    )
    _write_safetensors(tmp_path / "own.safetensors", arrays)
    model = TorchModel.parse(f"torch:tests.lib.torch_nets:small@{tmp_path / 'own.safetensors'}")
    file = torch_to_tflite(model, SAMPLES, Mode.FLOAT32)
    assert host.run(file, [[SAMPLES[0][:1]]])[0][0].tolist() == [list(range(10))]
    quantized = torch_to_tflite(model, SAMPLES, Mode.INT8)
    assert_bit_exact([quantized], count=4)
    del arrays["dense.bias"]
    _write_safetensors(tmp_path / "less.safetensors", arrays)
    model = TorchModel.parse(f"torch:tests.lib.torch_nets:small@{tmp_path / 'less.safetensors'}")
    with pytest.raises(ConversionError, match=r"weights do not fit(.|\n)*dense\.bias"):
        torch_to_tflite(model, SAMPLES, Mode.FLOAT32)


class _Attack:
    """Makes a file when somebody unpickles it."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.mkdir, (str(self._mark),)


@pytest.mark.full
@pytest.mark.usefixtures("in_checkout")
def test_a_pickle_in_the_place_of_weights_never_runs(tmp_path: Path) -> None:
    """With PyTorch itself: as it is, in the archive that torch.save makes, and under the name of a safe form;
    even the user's word is one for tensors alone.
    """
    mark, attack = tmp_path / "ran", pickle.dumps(_Attack(tmp_path / "ran"), protocol=2)
    for name in ("bare.pt", "bare.bin", "renamed.safetensors"):
        (tmp_path / name).write_bytes(attack)
    with zipfile.ZipFile(tmp_path / "archive.pt", "w") as archive:
        archive.writestr("archive/data.pkl", attack)
        archive.writestr("archive/version", "3\n")
    spec = "torch:tests.lib.torch_nets:small@{}"
    for name in ("bare.pt", "bare.bin", "archive.pt"):
        with pytest.raises(UsageError, match="pickle"):
            TorchModel.parse(spec.format(tmp_path / name))
    for name in ("bare.pt", "bare.bin", "archive.pt", "renamed.safetensors"):
        with trusting(), pytest.raises(ConversionError, match="weights do not fit"):
            torch_to_tflite(TorchModel.parse(spec.format(tmp_path / name)), SAMPLES, Mode.FLOAT32)
        assert not mark.exists(), name
    pickle.loads(attack)
    assert mark.exists(), "the attack is one"


def _write_safetensors(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """The length of a JSON header, the header with each array's type, shape and place, and the arrays."""
    header: dict[str, object] = {}
    body = b""
    for name, array in arrays.items():
        kind = {"float32": "F32", "int64": "I64"}[array.dtype.name]
        content = array.tobytes()
        header[name] = {
            "dtype": kind,
            "shape": list(array.shape),
            "data_offsets": [len(body), len(body) + len(content)],
        }
        body += content
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)


@pytest.mark.full
@pytest.mark.usefixtures("in_checkout")
@pytest.mark.parametrize("mode", [Mode.FLOAT32, Mode.DYNAMIC])
def test_pytorch_float_and_dynamic(mode: Mode) -> None:
    file = torch_to_tflite(TorchModel.parse("torch:tests.lib.torch_nets:small"), SAMPLES, mode)
    from tinyml_compress.formats.flat import decode

    types = {tensor.type for tensor in decode(file).tensors}
    assert 0 in types  # FLOAT32
    assert (9 in types) is (mode is Mode.DYNAMIC)  # INT8 weights


@pytest.mark.full
@pytest.mark.usefixtures("in_checkout")
def test_pytorch_quantization_aware_training_changes_the_weights() -> None:
    plain = torch_to_tflite(TorchModel.parse("torch:tests.lib.torch_nets:small"), SAMPLES, Mode.INT8)
    model = TorchModel.parse("torch:tests.lib.torch_nets:small", train="tests.lib.torch_nets:train")
    aware = torch_to_tflite(model, SAMPLES, Mode.INT8)
    assert aware != plain
    assert_bit_exact([aware], count=4)


@pytest.mark.full
@pytest.mark.usefixtures("in_checkout")
@pytest.mark.parametrize(
    ("spec", "kind", "says"),
    [
        ("torch:tests.lib.torch_nets:not_a_model", ConversionError, "gives no PyTorch model"),
        ("torch:tests.lib.torch_nets:gone", UsageError, "no such function in the module"),
        ("torch:no_such_module:net", UsageError, "no such module"),
    ],
)
def test_pytorch_mistakes_are_named(spec: str, kind: type[TinymlError], says: str) -> None:
    with pytest.raises(kind, match=says):
        torch_to_tflite(TorchModel.parse(spec), SAMPLES, Mode.INT8)


@pytest.mark.full
@pytest.mark.usefixtures("in_checkout")
def test_pytorch_data_of_another_shape_is_named() -> None:
    wrong = [np.zeros((3, 8, 8, 5), np.float32)]
    with pytest.raises(ConversionError, match="does not accept the data"):
        torch_to_tflite(TorchModel.parse("torch:tests.lib.torch_nets:small"), wrong, Mode.INT8)


@pytest.mark.full
@pytest.mark.usefixtures("in_checkout")
@pytest.mark.parametrize("mode", [Mode.INT8, Mode.INT16X8])
def test_float_tflite_is_requantized_over_the_true_range(mode: Mode) -> None:
    file = torch_to_tflite(TorchModel.parse("torch:tests.lib.torch_nets:small"), SAMPLES, Mode.FLOAT32)
    stretched = [SAMPLES[0].copy()]
    stretched[0][5, 0, 0, 0] = 40.0  # one outlier: an averaged range would clip it
    made = requantize(file, stretched, mode)
    from tinyml_compress.formats.flat import decode

    flat = decode(made)
    entry = flat.tensors[flat.inputs[0]]
    assert entry.quant is not None
    top = (127 if mode is Mode.INT8 else 32767) - (entry.quant.zero_points or (0,))[0]
    assert entry.quant.scales[0] * top >= 39.0
    if mode is Mode.INT8:
        graph = frontend.read(made, "again")
        assert graph.tensors[graph.inputs[0]].dtype is DType.INT8
        assert_bit_exact([made], count=4)


@pytest.mark.parametrize(
    ("spec", "train", "says"),
    [
        ("torch:", None, "not the name"),
        ("torch:module", None, "not the name"),
        ("torch:a:b@missing.safetensors", None, "no such weights"),
        ("torch:a:b", "nonsense", "not the name"),
    ],
)
def test_names_are_checked_before_anything_runs(spec: str, train: str | None, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        TorchModel.parse(spec, train)


def test_modes_and_data_are_checked_before_anything_runs() -> None:
    with pytest.raises(UsageError, match="cannot be converted to this mode"):
        torch_to_tflite(TorchModel("a", "b"), SAMPLES, Mode.FLOAT16)
    with pytest.raises(DataError):
        requantize(b"", [], Mode.INT8)


def test_an_interpreter_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(environments.TORCH.variable, str(cache_root() / "no" / "python"))
    with pytest.raises(UsageError, match="no such interpreter"):
        environments.python_of(environments.TORCH)


@pytest.mark.full
@pytest.mark.usefixtures("in_checkout")
def test_a_pytorch_model_is_compared_like_any_other(tmp_path: Path) -> None:
    """Its own answers stand beside those of the file made of it, which is measured against them."""
    rng = np.random.default_rng(5)
    inputs = rng.standard_normal((40, 8, 8, 1)).astype(np.float32)
    spec = "torch:tests.lib.torch_nets:small"
    made = torch_to_tflite(TorchModel.parse(spec), [inputs], Mode.FLOAT32)
    (tmp_path / "float.tflite").write_bytes(made)
    both = compare([spec, tmp_path / "float.tflite"], DataSet("noise", inputs), rounds=1)
    assert [row.engine for row in both.models] == ["torch", "host"]
    assert both.models[1].same == 1.0
    assert both.models[1].difference == pytest.approx(0, abs=1e-6)
    found = evaluate(tmp_path / "float.tflite", DataSet("noise", inputs), against=spec)
    assert found.against == f"{spec} (torch)"
    with pytest.raises(UsageError, match="engine tflm does not run this model"):
        evaluate(spec, DataSet("noise", inputs), engine="tflm")
