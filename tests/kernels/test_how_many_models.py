"""How many generated single-operator models the full run compares with TFLM, and what they cover."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np

from tests.kernels.test_all_operators import makers
from tinyml_compress.ir import DType

OPS = Path(__file__).resolve().parents[1] / "ops"
WANTED = 2500


def counts() -> dict[str, int]:
    """Models per test file, of the tests that `sample` and `many` make; those of the products come on top."""
    found: dict[str, int] = {}
    for path in sorted(OPS.glob("test_*.py")):
        module = importlib.import_module(f"tests.ops.{path.stem}")
        tests = [value for name, value in vars(module).items() if name.startswith("test") and callable(value)]
        found[path.stem] = sum(getattr(test, "models", 0) for test in tests)
    return found


def test_there_are_enough() -> None:
    found = counts()
    assert sum(found.values()) >= WANTED, found


def test_they_cover_types_and_ranks() -> None:
    graphs = [make(np.random.default_rng(index)) for make in makers() for index in range(6)]
    tensors = [tensor for graph in graphs for tensor in graph.tensors.values()]
    types = {DType.INT8, DType.INT16, DType.INT32, DType.INT64, DType.BOOL, DType.FLOAT32, DType.INT4}
    assert types <= {tensor.dtype for tensor in tensors}
    assert {0, 1, 2, 3, 4, 5} <= {len(tensor.shape) for tensor in tensors}
