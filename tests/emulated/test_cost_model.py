"""Hand-written instructions with known counts: what is counted, and what the cores' tables make of it."""

from __future__ import annotations

import pytest

from tests.emulated.programs import all_cores, assembly, board, counted
from tinyml_compress.devices import CostClass, hardware_cycles, table_cycles
from tinyml_compress.runners.emulated import Count

LOOP = ("movs r1, #10", "1: subs r1, #1", "bne 1b", "bx lr")
MEMORY = (
    "ldr r1, [r0]",
    "ldrd r2, r3, [r0]",
    "ldm r0, {r1, r2, r3}",
    "push {r4, r5}",
    "pop {r4, r5}",
    "str r1, [r0]",
    "strd r2, r3, [r0]",
    "bx lr",
)


def node(lines: tuple[str, ...], core: str) -> Count:
    counts = counted(assembly(*lines), core).counts
    assert counts is not None
    return counts.nodes[0]


def cycles(lines: tuple[str, ...], core: str) -> float:
    count = node(lines, core)
    return table_cycles(board(core).core, count.instructions, count.classes)


@pytest.mark.parametrize("core", ["cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33"])
def test_a_loop_onto_itself(core: str) -> None:
    count = node(LOOP, core)
    assert count.instructions == 1 + 10 * 2 + 1
    assert count.classes[CostClass.BRANCH_TAKEN] == 9 + 1


def test_memory_on_m4() -> None:
    count = node(MEMORY, "cortex-m4")
    assert count.instructions == 8
    assert {kind: n for kind, n in count.classes.items() if n} == {
        CostClass.LOAD: 1,
        CostClass.LOAD_PAIR: 1,
        CostClass.LOAD_MULTIPLE_REGISTER: 3 + 2,
        CostClass.STORE: 1,
        CostClass.STORE_PAIR: 1,
        CostClass.STORE_MULTIPLE_REGISTER: 2,
        CostClass.BRANCH_TAKEN: 1,
    }
    # E = instructions + loads + 2 (ldrd, strd) + registers in ldm and stm + 2 taken branches
    assert cycles(MEMORY, "cortex-m4") == 8 + 1 + 2 * 2 + (3 + 2 + 2) + 2 * 1


def test_loop_on_m4_and_m0() -> None:
    assert cycles(LOOP, "cortex-m4") == 22 + 2 * 10
    assert cycles(LOOP, "cortex-m0plus") == 22 + 10


def test_classes_count_each_time() -> None:
    lines = ("movs r1, #10", "1: ldr r2, [r0]", "str r2, [r0]", "subs r1, #1", "bne 1b", "bx lr")
    found = {kind: n for kind, n in node(lines, "cortex-m4").classes.items() if n}
    assert found == {CostClass.LOAD: 10, CostClass.STORE: 10, CostClass.BRANCH_TAKEN: 9 + 1}


def test_m0_manual() -> None:
    lines = (
        "ldr r1, [r0]",
        "str r1, [r0]",
        "ldmia r0!, {r1, r2}",
        "push {r4}",
        "pop {r4}",
        "muls r1, r2",
        "bx lr",
    )
    # LDR 2, STR 2, LDM 1+2, PUSH 1+1, POP 1+1, MULS 1, BX 2
    assert cycles(lines, "cortex-m0plus") == 2 + 2 + 3 + 2 + 2 + 1 + 2


def test_calls_cost_more_on_m0() -> None:
    lines = ("push {lr}", "bl 1f", "pop {pc}", "1: bx lr")
    # PUSH 2, BL 3, BX 2, POP with the program counter 1 + N + 1
    assert cycles(lines, "cortex-m0plus") == 2 + 3 + 2 + 3


def test_skipped_instructions_count() -> None:
    lines = ("cmp r0, #0", "ite eq", "moveq r1, #1", "movne r1, #2", "bx lr")
    count = node(lines, "cortex-m4")
    assert count.instructions == 5
    assert count.classes[CostClass.BRANCH_TAKEN] == 1


def test_a_load_inside_an_it_block_does_not_derail_the_emulator() -> None:
    lines = (
        "mov r2, #0",
        "cmp r0, #0",
        "it ne",
        "ldrbne r1, [r0, #1]",
        "add r2, r1, #1",
        "strb r2, [r0, #32]",
        "bx lr",
    )
    inference = counted(assembly(*lines), "cortex-m4")
    assert inference.outputs[0][0] == 1 + 1
    assert inference.counts is not None
    assert inference.counts.nodes[0].instructions == 7


def test_a_block_across_pages() -> None:
    """Straight code over more than one page of the emulator is cut into blocks, none of which is a jump."""
    count = node((".rept 3000", "nop", ".endr", "bx lr"), "cortex-m4")
    assert count.instructions == 3001
    assert count.classes[CostClass.BRANCH_TAKEN] == 1


def test_multiply_divide_and_float() -> None:
    lines = (
        "mul r1, r0, r0",
        "smull r1, r2, r0, r0",
        "movs r3, #3",
        "udiv r1, r0, r3",
        "smlad r1, r0, r0, r1",
    )
    floats = ("vmov s0, r0", "vadd.f32 s0, s0, s0", "vdiv.f32 s1, s0, s0", "vldr s2, [r0]", "bx lr")
    classes = node((*lines, *floats), "cortex-m4").classes
    assert classes[CostClass.MULTIPLY] == 1
    assert classes[CostClass.MULTIPLY_LONG] == 1
    assert classes[CostClass.DIVIDE] == 1
    assert classes[CostClass.FLOAT] == 2
    assert classes[CostClass.FLOAT_DIVIDE] == 1
    assert classes[CostClass.LOAD] == 1


def test_riscv() -> None:
    lines = (
        "lw a1, 0(a0)",
        "li a2, 3",
        "1: addi a2, a2, -1",
        "bnez a2, 1b",
        "mul a1, a1, a1",
        "div a1, a1, a1",
        "ret",
    )
    count = node(lines, "rv32imc")
    assert count.instructions == 1 + 1 + 3 * 2 + 3
    assert count.classes[CostClass.LOAD] == 1
    assert count.classes[CostClass.DIVIDE] == 1
    assert count.classes[CostClass.BRANCH_TAKEN] == 2 + 1
    assert cycles(lines, "rv32imc") == 11 + 1 + 32 + 2 * 3


def test_calibration_scales_by_operator() -> None:
    core = board("cortex-m4").core
    assert hardware_cycles(core, "CONV_2D", 100, {}) == pytest.approx(110)
    assert hardware_cycles(core, "FULLY_CONNECTED", 100, {CostClass.LOAD: 10}) == pytest.approx(1.27 * 110)


def test_every_core_says_how_far_it_can_be_trusted() -> None:
    for core in all_cores():
        assert len(core.calibration.against) > 30
        assert core.calibration.error >= (0.1 if core.calibration.calibrated else 0.25)


def test_published_programs_on_m4() -> None:
    """Instructions, published milliseconds: the calibration's own data (BASELINES) must lie inside the error
    bar.
    """
    core = board("cortex-m4").core
    table = {"kws": (1.101, ""), "ic": (1.088, ""), "vww": (1.120, ""), "ad": (1.272, "FULLY_CONNECTED")}
    for ratio, op in table.values():
        predicted = hardware_cycles(core, op, 1_000_000, {})
        assert abs(predicted / (ratio * 1_000_000) - 1) < 0.03
