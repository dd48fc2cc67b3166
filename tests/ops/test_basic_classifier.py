"""BasicClassifier equals TFLM byte for byte."""

from __future__ import annotations

from tests.lib.graphs import single, tensor
from tests.lib.proof import Rng, ints, many, refused, sample
from tinyml_compress.ir import Attrs, DType, Graph


def make(rng: Rng) -> Graph:
    classes, targets = int(rng.integers(1, 12)), int(rng.integers(1, 6))
    x = tensor("x", (classes,), dtype=DType.INT32)
    chosen = ints("c", rng.integers(0, classes, targets))
    thresholds = ints("t", rng.integers(-(1 << 31), 1 << 31, targets))
    held = tensor("t", (targets,), dtype=DType.INT32) if rng.random() < 0.3 else thresholds
    outputs = [tensor("d", (targets,), dtype=DType.BOOL), tensor("p", (targets,), dtype=DType.INT32)]
    return single("BasicClassifier", [x, chosen, held], outputs, Attrs())


test_sample = sample(make, 8)
test_many = many(make, 40)


def test_refuses() -> None:
    x, y = tensor("x", (3,), dtype=DType.INT32), tensor("p", (1,), dtype=DType.INT32)
    outputs = [tensor("d", (1,), dtype=DType.BOOL), y]
    outside = single("BasicClassifier", [x, ints("c", [3]), ints("t", [0])], outputs, Attrs())
    refused(outside, "index of a class", "0 to 2")
    refused(single("BasicClassifier", [x, ints("c", [0]), ints("t", [0, 1])], outputs, Attrs()), "thresholds")
