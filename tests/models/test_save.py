"""A model's file: equal models give equal bytes, in every process and at any time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tinyml_compress import models

SAVE = """
import sys
from tinyml_compress import models
from tinyml_compress.support import backend
k = backend.keras2()
k.backend.clear_session()
backend.fix_seeds(1)
net = k.Sequential([k.layers.Input((6, 6, 1)), k.layers.Conv2D(2, 3), k.layers.BatchNormalization(),
                    k.layers.Flatten(),
                    k.layers.Dense(3, activation="softmax", kernel_regularizer="l2")], name="net")
net.compile("adam", "sparse_categorical_crossentropy")
net.fit(__import__("numpy").zeros((4, 6, 6, 1)), __import__("numpy").zeros(4), verbose=0)
for suffix in (".keras", ".h5"):
    models.save(net, f"{sys.argv[1]}/net{suffix}")
"""


def test_equal_models_are_equal_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made here and, seconds later, in another process: zip counts in steps of two seconds."""
    here, there = (tmp_path / name for name in ("here", "there"))
    here.mkdir()
    there.mkdir()
    monkeypatch.setattr(sys, "argv", ["save", str(here)])
    exec(compile(SAVE, "save", "exec"), {})
    subprocess.run([sys.executable, "-c", SAVE, str(there)], check=True, cwd=Path(__file__).parents[2])
    for suffix in (".keras", ".h5"):
        assert (here / f"net{suffix}").read_bytes() == (there / f"net{suffix}").read_bytes()
        assert models.load(here / f"net{suffix}").model.count_params() == 127
