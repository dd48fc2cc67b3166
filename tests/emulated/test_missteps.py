"""What can go wrong inside a firmware is found, named by address, function and node, and never hangs."""

from __future__ import annotations

from dataclasses import replace

import pytest
import unicorn

from tests.emulated.programs import CORES, INPUT, assembly, board, build, counted, one_node, program
from tinyml_compress.devices import Device
from tinyml_compress.errors import DoesNotFit, EmulationError, ToolchainError
from tinyml_compress.runners.emulated import Machine, build_firmware

WRITE_FLASH = one_node(f"    *(volatile uint32_t *){0x08000010:#x} = 1;\n    (void)arena;")
ENDLESS = one_node(
    "    for (volatile int i = 0; i >= 0; i = i == 100 ? 0 : i + 1) {\n    }\n    (void)arena;"
)
DEEP = one_node(
    "    arena[32] = (uint8_t)deep(arena, 100000);",
    "static NOINLINE int deep(volatile uint8_t *arena, int n) {\n"
    "    volatile uint8_t room[64];\n    room[n & 63] = arena[0];\n"
    "    return n == 0 ? 0 : deep(arena, n - 1) + room[n & 63];\n}\n",
)


def misstep(core: str, source: object) -> str:
    assert not isinstance(source, str)
    with pytest.raises(EmulationError) as caught:
        counted(source, core)  # type: ignore[arg-type]
    return str(caught.value)


def test_write_to_flash() -> None:
    message = misstep("cortex-m4", WRITE_FLASH)
    for words in ("write to flash", "0x08000010", "demo_node_0 + ", "node 0 (ADD layer0)"):
        assert words in message


@pytest.mark.parametrize("core", CORES)
def test_read_of_nothing(core: str) -> None:
    message = misstep(core, one_node("    arena[32] = *(volatile uint8_t *)0xA0001234;"))
    for words in ("read of address 0xa0001234", "demo_node_0 + ", "node 0 (ADD layer0)"):
        assert words in message


def test_jump_into_ram() -> None:
    source = one_node("    ((void (*)(void))((uintptr_t)arena | 1u))();")
    assert "execution of RAM" in misstep("cortex-m4", source)


def test_undefined_instruction() -> None:
    message = misstep("cortex-m4", assembly("udf #1", "bx lr"))
    assert "node 0" in message
    assert "demo_node_0" in message


def test_breakpoint() -> None:
    assert "breakpoint" in misstep("cortex-m3", assembly("bkpt 0xAB", "bx lr"))


@pytest.mark.parametrize("core", CORES)
def test_stack_overflow(core: str) -> None:
    message = misstep(core, DEEP)
    for words in ("stack overflow", "deep + ", "node 0 (ADD layer0)", "stack-bytes"):
        assert words in message


@pytest.mark.parametrize("core", ["cortex-m4", "rv32imc"])
def test_endless_loop(core: str) -> None:
    machine = Machine(build(ENDLESS, core), ENDLESS, limit_instructions=100_000)
    with pytest.raises(EmulationError, match="does not end") as caught:
        machine.counted([INPUT])
    for words in ("after 100,000 instructions", "demo_node_0 + ", "node 0 (ADD layer0)"):
        assert words in str(caught.value)


def test_endless_loop_without_hooks() -> None:
    machine = Machine(build(ENDLESS, "cortex-m4"), ENDLESS, limit_instructions=100_000, seconds=0.5)
    with pytest.raises(EmulationError, match="does not end") as caught:
        machine.run([INPUT])
    assert "node 0" in str(caught.value)  # found by running it again with hooks


def test_write_behind_the_arena() -> None:
    message = misstep("cortex-m4", one_node("    arena[64 + 3] = 1;"))
    assert "belongs to nobody" in message


def test_refused_arena() -> None:
    source = program(
        "#include <stdint.h>\nint demo_invoke(void *arena);\n"
        "__attribute__((noinline, used)) static void demo_node_0(uint8_t *arena) { arena[32] = 1; }\n"
        "int demo_invoke(void *arena) { demo_node_0(arena); return 1; }\n",
        nodes=1,
    )
    assert "refused its arena" in misstep("cortex-m4", source)


def test_node_function_is_gone() -> None:
    source = program(
        "int demo_invoke(void *arena);\nint demo_invoke(void *arena) { return arena == 0; }\n", nodes=1
    )
    with pytest.raises(EmulationError, match="node functions are not in the firmware"):
        counted(source, "cortex-m4")


@pytest.mark.parametrize(
    ("core", "line", "nbytes"),
    [
        ("cortex-m0plus", "ldr r1, [r0, #4]", 4),
        ("cortex-m0plus", "str r1, [r0, #4]", 4),
        ("cortex-m0plus", "ldrh r1, [r0, #2]", 2),
        ("cortex-m0plus", "strh r1, [r0, r2]", 2),
        ("cortex-m0plus", "ldrsh r1, [r0, r2]", 2),
        ("cortex-m0plus", "ldr r1, [r0, r2]", 4),
        ("cortex-m0plus", "ldmia r0!, {r1, r3}", 4),
        ("rv32imc", "lw a1, 4(a0)", 4),
        ("rv32imc", "sw a1, 1(a2)", 4),
        ("rv32imc", "lh a1, -1(a2)", 2),
        ("rv32imc", "lhu a1, -2047(a2)", 2),
        ("rv32imc", "sh a1, 33(a2)", 2),
        ("rv32imc", "c.lw a1, 4(a0)", 4),
        ("rv32imc", "c.sw a1, 4(a0)", 4),
    ],
)
def test_any_unaligned_access_faults(core: str, line: str, nbytes: int) -> None:
    odd = ("movs r2, #0", "adds r0, #17") if core == "cortex-m0plus" else ("mv a2, a0", "addi a0, a0, 17")
    back = "bx lr" if core == "cortex-m0plus" else "ret"
    if "2047" in line:
        odd = (*odd, "addi a2, a2, 1024", "addi a2, a2, 1024")  # the access stays inside the RAM
    message = misstep(core, assembly(*odd, line, back))
    for words in ("unaligned memory access", f"{nbytes} bytes", "demo_node_0", "node 0"):
        assert words in message


@pytest.mark.parametrize(
    ("core", "lines"),
    [
        (
            "cortex-m0plus",
            ("movs r2, #15", "adds r0, #17", "ldrb r1, [r0, #3]", "ldr r1, [r0, r2]", "strb r1, [r0, r2]"),
        ),
        (
            "rv32imc",
            (
                "addi a0, a0, 17",
                "lb a1, 0(a0)",
                "lbu a1, 1(a0)",
                "lw a1, -1(a0)",
                "lh a1, 15(a0)",
                "sb a1, 2(a0)",
            ),
        ),
    ],
)
def test_aligned_accesses_through_odd_registers_are_fine(core: str, lines: tuple[str, ...]) -> None:
    back = "bx lr" if core == "cortex-m0plus" else "ret"
    assert counted(assembly(*lines, back), core).counts is not None


@pytest.mark.parametrize(
    "lines",
    [
        ("ldrd r2, r3, [r0, #4]",),
        ("strd r2, r3, [r0], #8",),
        ("ldm r0!, {r2, r3}",),
        ("stmdb r0!, {r2, r3}",),
        ("vldr s0, [r0, #4]",),
        ("vstmia r0!, {s0-s3}",),
    ],
)
def test_unaligned_pairs_fault_on_m4(lines: tuple[str, ...]) -> None:
    message = misstep("cortex-m4", assembly("add r0, r0, #34", *lines, "bx lr"))
    assert "unaligned memory access" in message
    assert "LDRD" in message


def test_unaligned_exclusive_access_faults_by_itself() -> None:
    message = misstep("cortex-m4", assembly("add r0, r0, #34", "ldrex r2, [r0]", "bx lr"))
    assert "data abort" in message
    assert "demo_node_0 + 0x4" in message


def test_single_unaligned_accesses_are_right_on_m4() -> None:
    lines = (
        "add r0, r0, #34",
        "ldr r1, [r0]",
        "str r1, [r0, #4]",
        "ldrh r1, [r0, #1]",
        "ldrexb r1, [r0]",
        "bx lr",
    )
    assert counted(assembly(*lines), "cortex-m4").counts is not None


def test_does_not_fit_flash() -> None:
    source = program(
        "#include <stdint.h>\nint demo_invoke(void *arena);\n"
        "static const uint8_t demo_w0_weights[70000] = {1};\n"
        "__attribute__((noinline)) static void demo_node_0(uint8_t *arena) {\n"
        "    arena[32] = demo_w0_weights[arena[0] * 250u];\n}\n"
        "int demo_invoke(void *arena) { demo_node_0(arena); return 0; }\n",
        nodes=1,
    )
    with pytest.raises(DoesNotFit, match="of flash too few") as caught:
        build(source, "cortex-m3")
    message = str(caught.value)
    for words in ("bluepill-f103c8", "of 65,536 B flash", "demo_w0_weights 70,000 B", "stack 2,048 B"):
        assert words in message


def test_does_not_fit_ram() -> None:
    source = program(arena_bytes=20_000)
    with pytest.raises(DoesNotFit, match="of RAM too few") as caught:
        build(source, "cortex-m3")
    assert "tc_arena 20,000 B" in str(caught.value)
    assert "of 20,480 B RAM" in str(caught.value)
    assert build(program(arena_bytes=18_000), "cortex-m3").image.flash_bytes > 0


def test_stack_counts_against_ram() -> None:
    device: Device = board("cortex-m3")
    roomy = replace(device, limits=replace(device.limits, stack_bytes=8192))
    with pytest.raises(DoesNotFit):
        build_firmware(program(arena_bytes=18_000), roomy)


def test_a_compiler_error_is_no_lack_of_room() -> None:
    with pytest.raises(ToolchainError) as caught:
        build(program("int demo_invoke(void *arena) { return nothing; }\n"), "cortex-m3")
    assert not isinstance(caught.value, DoesNotFit)
    assert "nothing" in str(caught.value)


def _stopping(times: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lets the emulator return at once, without a word, so many times; the list counts the starts."""
    starts: list[int] = []
    real = unicorn.Uc.emu_start

    def start(self: unicorn.Uc, *words: int, **more: int) -> None:
        starts.append(1)
        if len(starts) > times:
            real(self, *words, **more)

    monkeypatch.setattr(unicorn.Uc, "emu_start", start)
    return starts


@pytest.mark.parametrize("plain", [False, True])
def test_an_emulator_that_stops_early_is_started_again(monkeypatch: pytest.MonkeyPatch, plain: bool) -> None:
    source = one_node("    arena[32] = arena[0];")
    wanted = counted(source, "cortex-m4")
    machine = Machine(build(source, "cortex-m4"), source)
    starts = _stopping(2, monkeypatch)
    found = machine.run([INPUT]) if plain else machine.counted([INPUT])
    assert len(starts) == 3
    assert (found.outputs, found.counts) == (wanted.outputs, wanted.counts)


def test_an_emulator_that_never_gets_to_the_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    source = one_node("    arena[32] = arena[0];")
    starts = _stopping(100, monkeypatch)
    with pytest.raises(EmulationError, match="stopped before the end and gives no reason"):
        Machine(build(source, "cortex-m4"), source).counted([INPUT])
    assert len(starts) == 3
