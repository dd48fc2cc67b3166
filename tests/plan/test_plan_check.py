"""The overlap checker catches broken plans: each mutation of a good plan that breaks a rule is refused."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

import tinyml_compress.ops
from tests.lib.plans import OPERATORS, Builder, kernel, random_graph
from tinyml_compress.errors import PlanError
from tinyml_compress.ir import Buffer, Graph, MemoryPlan
from tinyml_compress.ops.base import Overlap, Variant
from tinyml_compress.plan import check, plan
from tinyml_compress.plan.problem import problem_of
from tinyml_compress.plan.units import forbidden


@pytest.fixture(autouse=True)
def fake_operators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tinyml_compress.ops, "all_operators", lambda: OPERATORS)


def moved(made: MemoryPlan, name: str, offset: int) -> MemoryPlan:
    tensors = {**made.tensors, name: replace(made.tensors[name], offset=offset)}
    return replace(made, tensors=tensors, arena_bytes=made.arena_bytes + 10_000, inside={})


def broken(graph: Graph, schedule: Sequence[Variant], made: MemoryPlan) -> bool:
    try:
        check(graph, schedule, made)
    except PlanError:
        return True
    return False


@pytest.mark.parametrize("seed", range(30))
def test_moving_a_block_onto_another_is_caught_exactly_when_a_rule_breaks(seed: int) -> None:
    """Two independent judges: the pairwise rules of the planner, and the checker's run."""
    graph, schedule = random_graph(seed, length=12)
    problem = problem_of(graph, schedule)
    if (
        problem.aliases
    ):  # blocks of equal content may coincide in ways that the pairwise rules do not describe
        graph, schedule = without_aliases(graph, schedule)
        problem = problem_of(graph, schedule)
    made = plan(graph, schedule)
    dice = random.Random(seed)
    names = [block.tensor for block in problem.blocks]
    movable = [index for index, name in enumerate(names) if name is not None]
    caught = 0
    for _ in range(40):
        mover, target = dice.choice(movable), dice.choice(movable)
        mover_name, target_name = str(names[mover]), str(names[target])
        offset = max(0, made.tensors[target_name].offset + dice.randrange(-200, 200, 8))
        mutant = moved(made, mover_name, offset)
        where = [
            mutant.tensors[name].offset
            if name is not None
            else mutant.scratch[problem.blocks[index].first].offset
            for index, name in enumerate(names)
        ]
        clash = any(
            low < where[mover] - where[other] < high
            for other in range(len(names))
            if other != mover
            for low, high in forbidden(problem, mover, other)
        )
        caught += clash
        assert broken(graph, schedule, mutant) == clash
    assert caught


def without_aliases(graph: Graph, schedule: Sequence[Variant]) -> tuple[Graph, list[Variant]]:
    nodes = tuple(replace(node, op="ANY") for node in graph.nodes)
    return graph.rebuilt(nodes=nodes), list(schedule)


def small() -> tuple[Graph, list[Variant], MemoryPlan]:
    make = Builder()
    make.tensor("x", 64)
    make.node("ANY", ["x"], {"a": 64}, kernel(Overlap(0, 0, 16), scratch=24))
    make.node("ANY", ["x", "a"], {"b": 32})
    make.node("JOIN", ["a", "b"], {"y": 96})
    graph = make.graph(["x"], ["y"])
    return graph, make.schedule, plan(graph, make.schedule)


def refused(made: MemoryPlan, match: str) -> None:
    graph, schedule, _ = small()
    with pytest.raises(PlanError, match=match):
        check(graph, schedule, made)


def test_broken_tables_are_named() -> None:
    graph, schedule, made = small()
    check(graph, schedule, made)
    a = made.tensors["a"]
    refused(replace(made, arena_bytes=made.arena_bytes - 4), "outside the arena")
    refused(replace(made, tensors={**made.tensors, "a": replace(a, offset=-4)}), "outside the arena")
    refused(replace(made, tensors={**made.tensors, "a": replace(a, offset=a.offset + 2)}), "not aligned")
    refused(replace(made, tensors={**made.tensors, "a": replace(a, nbytes=60)}), "another size")
    refused(
        replace(made, tensors={name: b for name, b in made.tensors.items() if name != "a"}), "not the graph's"
    )
    refused(replace(made, tensors={**made.tensors, "ghost": a}), "not the graph's")
    refused(replace(made, scratch={}), "scratch does not match")
    refused(replace(made, scratch={**made.scratch, 2: Buffer(0, 8, 2, 2)}), "scratch does not match")
    refused(replace(made, scratch={**made.scratch, 9: Buffer(0, 8, 9, 9)}), "does not exist")
    refused(replace(made, inside={"a": ("y", 32)}), "where its host holds it")
    refused(replace(made, lower_bound=made.arena_bytes + 1), "lower bound")
    with pytest.raises(PlanError, match="does not fit"):
        check(graph, schedule[:1], made)


def test_scratch_over_input_and_output_is_caught() -> None:
    _, _, made = small()
    for name, match in (("x", "over an input|overwritten"), ("a", "over an output")):
        spot = -(-made.tensors[name].offset // 8) * 8
        refused(replace(made, arena_bytes=1000, scratch={0: replace(made.scratch[0], offset=spot)}), match)


def test_two_inputs_of_the_graph_on_one_place() -> None:
    make = Builder()
    make.tensor("x", 8)
    make.tensor("y", 8)
    make.node("ANY", ["x", "y"], {"z": 8})
    graph = make.graph(["x", "y"], ["z"])
    made = plan(graph, make.schedule)
    with pytest.raises(PlanError, match="two inputs"):
        check(graph, make.schedule, moved(made, "y", made.tensors["x"].offset))


def test_two_outputs_of_a_node_on_one_place() -> None:
    make = Builder()
    make.tensor("x", 8)
    make.node("ANY", ["x"], {"y": 8, "z": 8})
    graph = make.graph(["x"], ["y", "z"])
    made = plan(graph, make.schedule)
    with pytest.raises(PlanError, match="two outputs"):
        check(graph, make.schedule, moved(made, "z", made.tensors["y"].offset))
