"""Kernels chosen for RAM: the least arena of all combinations, and no slower than that needs."""

from __future__ import annotations

import itertools
import random

import pytest

import tinyml_compress.ops
from tests.lib.plans import OPERATORS, Builder, kernel, random_graph
from tinyml_compress.errors import PlanError
from tinyml_compress.ops.base import Overlap
from tinyml_compress.plan import plan, smallest_schedule
from tinyml_compress.plan.planner import arena_of


@pytest.fixture(autouse=True)
def fake_operators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tinyml_compress.ops, "all_operators", lambda: OPERATORS)


def test_only_the_node_at_the_peak_pays() -> None:
    make = Builder()
    make.tensor("t0", 100)
    for index, nbytes in enumerate((1000, 1000, 100, 100)):
        make.node("ANY", [f"t{index}"], {f"t{index + 1}": nbytes})
    graph = make.graph(["t0"], ["t4"])
    fast, small = kernel(scratch=400), kernel(Overlap(0, 0))
    chosen = smallest_schedule(graph, [(fast, small)] * 4)
    # In place everywhere needs 1,000 bytes, which no choice goes below; where there is room the fast kernel
    # stays.
    assert plan(graph, chosen).arena_bytes == 1000
    assert [variant is fast for variant in chosen] == [False, False, False, True]


@pytest.mark.parametrize("seed", range(8))
def test_no_combination_is_smaller(seed: int) -> None:
    graph, schedule = random_graph(9000 + seed, length=3)
    dice = random.Random(seed)
    candidates = [
        (variant, kernel(Overlap(0, 0, dice.choice([0, 32]))), kernel(scratch=dice.choice([8, 200])))
        for variant in schedule
    ]
    chosen = smallest_schedule(graph, candidates)
    arenas = {choice: arena_of(graph, choice) for choice in itertools.product(*candidates)}
    assert arenas[chosen] == min(arenas.values())


def test_every_node_needs_a_choice() -> None:
    make = Builder()
    make.tensor("x", 8)
    make.node("ANY", ["x"], {"y": 8})
    graph = make.graph(["x"], ["y"])
    for candidates in ([], [()]):
        with pytest.raises(PlanError, match="needs a kernel"):
            smallest_schedule(graph, candidates)
    assert smallest_schedule(make.graph(["x"], ["x"]).rebuilt(nodes=()), []) == ()
