"""Proof of one operator: seeded random models of it against TFLM, a few by default and many in
the full run.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pytest

from tests.lib.aot import assert_bit_exact
from tests.lib.graphs import const, quant
from tinyml_compress.errors import UnsupportedOperator
from tinyml_compress.frontend import write
from tinyml_compress.ir import DType, Graph, Quant, Tensor
from tinyml_compress.ops import operator
from tinyml_compress.ops.base import Level
from tinyml_compress.ops.numerics import Activation
from tinyml_compress.support.instruction_sets import Isa

Item = TypeVar("Item")
Test = TypeVar("Test", bound=Callable[..., None])
Rng = np.random.Generator
FUSED = (Activation.NONE, Activation.NONE, Activation.RELU, Activation.RELU6, Activation.RELU_N1_TO_1)
"""The fused activations, none twice as often."""
Maker = Callable[[Rng], Graph]
"""One random graph of one operator that TFLM accepts."""


def models_of(make: Maker, count: int, salt: int) -> list[bytes]:
    """Files of `count` graphs; another `salt` gives others."""
    name = zlib.crc32(make.__module__.encode() + make.__qualname__.encode())
    return [write(make(np.random.default_rng([name, salt, index]))) for index in range(count)]


def sample(
    make: Maker,
    count: int = 12,
    vectors: int = 2,
    *,
    isas: tuple[Isa, ...] = (Isa.C,),
    level: Level = Level.BALANCED,
    ulps: int = 0,
) -> Callable[[], None]:
    """A test of a few models; float outputs may lie `ulps` floats apart."""

    def test() -> None:
        assert_bit_exact(models_of(make, count, 0), count=vectors, isas=isas, level=level, ulps=ulps)

    return test


def many(
    make: Maker, count: int = 120, vectors: int = 4, *, isas: tuple[Isa, ...] = (Isa.C,), ulps: int = 0
) -> Callable[[Level], None]:
    """A test of many models at every level, for the full run only."""

    @pytest.mark.full
    @pytest.mark.parametrize("level", list(Level), ids=[level.value for level in Level])
    def test(level: Level) -> None:
        prove(make, level, count, vectors, isas=isas, ulps=ulps)

    return counted(test, count * len(Level))


def counted(test: Test, models: int) -> Test:
    """The test, marked with how many models it generates in the full run."""
    vars(test)["models"] = models
    return test


def prove(
    make: Maker,
    level: Level,
    count: int,
    vectors: int = 3,
    *,
    isas: tuple[Isa, ...] = (Isa.C,),
    ulps: int = 0,
) -> None:
    """Many models at one level, others at each."""
    models = models_of(make, count, 1 + list(Level).index(level))
    assert_bit_exact(models, level=level, count=vectors, isas=isas, ulps=ulps)


def refused(graph: Graph, *words: str) -> None:
    """The operator's check refuses the graph's first node, and the message has these words in it."""
    node = graph.nodes[0]
    with pytest.raises(UnsupportedOperator) as caught:
        operator(node.op).check(graph.view(node))
    text = str(caught.value)
    assert node.op in text
    for word in words:
        assert word in text, f"{word!r} is not in {text!r}"


# --- random parts of a model --------------------------------------------------------------------------------


def scale(rng: Rng, low: float = 1e-3, high: float = 1.0) -> float:
    """A scale, log-uniform; now and then a power of two, which makes exact ties."""
    value = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    return float(2.0 ** round(np.log2(value))) if rng.random() < 0.3 else value


def zero_point(rng: Rng, dtype: DType) -> int:
    """A zero point, often at an end of the range; int16 is symmetric."""
    if dtype is DType.INT16:
        return 0
    low, high = (0, 255) if dtype is DType.UINT8 else (-128, 127)
    return int(rng.choice([low, high, (low + high + 1) // 2, int(rng.integers(low, high + 1))]))


def quantized(rng: Rng, dtype: DType, low: float = 1e-3, high: float = 1.0) -> Quant:
    """A random per-tensor quantization."""
    return quant(scale(rng, low, high), zero_point(rng, dtype))


def shape(rng: Rng, low: int = 1, high: int = 4, most: int = 600) -> tuple[int, ...]:
    """A shape of rank low..high, small in all."""
    rank = int(rng.integers(low, high + 1))
    sizes = [int(rng.choice([1, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17])) for _ in range(rank)]
    while np.prod(sizes) > most:
        sizes[int(np.argmax(sizes))] //= 2
    return tuple(sizes)


def broadcastable(rng: Rng, high: int = 4) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Two shapes and the one they broadcast to; often equal."""
    full = shape(rng, 1, high)
    if rng.random() < 0.4:
        return full, full, full
    pair = []
    for _ in range(2):
        sizes = [1 if rng.random() < 0.4 else size for size in full]
        drop = int(rng.integers(0, len(sizes) + 1)) if rng.random() < 0.4 else 0
        pair.append(tuple(sizes[drop:]))
    return pair[0], pair[1], tuple(int(size) for size in np.broadcast_shapes(*pair))


def pick(rng: Rng, options: Sequence[Item]) -> Item:
    """One of the options."""
    return options[int(rng.integers(len(options)))]


def ints(name: str, values: npt.ArrayLike) -> Tensor:
    """A constant of int32: axes, paddings, bounds."""
    return const(name, values, dtype=DType.INT32)
