"""The packages of requirements/firmware.txt do for every verb on `.tflite` files; the others say what they
lack.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.install.test_requirements import REPO, closure
from tests.lib.graphs import model, tensor
from tests.lib.thin import make_environment
from tinyml_compress.ir import Attrs

HEAVY = ("tensorflow", "tf_keras", "keras", "tensorflow_model_optimization", "optuna", "scipy", "h5py")
ALONE = [
    ["targets"],
    ["targets", "show", "nucleo-l4r5zi"],
    ["operators"],
    ["inspect", "relu.tflite"],
    ["check", "relu.tflite", "--target", "nucleo-l4r5zi"],
    ["check", "relu.tflite", "--target", "nucleo-l4r5zi", "--engine", "tflm"],
    ["compile", "relu.tflite", "-o", "c"],
    ["verify", "relu.tflite"],
    ["export", "relu.tflite", "-o", "library", "--format", "cmake"],
    ["shrink", "relu.tflite", "-o", "smaller.tflite"],
    ["benchmark", "relu.tflite", "--target", "nucleo-l4r5zi", "--json", "run.json", "--html", "run.html"],
    ["report", "run.json", "-o", "page.html"],
    ["gate", "--baseline", "run.json", "--current", "run.json"],
    ["doctor"],
]
Once = Callable[[str, Callable[[Path], None]], Path]


def packages() -> set[str]:
    """What firmware.txt names, with what these packages ask for."""
    from packaging.requirements import Requirement

    lines = (REPO / "requirements" / "firmware.txt").read_text().splitlines()
    return closure(tuple(Requirement(line) for line in lines if line and not line.startswith(("#", "-c"))))


@pytest.fixture(scope="module")
def thin(once: Once) -> Path:
    """A folder with the environment `venv/` and a small model."""

    def make(folder: Path) -> None:
        make_environment(folder / "venv", packages())
        shape = (1, 8, 8, 1)
        (folder / "relu.tflite").write_bytes(
            model("RELU", [tensor("x", shape, 1 / 128, -128)], tensor("y", shape, 1 / 128, -128), Attrs())
        )

    return once("thin", make)


def run(python: Path | str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    variables = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    command = [python, "-m", "tinyml_compress", *words]
    return subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, timeout=300, check=False
    )


def test_nothing_heavy_is_there(thin: Path) -> None:
    program = f"from importlib.util import find_spec; print([name for name in {HEAVY} if find_spec(name)])"
    command = [thin / "venv" / "bin" / "python", "-c", program]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_every_verb_on_tflite_files_works(thin: Path) -> None:
    """In this order, because some take what others made."""
    for words in ALONE:
        done = run(thin / "venv" / "bin" / "python", thin, *words)
        assert done.returncode == 0, f"{' '.join(words)}: {done.stdout}{done.stderr}"
    assert json.loads((thin / "run.json").read_text())["runs"]
    assert "vegaEmbed" in (thin / "page.html").read_text()


def test_none_of_them_loads_tensorflow_where_it_is_there(thin: Path, tmp_path: Path) -> None:
    """So they start as fast here as there. In one process, where whatever one verb loads stays visible."""
    (tmp_path / "relu.tflite").write_bytes((thin / "relu.tflite").read_bytes())
    program = (
        "import json, sys\nfrom click.testing import CliRunner\nfrom tinyml_compress.cli import _group\n"
        "for words in json.loads(sys.argv[1]):\n    done = CliRunner().invoke(_group, words)\n"
        "    assert done.exit_code == 0, (words, done.output)\n"
        f"    assert not set(sys.modules) & set({HEAVY}), words\n"
    )
    command = [sys.executable, "-c", program, json.dumps(ALONE)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["convert", "zoo:digits_cnn", "--calibration", "data:digits:train", "-o", "out"],
        ["compress", "zoo:digits_cnn", "--recipe", "ptq-int8", "--data", "data:digits:train", "-o", "out"],
        ["zoo", "save", "digits_cnn", "-o", "out.keras"],
        ["demo", "-o", "out"],
    ],
    ids=lambda words: words[0],
)
def test_the_others_say_in_one_sentence_what_they_lack(thin: Path, words: list[str]) -> None:
    done = run(thin / "venv" / "bin" / "python", thin, *words)
    assert done.returncode == 1
    assert done.stderr.startswith(
        "error: this needs TensorFlow and Keras: they load, train and convert models: "
    )
    assert "pip install tinyml-compress" in done.stderr
    assert "defect" not in done.stderr
    assert not list(thin.glob("out*"))


def test_the_readme_names_the_packages() -> None:
    """pip's line in README, word for word the names of firmware.txt."""
    lines = (REPO / "requirements" / "firmware.txt").read_text().splitlines()
    named = [re.split(r"[ ;]", line)[0] for line in lines if line and not line.startswith(("#", "-c"))]
    readme = (REPO / "README.md").read_text()
    (line,) = (line for line in readme.splitlines() if line.startswith("$ pip install click "))
    assert line.split()[3:] == [name for name in named if name != "tomli"]
