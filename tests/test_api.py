"""The Python API: the verbs' words, loaded late."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

import tinyml_compress
from tests.lib.graphs import model, tensor
from tests.lib.window_nets import random_chain
from tinyml_compress import cli
from tinyml_compress.errors import UsageError
from tinyml_compress.frontend import write
from tinyml_compress.ir import Attrs
from tinyml_compress.results import encoded


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
    assert done.name == "relu"
    result = tinyml_compress.benchmark(file, "nucleo-l4r5zi", vectors=2)
    assert [run.device for run in result.runs] == ["nucleo-l4r5zi"]


@pytest.fixture
def relu(tmp_path: Path) -> Path:
    file = tmp_path / "relu.tflite"
    file.write_bytes(model("RELU", [tensor("x", (1, 16), 0.5)], tensor("y", (1, 16), 0.25), Attrs()))
    return file


def test_every_verb_on_a_file(relu: Path, tmp_path: Path) -> None:
    tc = tinyml_compress
    assert tc.verify(relu, vectors=3).equal
    assert tc.check(relu, "nucleo-l4r5zi").holds
    assert tc.inspect(relu).layers
    assert tc.shrink(relu, output=tmp_path / "small.tflite").blocks()
    window = random_chain(2)
    (tmp_path / "window.tflite").write_bytes(write(window))
    assert tc.stream(tmp_path / "window.tflite", output=tmp_path / "step.tflite").compared == 11
    done = tc.export(relu, output=tmp_path / "lib", format="cmake", optimize="size")
    assert (tmp_path / "lib" / "CMakeLists.txt").is_file()
    assert encoded(done)
    for name, level in (("a", "size"), ("b", "speed")):
        found = encoded(tc.benchmark(relu, "nucleo-l4r5zi", vectors=1, optimize=level))
        found["runs"][0]["optimize"] = "any"
        (tmp_path / f"{name}.json").write_text(json.dumps(found))
    assert tc.gate(tmp_path / "a.json", tmp_path / "b.json", tolerance="900%").checks
    assert tc.report([tmp_path / "a.json"], output=tmp_path / "page.html").is_file()
    assert tc.data.check("data:digits:test").findings


def test_names_stay_functions_whatever_was_loaded(relu: Path) -> None:
    """A room of the package must not bear the name of a verb: importing it would hide the function."""
    rooms = {path.stem for path in Path(tinyml_compress.__file__).parent.iterdir()}
    assert not (set(tinyml_compress.__all__) - {"__version__", "data"}) & rooms


def test_the_command_line_has_no_verb_that_python_lacks() -> None:
    verbs = set(cli._group.list_commands(click.Context(cli._group)))
    only_there = {"completion", "demo", "doctor", "operators", "targets", "zoo"}  # for people and shells
    names = {"compile" if name == "compile_c" else name for name in tinyml_compress.__all__}
    assert verbs - only_there == names - {"__version__"}


def test_unknown_words(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown mode") as caught:
        tinyml_compress.convert("zoo:digits_cnn", "data:digits", output=tmp_path, mode="int4")
    assert "int16x8" in str(caught.value)
    with pytest.raises(UsageError, match="unknown optimize"):
        tinyml_compress.benchmark("x.tflite", optimize="fast")
