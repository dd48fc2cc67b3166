"""What operators say of themselves is what their kernels do."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from tests.lib.graphs import quant, single
from tinyml_compress.errors import TinymlError
from tinyml_compress.ir import DType, Graph, Tensor
from tinyml_compress.ops import all_operators, check_graph, operator
from tinyml_compress.pipeline.compile.verb import compile_graph
from tinyml_compress.runners import native
from tinyml_compress.runners.vectors import random

SHAPE = (1, 3, 2, 4)
PORTS = [
    *((DType.INT8, quant(scale, zero)) for scale, zero in ((0.05, -3), (1 / 256, -128), (1 / 128, 0))),
    (DType.BOOL, None),
    (DType.INT32, None),
    (DType.FLOAT32, None),
]
ELEMENTWISE = [name for name, op in all_operators().items() if op.elementwise]


def graphs(name: str) -> Iterator[Graph]:
    """A graph of the one operator that it takes, with int8 values where it can."""
    for count in (1, 2, 3):
        for *inputs, out in itertools.product(PORTS, repeat=count + 1):
            given = [Tensor(f"x{i}", SHAPE, dtype, scale) for i, (dtype, scale) in enumerate(inputs)]
            made = single(name, given, Tensor("y", SHAPE, *out), operator(name).attrs_type())
            try:
                check_graph(made)
            except (TinymlError, AssertionError):
                continue
            yield made


@pytest.fixture(scope="module")
def models() -> dict[str, native.NativeModel]:
    programs = [
        compile_graph(next(graphs(name)), f"m{index}", model_sha256="0" * 64)
        for index, name in enumerate(ELEMENTWISE)
    ]
    return dict(zip(ELEMENTWISE, native.load(programs), strict=True))


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_an_element_is_made_of_its_own_alone(name: str, models: dict[str, native.NativeModel]) -> None:
    """Other values everywhere but at one place leave the result at that place."""
    ports, rng = next(graphs(name)).tensors, np.random.default_rng(3)
    names = sorted(port for port in ports if port != "y")
    apart = 0
    for place in range(12):
        first, second = ([random(ports[port], rng) for port in names] for _ in range(2))
        for one, other in zip(first, second, strict=True):
            other.reshape(-1)[place] = one.reshape(-1)[place]
        before, after = (models[name].invoke(each)[0].reshape(-1) for each in (first, second))
        assert before[place].tobytes() == after[place].tobytes()
        apart += int((before != after).sum())
    assert apart > 0
