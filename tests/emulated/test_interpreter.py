"""The interpreter of Armv8.1-M against QEMU: instructions from random states, and loops of them."""

from __future__ import annotations

import json
import random

import pytest

from tests.emulated.programs import INPUT, assembly, board, build, counted, one_node
from tests.lib.interpreted import RECORD, batches, kernels, recorded, texts
from tests.lib.random_states import Pieces, shown
from tinyml_compress.devices import MemoryMap
from tinyml_compress.errors import EmulationError
from tinyml_compress.runners.emulated import Machine, qemu
from tinyml_compress.runners.emulated.interpreter import CoreInterpreter

needs_qemu = pytest.mark.skipif(not qemu.available(), reason="qemu-system-arm is not installed here")


def test_every_instruction_leaves_what_it_leaves_in_qemu() -> None:
    wanted = json.loads(RECORD.read_text())
    found = recorded(Pieces.interpreted)
    assert found.keys() == wanted.keys(), "the instructions changed: python -m tests.lib.interpreted"
    assert [name for name in wanted if found[name] != wanted[name]] == []


def _differences(count: int, seed: int) -> list[str]:
    texts_of = [*batches(texts(count, seed)), *batches(kernels(100 * count, seed))]
    found = []
    for batch in texts_of:
        for state in range(4):
            own, other = batch.pieces.interpreted(state), batch.pieces.under_qemu(state)
            for number in batch.pieces.differing(own, other):
                place = slice(number * 50, number * 50 + 50)
                found.append(f"{batch.pieces.texts[number]}\n{shown(own[place])}\n{shown(other[place])}")
    return found


@pytest.mark.full
@needs_qemu
@pytest.mark.parametrize("seed", range(2))
def test_thousands_of_states_agree_with_qemu(seed: int) -> None:
    assert _differences(10, seed + 10) == []


def test_an_unknown_instruction_is_named() -> None:
    with pytest.raises(EmulationError, match=r"instruction not known: ldrex r2, \[r1\]"):
        counted(assembly("ldrex r2, [r1]", "bx lr"), "cortex-m55")


def test_another_rounding_is_refused() -> None:
    with pytest.raises(EmulationError, match="a mode of the floating-point unit"):
        counted(assembly("mov.w r0, #0x400000", ".inst.w 0xeee10a10", "bx lr"), "cortex-m55")


def test_an_element_at_an_odd_address_faults() -> None:
    with pytest.raises(EmulationError, match="unaligned access to address 0x2000"):
        counted(assembly("adds r0, #1", ".inst.w 0xed901e80", "bx lr"), "cortex-m55")


def test_loops_count_as_in_qemu() -> None:
    loop = assembly("mov r12, lr", "movs r3, #5", "dls lr, r3", "1:", "adds r2, #1", "le lr, 1b", "bx r12")
    run = counted(loop, "cortex-m55")
    assert run.counts is not None
    assert run.counts.nodes[0].instructions == 3 + 5 * 2 + 1


def test_a_run_without_counts_gives_the_same_bytes() -> None:
    source = one_node("    arena[32] = arena[0];")
    machine = Machine(build(source, "cortex-m55"), source)
    assert machine.run([INPUT]).outputs == machine.counted([INPUT]).outputs
    assert board("cortex-m55").core.interpreter


def test_random_code_ends_or_is_a_misstep() -> None:
    """Whatever the bits say: no register that there is not, no memory outside."""
    chosen = random.Random(5)
    memory, start = MemoryMap(0, 0x1000, 0x20000000, 0x1000), 0x100
    ends = set()
    for _ in range(3000):
        top = chosen.randrange(0xE8, 0x100) << 8 | chosen.randrange(256)
        code = top.to_bytes(2, "little") + chosen.randbytes(2) + b"\xfe\xe7"
        core = CoreInterpreter(memory, [(start, code)], range(start, start + len(code)))
        core.set_stack(memory.ram_address + chosen.randrange(0, 0x1000, 4))
        core.run(start, start + 4, 0.05)
        ends.add(core.misstep.what.partition(":")[0] if core.misstep else "none")
    assert ends >= {"none", "instruction not known", "jump to", "read of"}
