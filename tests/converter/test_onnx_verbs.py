"""What the other verbs do with an .onnx file: look into it, convert it on the way, or name `convert`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.lib.onnx_files import Node, onnx_bytes, port, small_net
from tests.lib.schema import validate
from tinyml_compress.errors import ModelError, UsageError
from tinyml_compress.pipeline.checking import check
from tinyml_compress.pipeline.compile.call import compile_c
from tinyml_compress.pipeline.compress.verb import compress
from tinyml_compress.pipeline.inspect.any_form import inspect
from tinyml_compress.results import Inspections, encoded


def test_inspect_counts_what_the_file_says(tmp_path: Path) -> None:
    path = small_net(tmp_path / "net.onnx", batch="batch")
    seen = inspect(path)
    validate(encoded(Inspections(models=(seen,))))
    assert (seen.form, seen.nbytes) == ("ONNX file", path.stat().st_size)
    assert seen.operators["Conv"] == 3
    assert seen.inputs == ("x f32[batchx3x12x12]",)
    assert seen.parameters == 8 * 27 + 8 + 72 + 64 + 4 * 8 + 4 * 72 + 4
    assert sum(layer.parameters for layer in seen.layers) == seen.parameters
    assert seen.layers[0].weights is not None
    assert (seen.layers[0].op, seen.layers[0].weights.count) == ("Conv", 8 * 27)
    assert seen.macs is None
    assert "tinyml-compress convert" in str(seen.missing)


def test_inspect_names_what_convert_would_refuse(tmp_path: Path) -> None:
    """Shared weights count once, sizes not at all, zeros as they are."""
    weights = np.array([[1, 0], [0, 2]], np.float32)
    nodes: list[Node] = [
        ("MatMul", ["x", "w"], ["a"], {}),
        ("MatMul", ["a", "w"], ["b"], {}),
        ("Constant", [], ["c"], {"value": np.zeros(3, np.float32)}),
        ("Constant", [], ["s"], {"value": np.array([1, 2], np.int64)}),
        ("Reshape", ["b", "s"], ["d"], {}),
        ("Loop", ["d"], ["y"], {}),
    ]
    path = tmp_path / "net.onnx"
    path.write_bytes(onnx_bytes(nodes, [port("x", [1, 2])], [port("y", [1, 2])], {"w": weights}))
    seen = inspect(path)
    assert (seen.parameters, seen.zeros) == (4 + 3, 2 + 3)
    assert [layer.parameters for layer in seen.layers] == [4, 0, 3, 0, 0, 0]
    assert "1 of Loop" in str(seen.missing)
    with pytest.raises(UsageError, match="layers of Keras models"):
        inspect(path, np.zeros((1, 2)))  # type: ignore[arg-type]
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(ModelError):
        inspect(path)


def test_check_converts_on_the_way(tmp_path: Path) -> None:
    path = small_net(tmp_path / "net.onnx", batch="batch")
    with pytest.raises(UsageError, match="converted to int8 first(.|\n)*--data SET"):
        check(path, "nucleo-l4r5zi")
    samples = np.random.default_rng(0).standard_normal((8, 3, 12, 12)).astype(np.float32)
    np.savez(tmp_path / "samples.npz", inputs=samples)
    done = check(path, "nucleo-l4r5zi", engine="aot", data=str(tmp_path / "samples.npz"))
    assert done.holds


def test_verbs_for_files_that_are_converted_name_convert(tmp_path: Path) -> None:
    path = small_net(tmp_path / "net.onnx")
    with pytest.raises(ModelError, match="not a .tflite file(.|\n)*`convert` makes one"):
        compile_c(path, output=tmp_path / "c")
    with pytest.raises(UsageError, match="not a Keras model(.|\n)*tinyml-compress convert"):
        compress(path, "ptq-int8", data="data:digits", output=tmp_path / "out")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["net.onnx"]
