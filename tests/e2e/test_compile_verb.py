"""`compile` as a user calls it: the folder it writes, its errors, and that TensorFlow is never loaded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lib.nets import NETS

TOOL = [sys.executable, "-m", "tinyml_compress", "compile"]


def _run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*TOOL, *map(str, words)], capture_output=True, text=True, timeout=120)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "a model.tflite"
    path.write_bytes(NETS["keyword"]())
    return path


def test_folder_and_json(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = _run(model, "-o", out, "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["name"] == "a_model"
    assert sorted(facts["files"]) == sorted(path.name for path in out.iterdir())
    assert {"a_model.c", "a_model.h", "main.c", "CMakeLists.txt", "README.md"} <= set(facts["files"])
    assert facts["arena_bytes"] >= facts["arena_lower_bound"] > 0
    assert facts["macs"] == sum(node["macs"] for node in facts["nodes"])


def test_summary_names_what_was_made(model: Path, tmp_path: Path) -> None:
    done = _run(model, "-o", tmp_path / "out", "--name", "kws", "--isa", "dsp", "--optimize", "speed")
    assert done.returncode == 0, done.stderr
    assert "kws.c" in done.stdout
    assert "lower bound" in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--name", "int"], 2, "a word of C"),
        (["--name", "9lives"], 2, "not a C name"),
        (["--isa", "mmx"], 2, "mmx"),
        (["--optimise", "speed"], 2, "--optimize"),
    ],
)
def test_usage_errors(model: Path, tmp_path: Path, words: list[str], code: int, says: str) -> None:
    done = _run(model, "-o", tmp_path / "out", *words)
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_damaged_file_leaves_nothing_behind(model: Path, tmp_path: Path) -> None:
    model.write_bytes(model.read_bytes()[:700])
    done = _run(model, "-o", tmp_path / "out")
    assert done.returncode == 1
    assert "error:" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_an_output_that_cannot_be_a_folder(model: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("here first")
    done = _run(model, "-o", blocked / "deeper")
    assert done.returncode == 1
    assert "cannot write" in done.stderr
    assert blocked.read_text() == "here first"


def test_neither_tensorflow_nor_keras_is_loaded(model: Path, tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tinyml_compress.pipeline.compile.verb import compile_to_folder\n"
        f"done = compile_to_folder(Path({str(model)!r}), Path({str(tmp_path / 'out')!r}), 'kws')\n"
        "heavy = [m for m in sys.modules if m.split('.')[0] in ('tensorflow', 'keras', 'tf_keras')]\n"
        "assert not heavy, heavy\n"
        "assert done.seconds < 10, done.seconds\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, env={**os.environ}
    )
    assert done.returncode == 0, done.stderr
