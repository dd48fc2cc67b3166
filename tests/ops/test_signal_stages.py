"""The stateless operators of audio front ends equal TFLM byte for byte: scale, filter bank, logarithm, root,
PCAN.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.lib.graphs import const, single, tensor
from tests.lib.proof import Rng, many, refused, sample
from tinyml_compress.frontend import write
from tinyml_compress.ir import Attrs, DType, Graph, Tensor
from tinyml_compress.ops.signal_filter_bank.op import SignalFilterBankAttrs
from tinyml_compress.ops.signal_filter_bank_log.op import SignalFilterBankLogAttrs
from tinyml_compress.ops.signal_pcan.op import SignalPcanAttrs
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import native, tflm


def i16(name: str, values: object) -> Tensor:
    return const(name, values, dtype=DType.INT16)  # type: ignore[arg-type]


def auto_scale(rng: Rng) -> Graph:
    count = int(rng.choice([1, 2, 17, 256]))
    x, y = (tensor(name, (count,), dtype=DType.INT16) for name in "xy")
    return single("SignalFftAutoScale", [x], [y, tensor("s", (), dtype=DType.INT32)], Attrs())


def filter_bank(rng: Rng) -> Graph:
    bins, channels = int(rng.integers(8, 129)), int(rng.integers(1, 20))
    widths = rng.integers(0, 8, channels + 1)
    starts = np.array([int(rng.integers(0, bins - width + 1)) for width in widths])
    places = np.concatenate([[0], np.cumsum(widths)])[:-1]
    total = max(int(widths.sum()), 1)
    weights, unweights = rng.integers(-32768, 32768, total), rng.integers(0, 4097, total)
    inputs = [
        tensor("x", (bins,), dtype=DType.UINT32),
        i16("w", weights),
        i16("u", unweights),
        i16("f", starts),
        i16("p", places),
        i16("n", widths),
    ]
    output = tensor("y", (channels,), dtype=DType.UINT64)
    return single("SignalFilterBank", inputs, output, SignalFilterBankAttrs(channels))


def log(rng: Rng) -> Graph:
    count = int(rng.choice([1, 5, 40]))
    x, y = tensor("x", (count,), dtype=DType.UINT32), tensor("y", (count,), dtype=DType.INT16)
    attrs = SignalFilterBankLogAttrs(int(rng.choice([0, 3, 7])), int(rng.choice([64, 1600, 20000, -3])))
    return single("SignalFilterBankLog", [x], y, attrs)


def square_root(rng: Rng) -> Graph:
    count = int(rng.choice([1, 5, 40]))
    x, y = tensor("x", (count,), dtype=DType.UINT64), tensor("y", (count,), dtype=DType.UINT32)
    bits = const("s", int(rng.integers(0, 12)), dtype=DType.INT32)
    return single("SignalFilterBankSquareRoot", [x, bits], y, Attrs())


def pcan(rng: Rng) -> Graph:
    count = int(rng.choice([1, 5, 40]))
    x, n, y = (tensor(name, (count,), dtype=DType.UINT32) for name in "xny")
    gains = i16(
        "g", rng.integers(-32768, 32768, 125) if rng.random() < 0.5 else np.sort(rng.integers(0, 32768, 125))
    )
    return single("SignalPCAN", [x, n, gains], y, SignalPcanAttrs(int(rng.choice([0, 6, 20, 33]))))


test_auto_scale = sample(auto_scale, 8)
test_filter_bank = sample(filter_bank, 8)
test_log = sample(log, 8)
test_square_root = sample(square_root, 8)
test_pcan = sample(pcan, 8)
test_many_auto_scales = many(auto_scale, 40)
test_many_filter_banks = many(filter_bank, 60)
test_many_logs = many(log, 60)
test_many_square_roots = many(square_root, 40)
test_many_pcans = many(pcan, 60)


def _same(graph: Graph, *inputs: np.ndarray) -> None:  # type: ignore[type-arg]
    model = write(graph)
    (ours,) = native.load([compile_model(model, "m")])
    for found, expected in zip(ours.invoke(inputs), tflm.Interpreter(model).invoke(inputs), strict=True):
        assert np.array_equal(found, expected)


def _numbers(bits: int) -> np.ndarray:  # type: ignore[type-arg]
    """Of every magnitude, with the neighbours of powers of two and of squares."""
    rng = np.random.default_rng(2)
    spread = [int(rng.integers(0, 1 << 62)) >> int(rng.integers(0, bits)) for _ in range(3000)]
    near = [(1 << b) + d for b in range(bits) for d in (-1, 0, 1)]
    squares = [
        int(r) * int(r) + d
        for r in rng.integers(1, 1 << bits // 2, 1000)
        for d in (-1, 0, int(r), int(r) + 1)
    ]
    return np.array(
        [n & ((1 << bits) - 1) for n in (*spread, *near, *squares, (1 << bits) - 1)], f"uint{bits}"
    )


def test_logarithms_of_all_magnitudes() -> None:
    given = _numbers(32)
    x, y = tensor("x", (len(given),), dtype=DType.UINT32), tensor("y", (len(given),), dtype=DType.INT16)
    for attrs in (SignalFilterBankLogAttrs(0, 1600), SignalFilterBankLogAttrs(3, 64)):
        _same(single("SignalFilterBankLog", [x], y, attrs), given)


def test_roots_of_all_magnitudes() -> None:
    given = np.concatenate([_numbers(64), _numbers(32).astype(np.uint64)])
    x, y = tensor("x", (len(given),), dtype=DType.UINT64), tensor("y", (len(given),), dtype=DType.UINT32)
    _same(single("SignalFilterBankSquareRoot", [x, const("s", 0, dtype=DType.INT32)], y, Attrs()), given)


def test_gains_of_all_magnitudes() -> None:
    noise = _numbers(32)
    x, n, y = (tensor(name, noise.shape, dtype=DType.UINT32) for name in "xny")
    gains = i16("g", np.sort(np.random.default_rng(1).integers(0, 32768, 125))[::-1])
    given = np.random.default_rng(3).integers(0, 1 << 32, len(noise), np.uint32)
    _same(single("SignalPCAN", [x, n, gains], y, SignalPcanAttrs(18)), given, noise)


@pytest.mark.parametrize(
    "values", [[0, 0, 0], [-32768, 5, 3], [5, -32768], [-32768, -32768], [1, -2], [16384, 1]]
)
def test_scales_of_the_edges(values: list[int]) -> None:
    x, y = (tensor(name, (len(values),), dtype=DType.INT16) for name in "xy")
    graph = single("SignalFftAutoScale", [x], [y, tensor("s", (), dtype=DType.INT32)], Attrs())
    _same(graph, np.array(values, np.int16))


def test_refuses() -> None:
    x, y = tensor("x", (8,), dtype=DType.UINT32), tensor("y", (1,), dtype=DType.UINT64)
    some, none = i16("w", [1, 2]), i16("z", [0, 0])
    outside = [x, some, some, i16("f", [0, 7]), none, i16("n", [2, 2])]
    refused(
        single("SignalFilterBank", outside, y, SignalFilterBankAttrs(1)), "first bins of channel 1", "7 and 2"
    )
    heavy = [x, some, some, none, i16("p", [1, 0]), i16("n", [2, 2])]
    refused(single("SignalFilterBank", heavy, y, SignalFilterBankAttrs(1)), "first weights of channel 0")
    short = tensor("y", (8,), dtype=DType.UINT32)
    refused(single("SignalPCAN", [x, x, i16("g", [1] * 124)], short, SignalPcanAttrs(3)), "124", "125")
    out = tensor("y", (7,), dtype=DType.INT16)
    refused(
        single("SignalFilterBankLog", [x], out, SignalFilterBankLogAttrs(0, 1)),
        "elements of tensor y",
        "7",
        "8",
    )
