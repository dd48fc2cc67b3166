"""Order of execution: the best of all orders, and the graph's own where nothing is gained."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence

import pytest

import tinyml_compress.ops
from tests.lib.plans import OPERATORS, Builder, kernel, random_graph
from tinyml_compress.ir import Graph
from tinyml_compress.ops.base import Overlap, Variant
from tinyml_compress.plan import check, plan, plan_in_best_order
from tinyml_compress.plan.order import _Costs, best_order


@pytest.fixture(autouse=True)
def fake_operators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tinyml_compress.ops, "all_operators", lambda: OPERATORS)


def branches(widths: Sequence[int]) -> tuple[Graph, list[Variant]]:
    """All branches' wide first layers before their narrow second ones, as breadth-first converters write
    them.
    """
    make = Builder()
    make.tensor("x", 40)
    for index, width in enumerate(widths):
        make.node("ANY", ["x"], {f"wide{index}": width})
    for index in range(len(widths)):
        make.node("ANY", [f"wide{index}"], {f"narrow{index}": 40})
    make.node("ANY", [f"narrow{index}" for index in range(len(widths))], {"y": 40})
    return make.graph(["x"], ["y"]), make.schedule


def test_branches_run_one_after_the_other() -> None:
    graph, schedule = branches([1000, 900, 800])
    made = plan_in_best_order(graph, schedule)
    assert plan(graph, schedule).arena_bytes == 40 + 1000 + 900 + 800
    # The widest branch first, while no narrow result waits yet.
    assert made.memory.arena_bytes == 1000 + 40 + 40
    check(made.graph, made.schedule, made.memory)
    assert made.graph.outputs == graph.outputs
    again = plan_in_best_order(graph, schedule)
    assert again.graph.nodes == made.graph.nodes
    assert again.memory == made.memory


def test_a_chain_keeps_its_order() -> None:
    make = Builder()
    make.tensor("t0", 100)
    for index in range(30):
        make.node("ANY", [f"t{index}"], {f"t{index + 1}": 100 + index % 7}, kernel(Overlap(0, 0), scratch=8))
    graph = make.graph(["t0"], ["t30"])
    assert best_order(graph, make.schedule) == tuple(range(30))
    assert plan_in_best_order(graph, make.schedule).graph is graph


def orders(graph: Graph) -> list[tuple[int, ...]]:
    """All orders in which every tensor is made before it is read."""

    def sound(order: tuple[int, ...]) -> bool:
        ready = set(graph.inputs)
        for index in order:
            if not ready.issuperset(graph.nodes[index].inputs):
                return False
            ready.update(graph.nodes[index].outputs)
        return True

    return [order for order in itertools.permutations(range(len(graph.nodes))) if sound(order)]


@pytest.mark.parametrize("seed", range(40))
def test_no_order_is_better(seed: int) -> None:
    graph, schedule = random_graph(3000 + seed, length=3 + seed % 4)
    costs = _Costs(graph, schedule)
    order = best_order(graph, schedule)
    assert order in orders(graph)
    assert costs.peak_of(order) == min(costs.peak_of(other) for other in orders(graph))
    assert costs.floor <= costs.peak_of(order)
    made = plan_in_best_order(graph, schedule)
    check(made.graph, made.schedule, made.memory)
    assert made.memory.arena_bytes <= plan(graph, schedule).arena_bytes


def test_many_branches_end_in_time() -> None:
    graph, schedule = branches(list(range(500, 900, 10)))
    started = time.process_time()
    best_order(graph, schedule)
    assert time.process_time() - started < 8
