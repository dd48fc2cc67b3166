"""The built wheel in an empty environment outside the checkout: everything ships, the commands work."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lib.graphs import model, tensor
from tinyml_compress.ir import Attrs

PACKAGES = {
    "tinyml_compress": "tinyml_compress",
    "targets": "tinyml_targets",
    "recipes": "tinyml_recipes",
    "calibration_data": "tinyml_calibration",
}
CODE_ENDS = (
    ".py",
    ".c",
    ".h",
    ".toml",
    ".md",
    ".npz",
    ".ld",
    ".S",
    ".json",
    ".html",
    ".css",
    ".js",
    ".txt",
    ".typed",
)


def call(*words: str | Path, cwd: Path) -> str:
    # Nothing of the developer's shell may lead back into the checkout.
    clean = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "COV_", "PIP_"))
    }
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env=clean,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(once: Callable[[str, Callable[[Path], None]], Path], repo: Path) -> Path:
    """A folder with `wheel/*.whl` and `venv/`, into which that wheel was installed without its
    dependencies.
    """

    def make(folder: Path) -> None:
        source = folder / "source"
        for name in PACKAGES:
            shutil.copytree(repo / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("setup.cfg", "setup.py", "pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(repo / name, source / name)
        options = ["--wheel", "--no-isolation", "--skip-dependency-check", "--outdir", folder / "wheel"]
        call(sys.executable, "-m", "build", *options, source, cwd=folder)
        call(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder)
        python = folder / "venv" / "bin" / "python"
        (wheel,) = (folder / "wheel").glob("*.whl")
        call(
            sys.executable,
            "-m",
            "pip",
            "--python",
            python,
            "install",
            "--no-deps",
            "--no-index",
            wheel,
            cwd=folder,
        )
        # The dependencies are those of this environment. A plain line in a .pth adds the folder to the path
        # but does not run the .pth files in it, so the checkout's editable installation stays out.
        (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
        (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")

    return once("wheel", make)


def test_every_file_ships(installed: Path, repo: Path) -> None:
    (wheel,) = (installed / "wheel").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    wanted = {
        str(Path(package) / path.relative_to(repo / folder))
        for folder, package in PACKAGES.items()
        for path in (repo / folder).rglob("*")
        if path.is_file()
        and (path.suffix in CODE_ENDS or "templates" in path.parts)
        and "__pycache__" not in path.parts
    }
    # Files that a colleague adds while this test runs are not in the copy.
    missing = {name for name in wanted - inside if not name.startswith(".")}
    assert not missing
    assert not [name for name in inside if name.startswith(("tests/", "build/"))]


def test_it_runs_outside_the_checkout(installed: Path, repo: Path, tmp_path: Path) -> None:
    binaries = installed / "venv" / "bin"
    where = call(
        binaries / "python", "-c", "import tinyml_compress as t; print(t.__file__)", cwd=tmp_path
    ).strip()
    assert Path(where).is_relative_to(installed / "venv")
    tool = binaries / "tinyml-compress"
    assert call(tool, "--version", cwd=tmp_path) == call(
        sys.executable, "-m", "tinyml_compress", "--version", cwd=repo
    )
    for verb in ("zoo", "targets", "operators"):
        assert call(tool, verb, cwd=tmp_path)
    shape = (1, 8, 8, 1)
    (tmp_path / "relu.tflite").write_bytes(
        model("RELU", [tensor("x", shape, 1 / 128, -128)], tensor("y", shape, 1 / 128, -128), Attrs())
    )
    # Shipped data, TensorFlow Lite, TFLM, and our C with its shipped kernels, compiled here.
    for engine in ("host", "tflm", "aot"):
        words = (
            "evaluate",
            "relu.tflite",
            "--data",
            "data:digits:test",
            "--engine",
            engine,
            "--samples",
            "5",
            "--json",
        )
        assert json.loads(call(tool, *words, cwd=tmp_path))["score"]["mae"] < 1 / 128
    call(tool, "compile", "relu.tflite", "-o", "out", cwd=tmp_path)
    assert (tmp_path / "out" / "relu.c").read_text() == _compiled_here(tmp_path)


def _compiled_here(tmp_path: Path) -> str:
    call(sys.executable, "-m", "tinyml_compress", "compile", "relu.tflite", "-o", "here", cwd=tmp_path)
    return (tmp_path / "here" / "relu.c").read_text()
