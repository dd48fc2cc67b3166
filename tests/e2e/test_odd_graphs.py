"""Graphs whose inputs and outputs are not the plain case, through compiler and memory plan, equal to TFLM."""

from __future__ import annotations

import numpy as np

from tests.lib.aot import assert_bit_exact
from tests.lib.graphs import const, graph, tensor
from tinyml_compress.frontend import write
from tinyml_compress.ir import Attrs, Graph, Node, Tensor
from tinyml_compress.ops import operator
from tinyml_compress.pipeline.compile.verb import compile_model


def t(name: str, size: int = 8) -> Tensor:
    return tensor(name, (1, size), 0.5, 3)


def relu(source: str, target: str, op: str = "RELU") -> Node:
    return Node(op, (source,), (target,), operator(op).attrs_type(), target)


def joined(sources: tuple[str, ...], target: str) -> Node:
    attrs: Attrs = operator("CONCATENATION").attrs_type(axis=1)
    return Node("CONCATENATION", sources, (target,), attrs, target)


CONSTANT = const("k", np.arange(8).reshape(1, 8), 0.5, 3)
GRAPHS: dict[str, tuple[Graph, int]] = {
    # name: the graph, and the arena it needs
    "a constant is an output": (graph([t("x"), t("y"), CONSTANT], [relu("x", "y")], ["x"], ["y", "k"]), 16),
    "an input is an output": (graph([t("x"), t("y")], [relu("x", "y")], ["x"], ["x", "y"]), 16),
    "an output is listed twice": (graph([t("x"), t("y")], [relu("x", "y")], ["x"], ["y", "y"]), 8),
    "an output is read on": (
        graph([t("x"), t("y"), t("z")], [relu("x", "y"), relu("y", "z", "RELU6")], ["x"], ["y", "z"]),
        16,
    ),
    "an input is not used": (graph([t("x"), t("u"), t("y")], [relu("x", "y")], ["x", "u"], ["y"]), 16),
    "there is no node": (graph([t("x")], [], ["x"], ["x"]), 8),
    "a tensor is joined to itself": (
        graph(
            [t("x"), t("y", 16), t("z", 24)],
            [joined(("x", "x"), "y"), joined(("y", "x"), "z")],
            ["x"],
            ["z", "y"],
        ),
        24,
    ),
    "a constant is joined": (
        graph([t("x"), CONSTANT, t("y", 16)], [joined(("k", "x"), "y")], ["x"], ["y"]),
        16,
    ),
    "branches are joined and one is read on": (
        graph(
            [t("x"), t("a"), t("b"), t("y", 16), t("o")],
            [relu("x", "a"), relu("x", "b", "RELU6"), joined(("a", "b"), "y"), relu("a", "o")],
            ["x"],
            ["y", "o"],
        ),
        24,
    ),
}


def test_equal_to_tflm_in_the_least_memory() -> None:
    models = {name: write(made) for name, (made, _) in GRAPHS.items()}
    assert_bit_exact(models.values(), count=2)
    for name, (_, arena) in GRAPHS.items():
        assert compile_model(models[name], "odd").arena_bytes == arena, name
