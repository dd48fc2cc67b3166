"""Hand-written instructions with known counts, and programs that ran on boards: counts and costs."""

from __future__ import annotations

import random
import re
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import silicon
from tests.emulated.programs import INPUT, all_cores, assembly, board, counted
from tinyml_compress.devices import CostClass, DataCache, hardware_cycles, load_core
from tinyml_compress.pipeline.board.fitting import never_negative
from tinyml_compress.runners.emulated import Count, Machine, build_firmware
from tinyml_compress.runners.emulated.issue import pipeline_count
from tinyml_compress.runners.emulated.loads import LoadAddress, load_at

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


SLOTS = (CostClass.ISSUE_SLOT, CostClass.BEAT_SLOT)
FLASH = (CostClass.FLASH_LOAD, CostClass.FLASH_WORD, CostClass.FLASH_LINE)


def node(lines: tuple[str, ...], core: str) -> Count:
    counts = counted(assembly(*lines), core).counts
    assert counts is not None
    return counts.nodes[0]


def cycles(lines: tuple[str, ...], core: str) -> float:
    count = node(lines, core)
    return board(core).core.costs.cycles(count.instructions, count.classes)


@pytest.mark.parametrize("core", ["cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33"])
def test_a_loop_onto_itself(core: str) -> None:
    count = node(LOOP, core)
    assert count.instructions == 1 + 10 * 2 + 1
    assert count.classes[CostClass.BRANCH_TAKEN] == 9 + 1


def test_memory_on_m4() -> None:
    count = node(MEMORY, "cortex-m4")
    assert count.instructions == 8
    assert {kind: n for kind, n in count.classes.items() if n and kind not in SLOTS} == {
        CostClass.LOAD: 1,
        CostClass.LOAD_RUN: 1,
        CostClass.LOAD_PAIR: 1,
        CostClass.LOAD_MULTIPLE_REGISTER: 3 + 2,
        CostClass.STORE: 1,
        CostClass.STORE_PAIR: 1,
        CostClass.STORE_MULTIPLE_REGISTER: 2,
        CostClass.BRANCH_TAKEN: 1,
    }
    run, register, taken = (
        board("cortex-m4").core.costs.of(kind)
        for kind in (CostClass.LOAD_RUN, CostClass.LOAD_MULTIPLE_REGISTER, CostClass.BRANCH_TAKEN)
    )
    pairs = board("cortex-m4").core.costs.of(CostClass.LOAD_PAIR) * 2
    expected = 8 + run + (3 + 2 + 2) * register + pairs + taken
    assert cycles(MEMORY, "cortex-m4") == pytest.approx(expected)
    assert pairs == pytest.approx(4 * register, rel=0.01)


def test_loop_on_m4_and_m0() -> None:
    for core in ("cortex-m4", "cortex-m0plus"):
        taken = board(core).core.costs.of(CostClass.BRANCH_TAKEN)
        assert taken > 1.5
        assert cycles(LOOP, core) == pytest.approx(22 + 10 * taken)


def test_classes_count_each_time() -> None:
    lines = ("movs r1, #10", "1: ldr r2, [r0]", "str r2, [r0]", "subs r1, #1", "bne 1b", "bx lr")
    classes = node(lines, "cortex-m4").classes
    found = {kind: n for kind, n in classes.items() if n and kind not in SLOTS}
    assert found == {
        CostClass.LOAD: 10,
        CostClass.LOAD_RUN: 10,
        CostClass.STORE: 10,
        CostClass.BRANCH_TAKEN: 9 + 1,
    }


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
    # LDR 2, STR 2, LDM 1+2, PUSH 1+1, POP 1+1, MULS 1, BX 1 + what a taken branch was fitted at
    taken = board("cortex-m0plus").core.costs.of(CostClass.BRANCH_TAKEN)
    assert cycles(lines, "cortex-m0plus") == pytest.approx(2 + 2 + 3 + 2 + 2 + 1 + 1 + taken)


def test_calls_cost_more_on_m0() -> None:
    lines = ("push {lr}", "bl 1f", "pop {pc}", "1: bx lr")
    # PUSH 2, BL 2, BX 1, POP with the program counter 1 + N, and three jumps
    taken = board("cortex-m0plus").core.costs.of(CostClass.BRANCH_TAKEN)
    assert cycles(lines, "cortex-m0plus") == pytest.approx(2 + 2 + 1 + 2 + 3 * taken)


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


def words(*lines: str) -> tuple[bytes, ...]:
    """The code of a straight sequence, one instruction each, without what returns from it."""
    firmware = build_firmware(assembly(*lines, "bx lr"), board("cortex-m4"))
    (part,) = [part for part in firmware.image.parts if part.name == "demo_node_0"]
    for start, data in firmware.image.segments:
        if start <= part.address < start + len(data):
            code = data[part.address - start : part.address - start + part.nbytes]
    found, at = [], 0
    while len(found) < len(lines):
        size = 4 if int.from_bytes(code[at : at + 2], "little") >> 11 >= 0x1D else 2
        found.append(code[at : at + size])
        at += size
    return tuple(found)


@pytest.mark.parametrize(
    ("lines", "runs", "slots"),
    [
        ("ldr r0,[r4]; ldr r1,[r5]; ldr r2,[r6]", 1, 2),
        ("ldr r0,[r4]; ldr r1,[r0]; ldr r2,[r6]", 2, 2),
        ("ldr r0,[r4]; ldr r1,[r5]; ldr r2,[r0]", 1, 2),
        ("ldr r0,[r4]; smlad r8,r1,r2,r8; ldr r1,[r5]; smlad r9,r1,r2,r9", 2, 3),
        ("ldrd r0,r1,[r4]; ldr r2,[r5]; ldr r3,[r6]; ldm r7,{r8-r10}", 1, 3),
        ("sxtb16 r0,r4; sxtb16 r1,r4,ror #8; smlad r8,r0,r2,r8; smlad r9,r1,r2,r9", 0, 3),
        ("adds r0,r1; adds r2,r3", 0, 1),
        ("add.w r0,r1,r2; add.w r3,r0,r2", 0, 2),
        ("mul r0,r1,r2; mul r3,r4,r5", 0, 2),
        ("udiv r0,r1,r2; mov r3,r4", 0, 6),
        ("vmla.f32 s0,s1,s2; vmla.f32 s0,s1,s2", 0, 4),
        ("vadd.f32 s0,s1,s2; vadd.f32 s0,s0,s2", 0, 3),
        ("vdiv.f32 s0,s1,s2; mov r0,r1", 0, 14),
        ("ldm r7,{r0-r6}; mov r8,r9", 0, 5),
        ("ldr r0,[r4]; str r0,[r5]; ldr r1,[r6]", 2, 2),
    ],
)
def test_runs_of_loads_and_issue_slots(lines: str, runs: int, slots: int) -> None:
    found = pipeline_count(words(*lines.split("; ")))
    assert (found.load_runs, found.issue_slots) == (runs, slots)


def test_a_run_of_loads_ends_with_the_block() -> None:
    loads = ("ldr r1, [r0]", "ldr r2, [r0, #4]", "b 1f", "1: ldr r1, [r0]", "ldr r2, [r0, #4]", "bx lr")
    count = node(loads, "cortex-m4")
    assert count.classes[CostClass.LOAD_RUN] == 2
    assert count.classes[CostClass.LOAD] == 4


def with_table(*lines: str) -> tuple[str, ...]:
    """A node of these instructions, in which r1 is the address of a table in flash on a line of its own."""
    return ("push {r4, r5}", "adr r1, 9f", *lines, "pop {r4, r5}", "bx lr", ".balign 32", "9: .space 288")


def reads(lines: str, core: str) -> tuple[int, ...]:
    """Registers, 8-byte words and lines that are read from flash."""
    count = node(with_table(*lines.split("; ")), core)
    return tuple(count.classes[kind] for kind in FLASH)


@pytest.mark.parametrize("core", ["cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m33"])
@pytest.mark.parametrize(
    ("lines", "registers", "eights", "lines_read"),
    [
        ("ldr r2, [r1]; ldr r3, [r1, #4]", 2, 1, 1),
        ("ldr r2, [r1]; ldr r3, [r1, #8]; ldr r2, [r1]", 3, 3, 1),
        ("ldrb r2, [r1, #31]; ldr r3, [r1, #32]", 2, 2, 2),
        ("ldr r2, [r1]; ldr r3, [r0]; ldr r4, [r1, #4]", 2, 1, 1),
        ("ldr r2, [r0]; ldr r3, [r0, #4]", 0, 0, 0),
        ("ldrh r2, [r1]; ldrb r3, [r1, #5]", 2, 1, 1),
    ],
)
def test_reads_of_flash(core: str, lines: str, registers: int, eights: int, lines_read: int) -> None:
    assert reads(lines, core) == (registers, eights, lines_read)


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("add r2, r1, #4; ldm r2, {r3, r4, r5}", (3, 2, 1)),
        ("ldrd r2, r3, [r1, #28]", (2, 2, 2)),
        ("ldrd r2, r3, [r1], #8", (2, 1, 1)),
        ("mov r2, #6; ldr r3, [r1, r2, lsl #2]; ldr r4, [r1, #24]", (2, 1, 1)),
        ("mov r2, r1; ldr r3, [r2, #8]!; ldr r4, [r2], #4; ldr r5, [r2]", (3, 1, 1)),
        ("add r2, r1, #16; ldmdb r2, {r3, r4}", (2, 1, 1)),
        ("vldr s0, [r1, #32]; ldrsb r2, [r1, #32]", (2, 1, 1)),
    ],
)
def test_reads_of_flash_by_longer_instructions(lines: str, found: tuple[int, ...]) -> None:
    assert reads(lines, "cortex-m4") == found


def test_lines_that_the_data_cache_keeps_are_read_once() -> None:
    """Nine lines in turn, three times: too many for a buffer of eight, few for a cache."""
    source = assembly(*with_table(*(f"ldr r2, [r1, #{32 * (number % 9)}]" for number in range(27))))
    device = board("cortex-m7")
    for cache, lines in ((None, 27), (DataCache(4096, 4, (), "a test"), 9)):
        firmware = build_firmware(source, replace(device, cache=cache))
        counts = Machine(firmware, source).counted([INPUT]).counts
        assert counts is not None
        assert counts.nodes[0].classes[CostClass.FLASH_LINE] == lines


def test_addresses_of_loads_agree_with_the_disassembler() -> None:
    """Every short instruction, and long ones of all loading kinds: which of them load, and how much."""
    capstone = pytest.importorskip("capstone")
    arm = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
    arm.detail = True
    chosen = [(half, 0) for half in range(0xE800)]
    draw = random.Random(3)
    tops = [0xE850, 0xE890, 0xE8B0, 0xE8D0, 0xE910, 0xE950, 0xE970, 0xE9D0, 0xF810, 0xF830, 0xF850, 0xF890]
    tops += [0xF8B0, 0xF8D0, 0xF910, 0xF930, 0xF990, 0xF9B0, 0xED10, 0xED90, 0xEC90, 0xECB0, 0xED30]
    chosen += [(top | draw.randrange(16), draw.randrange(1 << 16)) for top in tops for _ in range(400)]
    checked = 0
    for first, second in chosen:
        code = first.to_bytes(2, "little") + (second.to_bytes(2, "little") if first >= 0xE800 else b"")
        found = next(arm.disasm(code, 0x1000), None)
        if found is None or found.size != len(code) or found.op_str.startswith("pc"):
            continue
        if found.mnemonic.endswith(".16") or found.mnemonic.startswith("fldm"):  # on no core here
            continue
        if found.mnemonic.startswith("ldc") and second >> 9 & 7 == 7:  # Helium, which it does not know
            continue
        name = found.mnemonic.split(".")[0]
        is_load = re.match(r"v?ldr|v?ldm|v?pop|lda|tb[bh]", name) is not None
        load = load_at(0x1000, first, second)
        assert (load is not None) == is_load, f"{found.mnemonic} {found.op_str}"
        if load is None:
            continue
        checked += 1
        memory = [operand.mem for operand in found.operands if operand.type == capstone.arm.ARM_OP_MEM]
        if memory and not name.startswith(("ldm", "tb", "ldrex", "lda")) and not found.post_index:
            (place,) = memory
            if place.base == capstone.arm.ARM_REG_PC:
                assert load.offset == (0x1004 + place.disp) & 0xFFFFFFFF
            elif not place.index:
                assert load.offset == place.disp, f"{found.mnemonic} {found.op_str}"
            else:
                assert load.shift == found.operands[-1].shift.value
    assert checked > 8000


def test_addresses_relative_to_the_program_counter() -> None:
    assert load_at(0x1002, 0x4801, 0) == LoadAddress(None, offset=0x1004 + 4)
    assert load_at(0x1000, 0xE8DF, 0xF003) == LoadAddress(None, 3, 0, 0x1004)


def test_where_helium_loads() -> None:
    """VLDRB.U8 before and after the base moves, VLDRB.S32, a store, a gathering load."""
    assert load_at(0x1000, 0xEDB1, 0x1E10) == LoadAddress(1, offset=16, registers=4)
    assert load_at(0x1000, 0xECB1, 0x1E10) == LoadAddress(1, registers=4)
    assert load_at(0x1000, 0xED16, 0x0F04) == LoadAddress(6, offset=-4, registers=1)
    assert load_at(0x1000, 0xEDA1, 0x1E10) is None
    assert load_at(0x1000, 0xFC91, 0x0E0C) is None


def test_calibration_scales_by_operator() -> None:
    device = board("cortex-m4")
    calibration = replace(device.core.calibration, scale=1.1, by_operator={"FULLY_CONNECTED": 1.27})
    scaled = replace(device, core=replace(device.core, calibration=calibration))
    classes = {CostClass.LOAD_RUN: 10}
    table = device.core.costs.cycles(100, classes)
    assert table > 110
    assert hardware_cycles(scaled, "CONV_2D", 100, classes) == pytest.approx(1.1 * table)
    assert hardware_cycles(scaled, "FULLY_CONNECTED", 100, classes) == pytest.approx(1.27 * table)


def test_a_board_has_its_own_price_of_flash() -> None:
    device = board("cortex-m4")
    dear = replace(device, flash=(replace(device.flash[0], price=7.0),))
    kind = CostClass.FLASH_WORD
    assert dear.costs.cycles(0, {kind: 10}) == pytest.approx(70)
    assert device.costs.cycles(0, {kind: 10}) == pytest.approx(10 * device.core.costs.of(kind))


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("cortex-m4", {CostClass.FLASH_WORD: 1}),
        ("cortex-m7", {CostClass.FLASH_LINE: 0.25}),
        ("cortex-m0plus", {CostClass.FLASH_WORD: 1, CostClass.FLASH_LOAD: 2}),
        ("rv32imc", {}),
    ],
)
def test_every_memory_has_a_price(name: str, kinds: dict[CostClass, float]) -> None:
    device = board(name)
    expected = sum(device.core.costs.of(kind) * times for kind, times in kinds.items())
    assert (expected > 0) == bool(kinds)
    assert device.word_price(device.flash[0]) == pytest.approx(expected)
    assert [device.word_price(region) for region in device.ram] == [0.0] * len(device.ram)
    slow = replace(device.ram[0], price=3.0)
    assert replace(device, ram=(slow,)).word_price(slow) == 3.0


def test_every_core_says_how_far_it_can_be_trusted() -> None:
    for core in all_cores():
        assert len(core.calibration.against) > 30
        assert core.calibration.error >= (0.1 if core.calibration.calibrated else 0.25)


# --- programs that ran on boards

FACTS = silicon.read()


@pytest.mark.parametrize("model", silicon.MODELS, ids=lambda model: model.core)
def test_costs_and_bars_of_a_core_are_those_of_its_programs(model: silicon.Model) -> None:
    """What benchmarks/silicon.py makes of targets/silicon.json now is what the core file says."""
    fitted = silicon.fit(model, FACTS)
    path = silicon.TARGETS / "cores" / f"{model.core}.toml"
    text = path.read_text(encoding="utf-8")
    assert silicon.core_text(text, fitted) == text, "run benchmarks/silicon.py"
    assert silicon.narrow(fitted, FACTS) == []


def by_file(program: silicon.Program) -> float:
    """What the core's file makes of a program, as a part of the published cycles."""
    kinds = {kind.value: kind for kind in CostClass}
    classes = {kinds[name]: count for name, count in program.counts.items() if name in kinds}
    return load_core(program.core).costs.cycles(program.counts["instructions"], classes) / program.cycles


def test_programs_of_the_fitted_chips_stay_within_their_cores_bar() -> None:
    fitted = [program for program in FACTS if program.is_fitted]
    assert len(fitted) == 19 + 24 + 25 + 8 + 11
    for program in fitted:
        assert abs(by_file(program) - 1) <= load_core(program.core).calibration.error, program.name


def test_programs_of_a_vendor_that_is_in_no_fit() -> None:
    """microTVM with CMSIS-NN, on a chip of the fit and on one that is not."""
    rebuilt = [program for program in FACTS if program.is_rebuilt]
    errors = {program.net: 100 * by_file(program) - 100 for program in rebuilt if program.chip == "STM32L4R5"}
    assert errors == pytest.approx({"kws": 4.1, "vww": 2.6, "ad": -3.1}, abs=0.15)
    for program in rebuilt:
        calibration = load_core(program.core).calibration
        bar = calibration.error if program.chip in calibration.chips else calibration.elsewhere
        assert bar is not None
        assert abs(by_file(program) - 1) <= bar, program.name


def test_a_board_whose_flash_was_in_no_fit() -> None:
    """PSoC 62: its integer programs stay within the bar for boards elsewhere; floats are listed."""
    there = [program for program in FACTS if program.chip == "PSoC 62" and not program.is_float]
    assert len(there) == 5
    errors = [abs(by_file(program) - 1) for program in there]
    assert 0.10 < max(errors) <= 0.17


def test_costs_are_never_negative_and_the_best_that_are_not() -> None:
    left = np.array([[1.0, 1.0], [1.0, -1.0], [2.0, 1.0]])
    assert never_negative(left, left @ np.array([2.0, 3.0])) == pytest.approx((2, 3))
    one, two = never_negative(left, left @ np.array([2.0, -1.0]))
    assert two == 0
    assert one == pytest.approx(float(left[:, 0] @ (left @ [2.0, -1.0]) / (left[:, 0] @ left[:, 0])))
