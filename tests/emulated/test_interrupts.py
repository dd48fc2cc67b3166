"""Start-up of a core with Helium, and interrupts in the middle of its loops: QEMU delivers them."""

from __future__ import annotations

import pytest

from tests.emulated.programs import HEAD, INPUT, board, counted, one_node, program
from tinyml_compress.runners.emulated import build_firmware, qemu
from tinyml_compress.runners.emulated.beats import loop_start
from tinyml_compress.runners.emulated.qemu import QemuMachine, map_for

_CONTROL = """
    arena[32] = (uint8_t)(*(volatile uint32_t *)0xE000ED88u >> 20 & 15u);
    arena[33] = (uint8_t)(*(volatile uint32_t *)0xE000ED14u >> 19 & 1u);
"""
_TICKING = """
#include <arm_mve.h>
static int8_t a[4096], b[4096];
static volatile int32_t taken, length = 61;
static void (*table[16])(void) __attribute__((aligned(128)));

/* Other lanes, another size of elements, a loop of its own. */
static NOINLINE void tick(void) {
    int16_t local[64];
    for (int n = length; n > 0; n -= 8) {
        vstrhq_p_s16(&local[length - n], vdupq_n_s16((int16_t)n), vctp16q((uint32_t)n));
    }
    taken += local[taken & 7] ? 1 : 2;
}

static NOINLINE int32_t sum(const int8_t *x, const int8_t *y, int count) {
    int32_t total = 0;
    __asm__ volatile("" ::: "memory");
    for (; count > 0; count -= 16, x += 16, y += 16) {
        const mve_pred16_t p = vctp8q((uint32_t)count);
        total = vmladavaq_p_s8(total, vldrbq_z_s8(x, p), vldrbq_z_s8(y, p), p);
    }
    return total;
}

static NOINLINE void demo_node_0(uint8_t *arena) {
    for (int i = 0; i < 4096; i++) {
        a[i] = (int8_t)(i * 37 + arena[0]);
        b[i] = (int8_t)(i * 11 + 3);
    }
    const int32_t undisturbed = sum(a, b, 4091);
    int32_t wrong = 0;
    for (int i = 0; i < 16; i++) {
        table[i] = tick;
    }
    *(volatile uint32_t *)0xE000ED08u = (uint32_t)table;
    *(volatile uint32_t *)0xE000E014u = 997;
    *(volatile uint32_t *)0xE000E018u = 0;
    *(volatile uint32_t *)0xE000E010u = 7;
    for (int i = 0; i < 2000; i++) {
        wrong += sum(a, b, 4091) != undisturbed;
    }
    *(volatile uint32_t *)0xE000E010u = 0;
    *(int32_t *)(void *)(arena + 32) = wrong ? -wrong : taken;
}

int demo_invoke(void *arena) {
    demo_node_0(arena);
    return 0;
}
"""


def test_start_up_switches_on_floats_vectors_and_loops() -> None:
    """Without the last a loop ends by a jump in every round."""
    out = counted(one_node(_CONTROL), "cortex-m55").outputs[0]
    assert (out[0], out[1]) == (15, 1)
    assert counted(one_node(_CONTROL), "cortex-m33").outputs[0][1] == 0


@pytest.mark.skipif(not qemu.available(), reason="qemu-system-arm is not installed here")
def test_interrupts_leave_predicated_loops_whole() -> None:
    """A handler with such a loop of its own, hundreds of times inside one: the core keeps predicate,
    sizes of elements and lanes as its floating-point state.
    """
    device = board("cortex-m55")
    source = program(HEAD + _TICKING, nodes=1)
    firmware = build_firmware(source, device, memory=map_for(device.core).memory, stop="stop_qemu.c")
    segments = [data for _, data in firmware.image.segments]
    words = [data[at : at + 4] for data in segments for at in range(0, len(data), 2)]
    assert sum(loop_start(word, 0) is not None for word in words if word[:2] == b"\x1f\xf0") == 2
    (out,) = QemuMachine(firmware, source).run([INPUT]).outputs
    assert int.from_bytes(out, "little", signed=True) > 200
