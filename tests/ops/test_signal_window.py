"""SignalWindow equals TFLM byte for byte."""

from __future__ import annotations

import numpy as np

from tests.lib.graphs import const, single, tensor
from tests.lib.proof import Rng, many, refused, sample
from tinyml_compress.ir import DType, Graph
from tinyml_compress.ops.signal_window.op import SignalWindowAttrs


def make(rng: Rng) -> Graph:
    length, frames = int(rng.choice([1, 2, 7, 16, 33, 160])), int(rng.choice([1, 1, 2, 3]))
    window = rng.integers(-32768, 32768, length) if rng.random() < 0.5 else rng.integers(0, 4097, length)
    size = (frames, length) if frames > 1 or rng.random() < 0.5 else (length,)
    return single(
        "SignalWindow",
        [tensor("x", size, dtype=DType.INT16), const("w", window, dtype=DType.INT16)],
        tensor("y", size, dtype=DType.INT16),
        SignalWindowAttrs(int(rng.choice([0, 5, 12, 15, 31]))),
    )


test_sample = sample(make, 12)
test_many = many(make)


def test_refuses() -> None:
    x, y = (tensor(name, (8,), dtype=DType.INT16) for name in "xy")
    window = const("w", np.ones(3), dtype=DType.INT16)
    refused(single("SignalWindow", [x, window], y, SignalWindowAttrs(12)), "frame and window", "8 and 3")
    none = const("w", np.ones((0,)), dtype=DType.INT16)
    refused(single("SignalWindow", [x, none], y, SignalWindowAttrs(12)), "frame and window", "8 and 0")
    whole = const("w", np.ones(8), dtype=DType.INT16)
    refused(single("SignalWindow", [x, whole], y, SignalWindowAttrs(32)), "shift", "32")
    eight = tensor("x", (8,), 0.5)
    refused(single("SignalWindow", [eight, whole], y, SignalWindowAttrs(12)), "element type", "i16")
