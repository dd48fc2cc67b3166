"""Plans over several memories: the hottest tensors in the fastest, each arena within its memory, proven."""

from __future__ import annotations

from dataclasses import replace

import pytest

import tinyml_compress.ops
from tests.lib.plans import OPERATORS, Builder, kernel, random_graph
from tinyml_compress.errors import DoesNotFit, PlanError
from tinyml_compress.ir import Graph, Memory, MemoryPlan
from tinyml_compress.ops.base import Overlap, Variant
from tinyml_compress.plan import check, in_memories, plan


@pytest.fixture(autouse=True)
def fake_operators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tinyml_compress.ops, "all_operators", lambda: OPERATORS)


def spread(graph: Graph, schedule: list[Variant], *sizes: int) -> MemoryPlan:
    memories = [Memory(f"ram-{number}", size) for number, size in enumerate(sizes)]
    return in_memories(graph, schedule, plan(graph, schedule), memories)


def chain() -> tuple[Graph, list[Variant]]:
    """A large tensor that is read once, and a small one that three nodes read."""
    make = Builder()
    make.tensor("in", 100)
    make.node("ANY", ["in"], {"large": 1000})
    make.node("ANY", ["large"], {"small": 200})
    for number in range(3):
        make.node("ANY", ["small"], {f"out{number}": 40}, kernel(scratch=64))
    return make.graph(["in"], [f"out{number}" for number in range(3)]), make.schedule


def test_a_net_that_fits_the_fastest_lies_there_as_before() -> None:
    graph, schedule = chain()
    alone = plan(graph, schedule)
    made = spread(graph, schedule, alone.arena_bytes, 10_000)
    assert made.tensors == alone.tensors
    assert [(one.memory, one.nbytes, one.suffix) for one in made.arenas] == [("ram-0", alone.arena_bytes, "")]


def test_what_is_read_most_lies_in_the_fastest() -> None:
    graph, schedule = chain()
    made = spread(graph, schedule, 400, 1100)
    assert made.tensors["small"].arena == 0
    assert made.tensors["large"].arena == 1
    assert {buffer.arena for buffer in made.scratch.values()} == {0}
    assert [one.suffix for one in made.arenas] == ["", "_ram_1"]
    assert made.arenas[0].nbytes <= 400
    assert made.arena_bytes == sum(one.nbytes for one in made.arenas)


def test_a_memory_that_nothing_fits_is_left_out() -> None:
    graph, schedule = chain()
    made = spread(graph, schedule, 8, 2000)
    assert [(one.memory, one.suffix) for one in made.arenas] == [("ram-1", "")]
    assert {buffer.arena for buffer in made.tensors.values()} == {0}


def test_where_the_hottest_first_leaves_no_room_the_largest_choose_first() -> None:
    """Two memories of one size, each just large enough for the large tensor or for all others."""
    make = Builder()
    make.tensor("in", 96)
    make.node("ANY", ["in"], {"hot": 64, "large": 160})
    make.node("ANY", ["hot", "large", "hot"], {"out": 64})
    make.node("ANY", ["hot", "large", "out"], {"end": 32})
    graph = make.graph(["in"], ["end"])
    made = spread(graph, make.schedule, 160, 160)
    assert made.tensors["large"].arena != made.tensors["hot"].arena


@pytest.mark.parametrize("seed", range(12))
def test_random_graphs_over_three_memories(seed: int) -> None:
    """Each plan is proven byte by byte where it is made; here, that arenas keep to their memories."""
    graph, schedule = random_graph(seed, length=10)
    whole = plan(graph, schedule).arena_bytes
    largest = max(tensor.nbytes for tensor in graph.tensors.values())
    sizes = (whole // 3, max(whole // 2, largest, 333), whole)
    made = spread(graph, schedule, *sizes)
    rooms = {f"ram-{number}": size for number, size in enumerate(sizes)}
    assert all(one.nbytes <= rooms[one.memory] for one in made.arenas)
    assert made.lower_bound <= made.arena_bytes


def test_the_checker_refuses_what_is_wrong_with_arenas() -> None:
    graph, schedule = chain()
    memories = [Memory("ram-0", 400), Memory("ram-1", 1100)]
    made = in_memories(graph, schedule, plan(graph, schedule), memories)
    small, large = made.tensors["small"], made.tensors["large"]
    wrong = (
        (replace(made, tensors={**made.tensors, "large": replace(large, arena=0)}), "outside the arena"),
        (replace(made, tensors={**made.tensors, "small": replace(small, arena=2)}), "outside the arena"),
        (
            replace(made, tensors={**made.tensors, "small": replace(large, nbytes=200)}),
            "overwritten|over an input",
        ),
        (replace(made, arena_bytes=made.arena_bytes + 8), "not the whole"),
    )
    for plan_, words in wrong:
        with pytest.raises(PlanError, match=words):
            check(graph, schedule, plan_, memories)
    with pytest.raises(PlanError, match="does not fit its memory"):
        check(graph, schedule, made, [Memory("ram-0", made.arenas[0].nbytes - 1), memories[1]])


def test_a_kernel_in_place_is_no_reason_to_share_across_memories() -> None:
    """The offsets of input and output are alike, but they lie in different memories."""
    make = Builder()
    make.tensor("in", 64)
    make.node("ANY", ["in"], {"wide": 512}, kernel(Overlap(0, 0, 64)))
    make.node("VIEW", ["wide"], {"same": 512})
    make.node("ANY", ["same", "in"], {"out": 64}, kernel(Overlap(0, 0), Overlap(1, 0)))
    graph = make.graph(["in"], ["out"])
    made = spread(graph, make.schedule, 128, 512)
    assert made.tensors["in"].arena == 0
    assert made.inside["same"] == ("wide", 0)


def test_what_fits_nowhere_is_named() -> None:
    graph, schedule = chain()
    with pytest.raises(DoesNotFit) as caught:
        spread(graph, schedule, 400, 600)
    error = caught.value
    assert error.which == "large"
    assert error.found == "1,000 B, while 1,200 B are in use"
    assert error.allowed == "ram-0 400 B, ram-1 600 B"
    make = Builder()
    make.tensor("in", 8)
    make.node("ANY", ["in"], {"out": 8}, kernel(scratch=900))
    with pytest.raises(DoesNotFit) as caught:
        spread(make.graph(["in"], ["out"]), make.schedule, 100, 600)
    assert caught.value.which == "scratch of ANY layer0"
