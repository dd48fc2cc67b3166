"""ONNX files become .tflite files that answer as onnxruntime does, channels last and without a TRANSPOSE."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.lib.onnx_files import Node, onnx_bytes, port, small_net
from tinyml_compress import converter
from tinyml_compress.converter.onnx.fusing import read_fused
from tinyml_compress.converter.onnx.model import read_onnx
from tinyml_compress.converter.onnx.ports import OnnxFile, fixed_inputs
from tinyml_compress.data import DataSet
from tinyml_compress.errors import DataError, ModelError, TinymlError, UnsupportedOperator, UsageError
from tinyml_compress.pipeline.convert.verb import convert
from tinyml_compress.pipeline.evaluate.file_engines import predictor
from tinyml_compress.pipeline.evaluate.verb import evaluate
from tinyml_compress.pipeline.sources.source import source_of
from tinyml_compress.results import Engine

RELU: list[Node] = [("Relu", ["x"], ["y"], {})]


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def ports_of(spec: str | Path) -> list[tuple[int, ...]]:
    file = OnnxFile.parse(str(spec))
    return [one.stored_shape for one in fixed_inputs(read_onnx(file.path), file)]


def test_what_a_file_holds(tmp_path: Path) -> None:
    model = read_onnx(small_net(tmp_path / "net.onnx", batch="batch"))
    assert (model.opset, len(model.graph.nodes), model.graph.nodes[0].op) == (17, 11, "Conv")
    assert model.graph.inputs[0].shape == ("batch", 3, 12, 12)
    assert model.graph.nodes[0].attributes["strides"] == [2, 2]
    assert model.graph.constants["w0"].shape == (8, 3, 3, 3)
    assert model.parameters == 8 * 27 + 8 + 72 + 64 + 4 * 8 + 4 * 72 + 4


def test_pictures_come_with_their_channels_last_unless_asked(tmp_path: Path) -> None:
    path = small_net(tmp_path / "net.onnx", batch="batch")
    assert ports_of(path) == [(1, 12, 12, 3)]
    assert ports_of(f"{path}@nchw") == [(1, 3, 12, 12)]
    assert ports_of(f"{path}@x=1x3x16x16") == [(1, 16, 16, 3)]


def test_data_in_either_layout_is_the_same(tmp_path: Path) -> None:
    file = OnnxFile.parse(str(small_net(tmp_path / "net.onnx")))
    only = fixed_inputs(read_onnx(file.path), file)[0]
    first = np.arange(2 * 3 * 12 * 12, dtype=np.float32).reshape(2, 3, 12, 12)
    stored = only.samples(first)
    assert stored.shape == (2, 12, 12, 3)
    assert np.array_equal(only.samples(stored), stored)
    assert np.array_equal(only.own(stored)[:, 0], first)
    with pytest.raises(DataError, match="not of the model's input shape") as caught:
        only.samples(np.zeros((2, 5, 12, 12)))
    assert caught.value.allowed == "(count, 3, 12, 12), or (count, 12, 12, 3)"


def test_open_sizes_are_refused_with_the_way_out(tmp_path: Path) -> None:
    nodes: list[Node] = [("Relu", ["x"], ["y"], {})]
    content = onnx_bytes(nodes, [port("x", ["batch", "time", 8])], [port("y", ["batch", "time", 8])])
    path = written(tmp_path / "open.onnx", content)
    with pytest.raises(UsageError, match="sizes that the model leaves open") as caught:
        ports_of(path)
    assert str(caught.value.next_step).endswith("open.onnx@x=1xSIZEx8")
    assert ports_of(f"{path}@time=5") == ports_of(f"{path}@x=1x5x8") == [(1, 5, 8)]
    for wrong in ("@tim=5", "@x=5", "@time", "@time=a"):
        with pytest.raises(UsageError):
            ports_of(f"{path}{wrong}")


def test_weights_beside_the_model(tmp_path: Path) -> None:
    weights = np.arange(8, dtype=np.float32)
    nodes: list[Node] = [("Add", ["x", "w"], ["y"], {})]

    def model(place: str) -> Path:
        ports = [port("x", [1, 8])], [port("y", [1, 8])]
        content = onnx_bytes(nodes, *ports, {"w": weights}, external={"w": place})
        return written(tmp_path / "net.onnx", content)

    with pytest.raises(ModelError, match="the file with the weights is missing") as caught:
        read_onnx(model("net.data"))
    assert "net.data" in str(caught.value.next_step)
    (tmp_path / "net.data").write_bytes(weights.tobytes())
    assert np.array_equal(read_onnx(model("net.data")).graph.constants["w"], weights)
    (tmp_path / "net.data").write_bytes(weights.tobytes()[:-1])
    with pytest.raises(ModelError, match="shorter than the model says"):
        read_onnx(model("net.data"))
    for outside in ("../net.data", "/etc/passwd", ""):
        with pytest.raises(ModelError, match="outside of the model's folder"):
            read_onnx(model(outside))


def test_files_that_cannot_be_converted_say_why(tmp_path: Path) -> None:
    ports = [port("x", [1, 8])], [port("y", [1, 8])]
    for opset in (3, 99):
        with pytest.raises(ModelError, match="version of ai.onnx that is not known") as caught:
            read_onnx(written(tmp_path / "net.onnx", onnx_bytes(RELU, *ports, opset=opset)))
        assert "opset_version=" in str(caught.value.next_step)
    nodes: list[Node] = [("NonMaxSuppression", ["x"], ["a"], {}), ("Loop", ["a"], ["y"], {})]
    path = written(tmp_path / "net.onnx", onnx_bytes(nodes, *ports))
    with pytest.raises(UnsupportedOperator) as refused:
        convert(path, output=tmp_path / "out", mode="float32")
    assert refused.value.which == "NonMaxSuppression, Loop"
    assert not (tmp_path / "out").exists()
    for spec in (tmp_path / "no.onnx", f"{tmp_path / 'no.onnx'}@nchw"):
        with pytest.raises(UsageError, match="no such model"):
            convert(spec, output=tmp_path / "out", mode="float32")


def test_damaged_files_end_in_an_error(tmp_path: Path) -> None:
    """Cut anywhere, or with a byte changed: our error or a model, never another exception."""
    whole = small_net(tmp_path / "whole.onnx").read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for round_ in range(400):
        content = bytearray(whole)
        if round_ % 2:
            content = content[: int(rng.integers(0, len(whole)))]
        else:
            content[int(rng.integers(0, len(whole)))] ^= int(rng.integers(1, 256))
        try:
            read_onnx(written(tmp_path / "cut.onnx", bytes(content)))
        except TinymlError:
            refused += 1
    assert refused > 200


def test_it_is_a_source(tmp_path: Path) -> None:
    path = small_net(tmp_path / "net.onnx")
    source = source_of(path)
    assert (source.title, source.origin.format.value) == ("net", "ONNX file")
    assert source.content().parameters == 684
    with pytest.raises(UsageError, match="needs representative data"):
        convert(path, output=tmp_path / "out")
    with pytest.raises(DataError, match="not of the model's input shape"):
        evaluate(path, "data:digits:test")
    with pytest.raises(UsageError, match="engine tflm does not run this model"):
        source.engine("tflm")


@pytest.mark.full
@pytest.mark.parametrize("mode", ["int8", "int16x8", "float32"])
def test_a_net_becomes_a_file_without_transposes(mode: str, tmp_path: Path) -> None:
    path = small_net(tmp_path / "net.onnx", batch="batch")
    first = np.random.default_rng(1).standard_normal((32, 3, 12, 12)).astype(np.float32)
    done = convert(path, [first], output=tmp_path / "out", mode=mode, engine="aot")
    file = converter.read((tmp_path / "out" / "net.tflite").read_bytes())
    assert not {"TRANSPOSE", "GATHER"} & set(file.operator_names)
    assert sorted(file.operator_names) == sorted(set(file.operator_names))
    assert file.inputs[0].shape == (1, 12, 12, 3)
    notes = done.notes or ()
    assert notes[0].startswith("answers as onnxruntime does"), notes


def quantized_net(path: Path) -> tuple[Path, dict[str, float]]:
    """A net as `onnxruntime.quantization` writes it: whole weights and biases, pairs around each sum."""
    rng = np.random.default_rng(5)
    channel = rng.uniform(0.002, 0.004, 8).astype(np.float32)
    scales = {"x": 0.03125, "r": 0.021, "p": 0.021, "g": 0.017}
    constants: dict[str, Any] = {
        "w": rng.integers(-127, 128, (8, 3, 3, 3)).astype(np.int8), "w_scale": channel,
        "w_zero": np.zeros(8, np.int8),
        "b": rng.integers(-2000, 2000, 8).astype(np.int32),
        "b_scale": (channel * np.float32(scales["x"])).astype(np.float32), "b_zero": np.zeros(8, np.int32),
        "d": rng.integers(-127, 128, (4, 8)).astype(np.int8), "d_scale": np.array(0.005, np.float32),
        "d_zero": np.array(0, np.int8),
    }  # fmt: skip
    nodes: list[Node] = []

    def pair(name: str, zero: int) -> None:
        constants[f"{name}_scale"] = np.array(scales[name], np.float32)
        constants[f"{name}_zero"] = np.array(zero, np.int8)
        parameters = [f"{name}_scale", f"{name}_zero"]
        nodes.append(("QuantizeLinear", [name, *parameters], [f"{name}_q"], {}))
        nodes.append(("DequantizeLinear", [f"{name}_q", *parameters], [f"{name}_dq"], {}))

    pair("x", 3)
    for name, axis in (("w", 0), ("b", 0), ("d", 0)):
        attributes = {"axis": axis} if name != "d" else {}
        nodes.append(
            ("DequantizeLinear", [name, f"{name}_scale", f"{name}_zero"], [f"{name}_dq"], attributes)
        )
    nodes.append(("Conv", ["x_dq", "w_dq", "b_dq"], ["c"], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}))
    nodes.append(("Relu", ["c"], ["r"], {}))
    pair("r", -128)
    nodes.append(("GlobalAveragePool", ["r_dq"], ["p"], {}))
    pair("p", -128)
    nodes.append(("Flatten", ["p_dq"], ["f"], {"axis": 1}))
    nodes.append(("Gemm", ["f", "d_dq"], ["g"], {"transB": 1}))
    pair("g", 11)
    ports = [port("x", ["batch", 3, 8, 8])], [port("g_dq", ["batch", 4])]
    return written(path, onnx_bytes(nodes, *ports, constants)), scales


@pytest.mark.full
def test_quantized_models_keep_their_scales(tmp_path: Path) -> None:
    path, scales = quantized_net(tmp_path / "net.onnx")
    first = np.random.default_rng(1).standard_normal((16, 3, 8, 8)).astype(np.float32)
    convert(path, [first], output=tmp_path / "out", engine="aot")
    file = converter.read((tmp_path / "out" / "net.tflite").read_bytes())
    assert sorted(file.operator_names) == ["CONV_2D", "FULLY_CONNECTED", "MEAN"]
    ends = [file.inputs[0].quant, file.outputs[0].quant]
    assert [one.zero_point for one in ends if one is not None] == [3, 11]
    assert np.allclose(
        [one.scales[0] for one in ends if one is not None], [scales["x"], scales["g"]], rtol=1e-6
    )
    samples = DataSet("samples", first)
    own = source_of(path).predictor(Engine.ONNX)(samples)
    stored = replace(samples, inputs=np.moveaxis(first, 1, -1))
    answers = predictor((tmp_path / "out" / "net.tflite").read_bytes(), "net", Engine.TFLM)(stored)
    assert np.abs(answers - own).max() <= scales["g"] * 1.001


def gelu_net(path: Path, *, half_first: bool) -> Path:
    """As PyTorch writes a GELU, and as others do."""
    constants = {"root": np.array(2**0.5, np.float32), "one": np.array(1.0, np.float32)}
    constants["half"] = np.array(0.5, np.float32)
    nodes: list[Node] = [("Div", ["x", "root"], ["d"], {}), ("Erf", ["d"], ["e"], {})]
    nodes.append(("Add", ["e", "one"], ["a"], {}))
    if half_first:
        nodes += [("Mul", ["x", "half"], ["h"], {}), ("Mul", ["h", "a"], ["y"], {})]
    else:
        nodes += [("Mul", ["x", "a"], ["m"], {}), ("Mul", ["m", "half"], ["y"], {})]
    return written(path, onnx_bytes(nodes, [port("x", [1, 8])], [port("y", [1, 8])], constants))


@pytest.mark.parametrize("half_first", [False, True])
def test_a_gelu_is_one_operator(half_first: bool, tmp_path: Path) -> None:
    path = gelu_net(tmp_path / "gelu.onnx", half_first=half_first)
    nodes = [node for node in read_fused(path).graph.nodes if node.op != "Mul" or "y" in node.outputs]
    assert [(node.op, node.inputs, node.outputs) for node in nodes] == [("Gelu", ("x",), ("y",))]
    other = path.read_bytes().replace(np.float32(2**0.5).tobytes(), np.float32(1.5).tobytes())
    assert "Erf" in [node.op for node in read_fused(written(path, other)).graph.nodes]


@pytest.mark.full
def test_several_inputs_one_of_whole_numbers(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    constants = {"t": rng.standard_normal((20, 8)).astype(np.float32), "w": rng.standard_normal((12, 3))}
    constants["w"] = constants["w"].astype(np.float32)
    nodes: list[Node] = [
        ("Gather", ["t", "ids"], ["e"], {}),
        ("ReduceMean", ["e"], ["m"], {"axes": [1], "keepdims": 0}),
        ("Concat", ["m", "z"], ["k"], {"axis": 1}),
        ("MatMul", ["k", "w"], ["y"], {}),
    ]
    inputs = [port("ids", ["batch", 5], "int64"), port("z", ["batch", 4])]
    path = written(tmp_path / "net.onnx", onnx_bytes(nodes, inputs, [port("y", ["batch", 3])], constants))
    data = {"input_ids": rng.integers(0, 20, (30, 5)), "input_z": rng.standard_normal((30, 4))}
    np.savez(tmp_path / "data.npz", **data)
    done = convert(path, str(tmp_path / "data.npz"), output=tmp_path / "out", engine="aot")
    file = converter.read((tmp_path / "out" / "net.tflite").read_bytes())
    assert sorted(file.operator_names) == ["CONCATENATION", "FULLY_CONNECTED", "GATHER", "MEAN"]
    assert (done.notes or ("",))[0].startswith("answers as onnxruntime does")
    np.savez(tmp_path / "less.npz", input_ids=data["input_ids"])
    with pytest.raises(DataError, match="other inputs than the model") as caught:
        convert(path, str(tmp_path / "less.npz"), output=tmp_path / "out")
    assert caught.value.allowed == "ids, z"
