"""A model's file: equal models give equal bytes, in every process and at any time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tinyml_compress import models

SAVE = """
import sys
from tinyml_compress import models
from tinyml_compress.support import backend
k = backend.keras2()
backend.fix_seeds(1)
net = k.Sequential([k.layers.Input((6, 6, 1)), k.layers.Conv2D(2, 3), k.layers.BatchNormalization(), k.layers.Flatten(),
                    k.layers.Dense(3, activation="softmax", kernel_regularizer="l2")], name="net")
net.compile("adam", "sparse_categorical_crossentropy")
net.fit(__import__("numpy").zeros((4, 6, 6, 1)), __import__("numpy").zeros(4), verbose=0)
for suffix in (".keras", ".h5"):
    models.save(net, f"{sys.argv[1]}/net{suffix}")
"""


def test_equal_models_are_equal_bytes(tmp_path: Path) -> None:
    """The two processes start seconds apart, and zip counts in steps of two."""
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        words = [sys.executable, "-c", SAVE, str(tmp_path / name)]
        subprocess.run(words, check=True, cwd=Path(__file__).parents[2])
    for suffix in (".keras", ".h5"):
        first, second = (tmp_path / name / f"net{suffix}" for name in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()
        assert models.load(first).model.count_params() == 127
