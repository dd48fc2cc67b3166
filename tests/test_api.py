"""The Python API: the verbs' words, loaded late."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import tinyml_compress
from tests.lib.graphs import model, tensor
from tinyml_compress.errors import UsageError
from tinyml_compress.ir import Attrs


def test_import_loads_nothing_heavy() -> None:
    program = "import sys, tinyml_compress; print('numpy' in sys.modules, 'tensorflow' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["False", "False"]


def test_every_name_is_there() -> None:
    for name in tinyml_compress.__all__:
        assert getattr(tinyml_compress, name)
        assert name in dir(tinyml_compress)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        tinyml_compress.nothing  # noqa: B018


def test_compile_and_benchmark(tmp_path: Path) -> None:
    file = tmp_path / "relu.tflite"
    file.write_bytes(model("RELU", [tensor("x", (1, 16), 0.5)], tensor("y", (1, 16), 0.25), Attrs()))
    done = tinyml_compress.compile_c(file, output=tmp_path / "c", isa="dsp", optimize="size")
    assert (tmp_path / "c" / "relu.h").is_file()
    assert done.program.prefix == "relu"
    result = tinyml_compress.benchmark(file, "nucleo-l4r5zi", vectors=2)
    assert [run.device for run in result.runs] == ["nucleo-l4r5zi"]


def test_unknown_words(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown mode") as caught:
        tinyml_compress.convert("zoo:digits_cnn", "data:digits", output=tmp_path, mode="int4")
    assert "int16x8" in str(caught.value)
    with pytest.raises(UsageError, match="unknown optimize"):
        tinyml_compress.benchmark("x.tflite", optimize="fast")
