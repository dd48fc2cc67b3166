"""Every verb in a folder full of files that bear the names of modules: none of them is imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest

from tests.lib.graphs import model, tensor
from tests.lib.poison import CONSOLE_SCRIPT, poisoned, touched
from tests.lib.window_nets import random_chain
from tinyml_compress import cli
from tinyml_compress.frontend import write
from tinyml_compress.ir import Attrs

REPO = Path(__file__).parents[2]
RELU = model("RELU", [tensor("x", (1, 4), 1 / 16, -3)], tensor("y", (1, 4), 1 / 8, 5), Attrs())
NET = """
import numpy, random, types
from beside import units
def net():
    import tensorflow as tf
    import tf_keras as k
    return k.Sequential([k.layers.Input((4,)), k.layers.Dense(units), k.layers.Softmax()])
def data():
    x = numpy.linspace(-1, 1, 120, dtype="float32").reshape(30, 4)
    return x, numpy.arange(30) % 3
"""

FAST = (
    "inspect m.tflite --json",
    "check m.tflite --target nucleo-l4r5zi",
    "compile m.tflite -o c",
    "verify m.tflite",
    "verify m.tflite@aot m.tflite@litert",
    "evaluate m.tflite --data x.npz --engine tflm",
    "benchmark m.tflite --target nucleo-l4r5zi --json b.json",
    "shrink m.tflite -o shrunk.tflite",
    "stream w.tflite -o told.tflite",
    "export m.tflite --format cmake -o cmake",
    "report b.json -o page.html",
    "gate --baseline b.json --current b.json",
    "data list",
    "data check x.npz",
    "operators",
    "targets",
    "doctor",
    "zoo list",
    "completion bash",
)
SLOW = ("convert mine:net --calibration mine:data -o t --engine aot",)
FULL = (
    "convert mine:net --calibration mine:data -o t",
    "compress mine:net --recipe r.toml --data mine:data -o k --no-cache",
    "compare k/02-convert/sequential.tflite t/net.tflite --data mine:data",
    (
        "fit mine:net --data mine:data --target nucleo-l4r5zi --max-drop 50 "
        "--time-budget 1 --workers 1 --only keep -o f"
    ),
    "demo -o d --epochs 1",
)
TALKING = {"measure", "optimize", "quantize", "serve"}
"""They want somebody at the other end of a line, or PyTorch: tests/line, tests/emulated/test_serve.py,
tests/hugging_face and tests/converter.
"""
RECIPE = '[[stage]]\nuse = "prune"\nsparsity = 0.5\nepochs = 1\n[[stage]]\nuse = "convert"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = poisoned(tmp_path / "data")
    (data / "m.tflite").write_bytes(RELU)
    (data / "w.tflite").write_bytes(write(random_chain(2)))
    np.savez(data / "x.npz", inputs=np.zeros((6, 4), np.float32), labels=np.arange(6) % 4)
    (data / "mine.py").write_text(NET)
    (data / "beside.py").write_text("units = 3\n")
    (data / "r.toml").write_text(RECIPE)
    (tmp_path / "tinyml-compress").write_text(CONSOLE_SCRIPT)
    return data


def _call_all(folder: Path, calls: tuple[str, ...]) -> None:
    for words in calls:
        done = _call(folder, words, [str(folder.parent / "tinyml-compress")])
        assert (words, done.returncode, touched(folder)) == (words, 0, []), done.stdout[-2000:] + done.stderr


def _call(folder: Path, words: str, start: list[str]) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(REPO)}
    return subprocess.run(
        [sys.executable, *start, *words.split()],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_no_verb_imports_a_file_of_the_users_folder(folder: Path) -> None:
    _call_all(folder, FAST)


def test_nor_does_converting_what_the_user_names(folder: Path) -> None:
    _call_all(folder, SLOW)


@pytest.mark.full
def test_nor_do_the_long_verbs(folder: Path) -> None:
    _call_all(folder, FULL)


def test_these_are_all_verbs() -> None:
    called = {words.split()[0] for words in (*FAST, *SLOW, *FULL)}
    assert called | TALKING == set(cli._group.list_commands(click.Context(cli._group)))


def test_isolated_dash_m_looks_nowhere(folder: Path) -> None:
    """The way that docs/security.md names, where there is no `tinyml-compress` to call."""
    done = _call(folder, "verify m.tflite", ["-I", "-m", "tinyml_compress"])
    assert (done.returncode, touched(folder)) == (0, []), done.stderr


def test_dash_m_adds_nothing_to_what_python_itself_imports(folder: Path, tmp_path: Path) -> None:
    """`python -m` looks in the current folder before our first line runs; all that we import comes from
    elsewhere.
    """
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "own_probe.py").write_text("import sys\nprint(*sys.modules)\n")
    for name in _call(tmp_path / "empty", "", ["-m", "own_probe"]).stdout.split():
        (folder / f"{name}.py").unlink(missing_ok=True)
    assert (folder / "json.py").exists()
    assert (folder / "random.py").exists()
    done = _call(folder, "evaluate m.tflite --data x.npz --engine tflm", ["-m", "tinyml_compress"])
    assert (done.returncode, touched(folder)) == (0, []), done.stderr
