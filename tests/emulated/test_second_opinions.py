"""Another emulator and another compiler must agree, where they are installed."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from msgspec import structs

from tests.emulated.programs import CORES, HEAD, INPUT, board, one_node, program
from tests.lib.nets import NETS
from tinyml_compress.devices import CostClass, Device
from tinyml_compress.errors import EmulationError, MissingDependency
from tinyml_compress.pipeline.measure.verb import measured
from tinyml_compress.pipeline.measure.work import BenchmarkRequest
from tinyml_compress.runners.emulated import Emulator, build_firmware, emulate, qemu
from tinyml_compress.runners.emulated.qemu import QemuMachine

needs_qemu = pytest.mark.skipif(not qemu.available(), reason="qemu-system-arm is not installed here")
needs_gcc = pytest.mark.skipif(
    shutil.which("arm-none-eabi-gcc") is None, reason="arm-none-eabi-gcc is not installed"
)
ARM = [core for core in CORES if core.startswith("cortex-m")]


@needs_qemu
@pytest.mark.parametrize("core", ["cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55"])
def test_qemu_gives_the_same_bytes_and_counts(core: str) -> None:
    vectors = [[INPUT], [bytes(16)]]
    own = emulate(program(), board(core), vectors)
    other = emulate(program(), board(core), vectors, emulator=Emulator.QEMU)
    assert other.outputs == own.outputs
    for count, opinion in zip(
        (*own.counts.nodes, own.counts.between), (*other.counts.nodes, other.counts.between), strict=True
    ):
        assert opinion.instructions == count.instructions
        # A firmware that is linked elsewhere has its tables elsewhere within words and lines.
        moved = {kind for kind in count.classes if kind in (CostClass.FLASH_WORD, CostClass.FLASH_LINE)}
        for kind, number in count.classes.items():
            assert abs(opinion.classes[kind] - number) <= (kind in moved), kind
    assert own.counts.nodes[0].classes[CostClass.FLASH_LOAD] == 16
    assert own.stack_bytes <= other.stack_bytes <= own.stack_bytes + 32  # the call of the host at the end
    assert other.flash == own.flash
    assert other.emulator.startswith("qemu ")


@pytest.mark.skipif(
    not qemu.available(qemu.program_of(board("esp32-c6").core)),
    reason="qemu-system-riscv32 is not installed here",
)
def test_qemu_agrees_on_risc_v() -> None:
    own, other = (
        measured(NETS["keyword"](), BenchmarkRequest(("esp32-c6",), vectors=2, emulator=emulator)).runs[0]
        for emulator in ("unicorn", "qemu")
    )
    assert own.error is None
    assert other.error is None
    assert other.nodes == own.nodes
    assert other.outputs == own.outputs


@needs_qemu
@pytest.mark.parametrize("core", ["cortex-m3", "cortex-m4", "cortex-m33", "cortex-m55"])
def test_qemu_agrees_on_generated_code(core: str) -> None:
    request = BenchmarkRequest((board(core).name,), vectors=2)
    runs = [
        measured(NETS["residual"](), replace(request, emulator=emulator), "residual").runs[0]
        for emulator in ("unicorn", "qemu")
    ]
    own, other = runs
    assert own.error is None
    assert other.error is None
    for row, opinion in zip(own.nodes or (), other.nodes or (), strict=True):
        # Relinked elsewhere, tables straddle other words of flash, and blocks other pages of the emulator.
        assert opinion.cycles == pytest.approx(row.cycles, rel=0.2, abs=8)
        assert structs.replace(opinion, cycles=0) == structs.replace(row, cycles=0)
    assert sum(row.cycles for row in other.nodes or ()) == pytest.approx(own.cycles, rel=0.05)
    assert other.outputs == own.outputs


@needs_gcc
def test_gcc_agrees_on_generated_code() -> None:
    boards = tuple(board(core).name for core in ARM)
    result = measured(
        NETS["residual"](), BenchmarkRequest(boards, vectors=3, toolchains=("zig", "gcc")), "residual"
    )
    assert len(result.runs) == 2 * len(ARM)
    for run in result.runs:
        assert run.error is None
        assert run.bit_exact is not None
        assert run.bit_exact.mismatches == 0


@needs_qemu
def test_faults_and_loops_under_qemu() -> None:
    for body, words in (
        ("    arena[32] = *(volatile uint8_t *)0xA0001234;", "faulted under QEMU"),
        ('    for (;;) {\n        __asm__ volatile("");\n    }\n    (void)arena;', "does not end"),
    ):
        source, device = one_node(body), board("cortex-m3")
        memory = qemu.map_for(device.core).memory
        firmware = build_firmware(source, device, memory=memory, stop="stop_qemu.c")
        with pytest.raises(EmulationError, match=words):
            QemuMachine(firmware, source, seconds=3).run([INPUT])


def test_without_qemu_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    qemu.version.cache_clear()
    with pytest.raises(MissingDependency, match="QEMU is not installed"):
        emulate(program(), board("corstone-300"), [[INPUT]], emulator=Emulator.QEMU)
    qemu.version.cache_clear()


def test_a_core_that_qemu_does_not_have() -> None:
    with pytest.raises(MissingDependency, match="no machine with this core"):
        qemu.map_for(board("rv32imc").core)


@needs_gcc
@pytest.mark.parametrize("core", ARM)
def test_gcc_gives_the_same_bytes(core: str) -> None:
    own = emulate(program(), board(core), [[INPUT]])
    other = emulate(program(), board(core), [[INPUT]], toolchain="gcc")
    assert other.outputs == own.outputs
    assert "arm-none-eabi-gcc" in other.compiler


def test_gcc_has_no_flags_for_riscv() -> None:
    with pytest.raises(MissingDependency, match="no flags for --toolchain gcc"):
        emulate(program(), board("rv32imc"), [[INPUT]], toolchain="gcc")


_HELIUM = """
#include <arm_mve.h>
static NOINLINE void demo_node_0(uint8_t *arena) {
    const int8_t *in = (const int8_t *)arena;
    int32_t sum = 0;
    for (int left = 13; left > 0; left -= 16, in += 16) {
        const mve_pred16_t tail = vctp8q((uint32_t)left);
        sum = vmladavaq_p_s8(sum, vldrbq_z_s8(in, tail), vldrbq_z_s8(in, tail), tail);
    }
    int32x4_t scaled = vrshlq_n_s32(vqrdmulhq_n_s32(vdupq_n_s32(sum), 1 << 30), -1);
    vstrwq_s32((int32_t *)(void *)(arena + 32), vmaxq_s32(scaled, vdupq_n_s32(-128)));
}
int demo_invoke(void *arena) {
    demo_node_0(arena);
    return 0;
}
"""


def _with_helium() -> Device:
    """The Cortex-M55's board, with the vector unit switched on."""
    device = board("cortex-m55")
    flags = ("--target=thumb-freestanding-eabihf", "-mcpu=cortex_m55+fp_armv8d16+mve_fp")
    return replace(device, core=replace(device.core, compilers={"zig": flags}))


def test_helium_runs_on_a_machine_with_pip_alone() -> None:
    done = emulate(program(HEAD + _HELIUM, nodes=1), _with_helium(), [[INPUT], [bytes(16)]])
    squares = sum(number * number for number in range(13))
    assert done.outputs == ((((squares // 2 + 1) // 2).to_bytes(4, "little"),), (bytes(4),))
    assert done.emulator == "built-in interpreter"


@needs_qemu
def test_helium_counts_as_under_qemu() -> None:
    source = program(HEAD + _HELIUM, nodes=1)
    own, other = (
        emulate(source, _with_helium(), [[INPUT]], emulator=emulator)
        for emulator in (Emulator.UNICORN, Emulator.QEMU)
    )
    assert own.outputs == other.outputs
    assert own.counts.nodes[0].instructions == other.counts.nodes[0].instructions > 10
