"""Folders of small models of each family, as `transformers` saved them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tinyml_compress.support import environments

NETS = Path(__file__).parents[1] / "lib" / "hf_nets.py"
FAMILIES = ("bert", "minilm", "distilbert", "roberta", "deberta", "albert", "mobilebert", "tokens")


@pytest.fixture(scope="session")
def torch_python() -> Path:
    """The interpreter that has torch and transformers."""
    return environments.python_of(environments.TORCH)


@pytest.fixture(scope="session")
def saved(torch_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """All families, made in one process."""
    folder = tmp_path_factory.mktemp("families")
    words = [str(torch_python), "-I", "-W", "ignore", str(NETS), str(folder), *FAMILIES]
    subprocess.run(words, check=True, capture_output=True, env={**os.environ, "HF_HUB_OFFLINE": "1"})
    return lambda family: folder / family
