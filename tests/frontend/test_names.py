"""Tensor names are unique and printable; layers are told from them."""

from __future__ import annotations

import time

import pytest

from tests.lib.graphs import single, tensor
from tinyml_compress.frontend import read, write
from tinyml_compress.frontend.names import layer_of, unique_names
from tinyml_compress.ops import operator


def test_unique_names() -> None:
    given = ["a", "", "a", "a#2", "a", "tensor_1", ""]
    made = unique_names(given)
    assert len(set(made)) == len(given)
    assert made[:4] == ("a", "tensor_1", "a#2", "a#2#2")
    assert unique_names(given) == made


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("net/act/Relu;net/bn/FusedBatchNormV3;net/conv/BiasAdd;net/conv/Conv2D1", "net/conv"),
        ("model/dense/MatMul;model/dense/BiasAdd", "model/dense"),
        ("model/activation_2/Relu;model/add/add", "model/add"),
        ("net/conv/BiasAdd;net/conv/Conv2D;net/conv/BiasAdd/ReadVariableOp/resource1", "net/conv"),
        ("StatefulPartitionedCall:0", "StatefulPartitionedCall:0"),
        ("Identity", "Identity"),
        ("Identity_int8", "Identity_int8"),
        ("serving_default_input:0", "serving_default_input:0"),
        ("t1", "t1"),
        ("/", "/"),
        (";", ";"),
        ("", ""),
    ],
)
def test_layer_of(name: str, layer: str) -> None:
    assert layer_of(name) == layer


@pytest.mark.parametrize(
    "name", ["a\nb\0*/", "x" * 5000, "\u00e9" * 3000, 'q"uote\\', "\u202e", "\u540d\u524d", ""]
)
def test_strange_names_are_made_printable_and_survive(name: str) -> None:
    graph = single(
        "ADD",
        [tensor(name, (1, 2), 0.5), tensor("b", (1, 2), 0.5)],
        tensor("c", (1, 2), 0.5),
        operator("ADD").attrs_type(),
    )
    once = read(write(graph), "m")
    assert all(n.isprintable() and n and len(n) <= 512 for n in once.tensors)
    assert tuple(read(write(once), "m").tensors) == tuple(once.tensors)


@pytest.mark.parametrize(
    "name", ["1" * 100_000 + "x", "Identity_" + "1" * 100_000 + "x", "/ReadVariableOp_1" * 20_000]
)
def test_a_long_name_takes_no_time(name: str) -> None:
    began = time.process_time()
    assert layer_of(name) in name
    assert time.process_time() - began < 2
