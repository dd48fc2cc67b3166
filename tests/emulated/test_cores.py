"""A small program on every core: right outputs, exact and repeatable counts, ledgers that add up."""

from __future__ import annotations

import pytest

from tests.emulated.programs import CORES, INPUT, board, build, counted, program
from tinyml_compress.errors import DataError
from tinyml_compress.runners.emulated import Machine, emulate

WANTED = (sum(INPUT) + 36 - 37).to_bytes(4, "little", signed=True)


@pytest.mark.parametrize("core", CORES)
def test_outputs_and_counts(core: str) -> None:
    machine = Machine(build(program(), core), program())
    first, again = machine.counted([INPUT]), machine.counted([INPUT])
    assert first.outputs == again.outputs == (WANTED,)
    assert machine.run([INPUT]).outputs == (WANTED,)
    assert first.counts is not None
    assert first.counts == again.counts
    nodes, between = first.counts.nodes, first.counts.between
    assert all(node.instructions >= 4 for node in nodes)  # Helium adds sixteen at once
    assert 4 <= between.instructions <= 20
    assert first.counts.instructions == sum(node.instructions for node in nodes) + between.instructions
    assert 8 <= first.stack_bytes <= 256


@pytest.mark.parametrize("core", CORES)
def test_ledger_adds_up(core: str) -> None:
    image = build(program(), core).image
    ledger = image.ledger("demo")
    assert ledger.total == image.flash_bytes == sum(len(data) for _, data in image.segments)
    assert ledger.weights == 16
    assert ledger.tables == 0
    assert ledger.kernels > 0
    assert ledger.glue > 0
    assert ledger.startup > 0
    assert image.static_bytes == 4  # the status word


def test_results_are_kept_and_equal() -> None:
    vectors = [[INPUT], [bytes(16)]]
    said: list[str] = []
    first = emulate(program(), board("cortex-m4"), vectors)
    again = emulate(program(), board("cortex-m4"), vectors, progress=said.append)
    assert first == again
    assert not [text for text in said if text.startswith("running")]
    assert first.outputs == ((WANTED,), ((-1).to_bytes(4, "little", signed=True),))


def test_wrong_inputs() -> None:
    machine = Machine(build(program(), "cortex-m4"), program())
    with pytest.raises(DataError, match="number of inputs"):
        machine.counted([])
    with pytest.raises(DataError, match="another size"):
        machine.counted([bytes(15)])
    with pytest.raises(DataError, match="nothing to run"):
        emulate(program(), board("cortex-m4"), [])


def test_optimizer_levels_differ_but_agree() -> None:
    small = emulate(program(), board("cortex-m4"), [[INPUT]], optimize="-Os")
    fast = emulate(program(), board("cortex-m4"), [[INPUT]], optimize="-O3")
    assert small.outputs == fast.outputs
    assert small.flash.total < fast.flash.total


def test_inputs_survive_startup_and_the_arena_is_not_cleared() -> None:
    inference = counted(program(arena_bytes=4096), "cortex-m3")
    assert inference.outputs == (WANTED,)
