"""The planner: every plan passes the checker, no plan is below its bound, and the known hard corners hold."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

import tinyml_compress.ops
from tests.lib.plans import OPERATORS, QUANT, Builder, kernel, random_graph
from tinyml_compress.errors import PlanError
from tinyml_compress.ir import DType, Graph, MemoryPlan, Tensor
from tinyml_compress.ops.base import Overlap, Variant
from tinyml_compress.plan import check, plan
from tinyml_compress.plan.problem import Problem, problem_of
from tinyml_compress.plan.units import forbidden


@pytest.fixture(autouse=True)
def fake_operators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tinyml_compress.ops, "all_operators", lambda: OPERATORS)


@pytest.mark.parametrize("seed", range(40))
def test_random_graphs_hold_their_bound_and_pass_the_checker(seed: int) -> None:
    graph, schedule = random_graph(seed, length=3 + seed % 25)
    made = plan(graph, schedule)
    check(graph, schedule, made)
    assert made.lower_bound <= made.arena_bytes <= total(made)
    assert plan(graph, schedule) == made


@pytest.mark.full
@pytest.mark.parametrize("seed", range(1000, 1400))
def test_many_more_random_graphs(seed: int) -> None:
    graph, schedule = random_graph(seed, length=2 + seed % 40)
    made = plan(graph, schedule)
    assert made.lower_bound <= made.arena_bytes <= total(made)


def small_problems(count: int) -> Iterator[tuple[Graph, list[Variant]]]:
    """Random graphs with few and small enough blocks to try all placements."""
    for seed in itertools.count(500):
        graph, schedule = random_graph(seed, length=2 + seed % 2, largest=12, step=4)
        blocks = problem_of(graph, schedule).blocks
        if 2 < len(blocks) < 6 and sum(block.nbytes for block in blocks) <= 80:
            yield graph, schedule
            count -= 1
        if count == 0:
            return


def test_small_graphs_against_exhaustive_search() -> None:
    """The bound is a bound and the plan is the best there is."""
    for graph, schedule in small_problems(40):
        problem = problem_of(graph, schedule)
        made = plan(graph, schedule)
        best = exhaustive(problem)
        assert made.lower_bound <= made.arena_bytes <= best
        # Without aliases the exhaustive search knows all that the planner may do; with them the planner may
        # win.
        if not problem.aliases:
            assert made.lower_bound == made.arena_bytes == best


def exhaustive(problem: Problem) -> int:
    """The least arena over all offsets that are multiples of 4, aliases unused."""
    blocks = problem.blocks
    best = sum(-(-block.nbytes // 8) * 8 for block in blocks)
    pairs = {(p, q): forbidden(problem, p, q) for p, q in itertools.combinations(range(len(blocks)), 2)}

    def descend(offsets: tuple[int, ...], top: int) -> None:
        nonlocal best
        if top >= best:
            return
        here = len(offsets)
        if here == len(blocks):
            best = top
            return
        for spot in range(0, best - blocks[here].nbytes + 1, blocks[here].align):
            bars = ((offsets[p] - spot, bar) for p in range(here) for bar in pairs[p, here])
            if all(not low < distance < high for distance, (low, high) in bars):
                descend((*offsets, spot), max(top, spot + blocks[here].nbytes))

    descend((), 0)
    return best


def total(made: MemoryPlan) -> int:
    return sum(-(-b.nbytes // 16) * 16 for b in (*made.tensors.values(), *made.scratch.values()))


@pytest.mark.parametrize(("length", "limit"), [(60, 1.5), (300, 5.0)])
def test_large_graphs_are_quick_and_close_to_the_bound(length: int, limit: float) -> None:
    graph, schedule = random_graph(7, length)
    graph = graph.rebuilt(
        nodes=tuple(replace(node, op="ANY") for node in graph.nodes)
    )  # nothing may be aliased
    started = time.process_time()
    made = plan(graph, schedule)
    assert time.process_time() - started < limit
    assert made.arena_bytes <= 1.1 * made.lower_bound


def chain(sizes: list[int], variants: list[Variant]) -> Graph:
    make = Builder()
    make.tensor("t0", sizes[0])
    for index, (nbytes, variant) in enumerate(zip(sizes[1:], variants, strict=True)):
        make.node("ANY", [f"t{index}"], {f"t{index + 1}": nbytes}, variant)
    return make.graph(["t0"], [f"t{len(sizes) - 1}"])


def test_a_chain_needs_its_largest_neighbours() -> None:
    schedule = [kernel() for _ in range(4)]
    made = plan(chain([100, 400, 200, 300, 12], schedule), schedule)
    assert made.arena_bytes == made.lower_bound == 600


def test_elementwise_in_place_needs_one_buffer() -> None:
    schedule = [kernel(Overlap(0, 0)) for _ in range(5)]
    assert plan(chain([640] * 6, schedule), schedule).arena_bytes == 640


def test_rows_written_over_rows_read_need_the_gap() -> None:
    schedule = [kernel(Overlap(0, 0, 96))]
    made = plan(chain([1000, 1000], schedule), schedule)
    assert made.arena_bytes == made.lower_bound == 1096
    assert made.tensors["t0"].offset - made.tensors["t1"].offset >= 96


def test_a_gap_wider_than_the_output_is_no_use() -> None:
    schedule = [kernel(Overlap(0, 0, 5000))]
    assert plan(chain([1000, 800], schedule), schedule).arena_bytes == 1800


def test_a_negative_gap_lets_the_output_start_inside_its_input() -> None:
    schedule = [kernel(Overlap(0, 0, -16)), kernel()]
    made = plan(chain([64, 32, 32], schedule), schedule)
    assert made.arena_bytes == made.lower_bound == 64


def test_an_input_that_lives_on_is_not_overwritten() -> None:
    make = Builder()
    make.tensor("x", 100)
    make.node("ANY", ["x"], {"y": 100}, kernel(Overlap(0, 0)))
    make.node("ANY", ["x", "y"], {"z": 100}, kernel(Overlap(0, 0), Overlap(1, 0)))
    assert plan(make.graph(["x"], ["z"]), make.schedule).arena_bytes == 200


def test_the_same_tensor_read_twice_needs_both_rules() -> None:
    wider = (Overlap(0, 0), Overlap(1, 0, gap=40))
    for rules, arena in (((Overlap(0, 0),), 200), ((Overlap(0, 0), Overlap(1, 0)), 100), (wider, 140)):
        make = Builder()
        make.tensor("x", 100)
        make.node("ANY", ["x", "x"], {"y": 100}, kernel(*rules))
        assert plan(make.graph(["x"], ["y"]), make.schedule).arena_bytes == arena


def test_join_without_copying() -> None:
    make = Builder()
    make.tensor("x", 16)
    make.node("ANY", ["x"], {"a": 400})
    make.node("ANY", ["x"], {"b": 200})
    make.node("JOIN", ["a", "b"], {"c": 600})
    made = plan(make.graph(["x"], ["c"]), make.schedule)
    assert made.inside == {"a": ("c", 0), "b": ("c", 400)}
    assert made.arena_bytes == made.lower_bound == 616


def test_split_and_join_of_joined_and_reused_tensors() -> None:
    make = Builder()
    make.tensor("x", 64)
    make.node("SPLIT", ["x"], {"a": 32, "b": 32})
    make.node("JOIN", ["b", "a"], {"swapped": 64})
    make.node("JOIN", ["a", "b", "a"], {"thrice": 96})
    make.node("JOIN", ["swapped", "thrice"], {"all": 160})
    made = plan(make.graph(["x"], ["all", "x", "a"]), make.schedule)
    assert made.lower_bound <= made.arena_bytes <= 64 + 64 + 96 + 160


def test_a_join_at_odd_offsets_copies() -> None:
    make = Builder()
    make.tensor("x", 7)
    make.tensor("y", 9)
    make.node("JOIN", ["x", "y"], {"z": 16})
    made = plan(make.graph(["x", "y"], ["z"]), make.schedule)
    assert made.inside == {"x": ("z", 0)}


def test_a_view_may_be_overwritten_only_after_its_host_died() -> None:
    make = Builder()
    make.tensor("x", 64)
    make.node("VIEW", ["x"], {"v": 64})
    make.node("ANY", ["v"], {"w": 64}, kernel(Overlap(0, 0)))
    make.node("ANY", ["x", "w"], {"y": 4})
    assert plan(make.graph(["x"], ["y"]), make.schedule).arena_bytes == 64 + 64 + 4


def test_an_input_that_is_an_output_stays() -> None:
    make = Builder()
    make.tensor("x", 100)
    make.node("ANY", ["x"], {"y": 100}, kernel(Overlap(0, 0)))
    made = plan(make.graph(["x", "x"], ["x", "y", "y"]), make.schedule)
    assert made.arena_bytes == 200
    assert made.tensors["x"].last == len(make.nodes)


def test_an_output_that_is_also_read_stays() -> None:
    make = Builder()
    make.tensor("x", 100)
    make.node("ANY", ["x"], {"y": 100}, kernel(Overlap(0, 0)))
    make.node("ANY", ["y"], {"z": 100}, kernel(Overlap(0, 0)))
    assert plan(make.graph(["x"], ["y", "z"]), make.schedule).arena_bytes == 200


def test_unused_inputs_and_results_have_a_place() -> None:
    make = Builder()
    make.tensor("x", 100)
    make.tensor("unused", 60)
    make.node("ANY", ["x"], {"dead": 50, "y": 10})
    made = plan(make.graph(["x", "unused"], ["y"]), make.schedule)
    assert made.arena_bytes == 162  # x, dead (on a whole word) and y; the unused input is gone by then
    assert made.tensors["unused"].last == -1


def test_constant_and_empty_tensors() -> None:
    make = Builder()
    make.tensor("x", 0)
    make.tensors["k"] = Tensor("k", (8,), DType.INT8, QUANT, np.zeros(8, np.int8))
    make.node("ANY", ["x", "k"], {"y": 0})
    made = plan(make.graph(["x"], ["y", "k"]), make.schedule)
    assert made.arena_bytes == 8
    assert made.tensors["k"].first == made.tensors["k"].last == 1


def test_a_graph_without_nodes() -> None:
    make = Builder()
    make.tensor("x", 12)
    assert plan(make.graph(["x"], ["x"]), []).arena_bytes == 12


def test_wide_elements_are_aligned() -> None:
    make = Builder()
    make.tensor("a", 3)
    make.tensor("b", 16, DType.INT64)
    make.node("ANY", ["a", "b"], {"y": 3}, kernel(scratch=5))
    made = plan(make.graph(["a", "b"], ["y"]), make.schedule)
    assert made.tensors["b"].offset % 8 == 0
    assert made.scratch[0].offset % 8 == 0
    assert all(buffer.offset % 4 == 0 for buffer in made.tensors.values())


def test_what_cannot_be_planned_is_said() -> None:
    make = Builder()
    make.tensor("x", 8)
    make.tensor("y", 8)
    with pytest.raises(PlanError, match="does not fit"):
        plan(make.graph(["x"], ["x"]), [kernel()])
    with pytest.raises(PlanError, match="nothing makes"):
        plan(make.graph(["x"], ["y"]), [])
    make.node("ANY", ["y"], {"z": 8})
    with pytest.raises(PlanError, match="before anything makes it"):
        plan(make.graph(["x"], ["z"]), make.schedule)
    make.node("ANY", ["x"], {"x": 8})
    with pytest.raises(PlanError, match="negative scratch"):
        plan(chain([4, 4], [kernel()]), [kernel(scratch=-8)])


def test_the_bound_follows_chains_of_gaps() -> None:
    """Each layer writes a little below its input; the drift adds up, and no plan avoids it."""
    schedule = [kernel(Overlap(0, 0, gap)) for gap in (448, 64, 448, 64)]
    made = plan(chain([8000] * 5, schedule), schedule)
    assert made.arena_bytes == made.lower_bound == 8000 + 448 + 64 + 448 + 64


def test_a_residual_block_shares_what_it_can() -> None:
    """conv, conv, add: the second convolution trails behind its input, the sum lies over it."""
    make = Builder()
    make.tensor("x", 16384)
    make.node("ANY", ["x"], {"a": 16384}, kernel(Overlap(0, 0, 544)))
    make.node("ANY", ["a"], {"b": 16384}, kernel(Overlap(0, 0, 544)))
    make.node("ANY", ["x", "b"], {"y": 16384}, kernel(Overlap(0, 0), Overlap(1, 0)))
    made = plan(make.graph(["x"], ["y"]), make.schedule)
    assert made.arena_bytes == made.lower_bound == 2 * 16384 + 544


def test_an_exact_rule_means_there_or_apart() -> None:
    """The second layer's output may coincide with its input, though not trail behind it."""
    schedule = [
        kernel(Overlap(0, 0, 16)),
        kernel(Overlap(0, 0, exact=True)),
        kernel(Overlap(0, 0, 32, exact=True)),
    ]
    made = plan(chain([1000] * 4, schedule), schedule)
    assert made.arena_bytes == made.lower_bound == 1048
    at = [made.tensors[f"t{index}"].offset for index in range(4)]
    assert at == [48, 32, 32, 0]


def test_an_exact_rule_at_an_odd_gap_keeps_apart() -> None:
    schedule = [kernel(Overlap(0, 0, 6, exact=True))]
    assert plan(chain([100, 100], schedule), schedule).arena_bytes == 200


def test_contradicting_rules_keep_apart() -> None:
    make = Builder()
    make.tensor("x", 100)
    make.node("ANY", ["x", "x"], {"y": 100}, kernel(Overlap(0, 0, exact=True), Overlap(1, 0, 8)))
    assert plan(make.graph(["x"], ["y"]), make.schedule).arena_bytes == 200
