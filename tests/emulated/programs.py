"""Hand-written programs, so that the emulator's tests need neither a model nor the generator."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from tinyml_compress.devices import Core, Device, Linux, list_devices, load_device
from tinyml_compress.ir import ARENA_ALIGN, DType, MemoryPlan, Port, Program, ProgramNode
from tinyml_compress.runners.emulated import Firmware, Inference, Machine, build_firmware

CORES = {
    "cortex-m0plus": "raspberry-pi-pico",
    "cortex-m3": "bluepill-f103c8",
    "cortex-m4": "nucleo-l4r5zi",
    "cortex-m7": "nucleo-f767zi",
    "cortex-m33": "nucleo-u575zi",
    "cortex-m55": "corstone-300",
    "cortex-m85": "ek-ra8d1",
    "rv32imc": "esp32-c3",
    "cortex-a8": "beaglebone",
    "cortex-a53": "raspberry-pi-zero-2w",
    "cortex-a55": "imx93",
    "cortex-a72": "raspberry-pi-4b",
    "cortex-a76": "raspberry-pi-5",
}
"""One board for each core that the built-in emulator has."""

INPUT = bytes(range(16))
_OPS = ("ADD", "MEAN", "RESHAPE", "SOFTMAX")
HEAD = """
#include <stdint.h>
#define NOINLINE __attribute__((noinline))
int demo_invoke(void *arena);
"""

ADD_THEN_SUM = (
    HEAD
    + """
static const int8_t demo_w0_bias[16] = {1, 2, 3, 4, 5, 6, 7, 8, -1, -2, -3, -4, -5, -6, -7, -9};
static NOINLINE void tc_s8_add__c(const int8_t *in, const int8_t *volatile bias, int8_t *out) {
    for (int i = 0; i < 16; i++) {
        out[i] = (int8_t)(in[i] + bias[i]);
    }
}
static NOINLINE void demo_node_0(uint8_t *arena) {
    tc_s8_add__c((int8_t *)arena, demo_w0_bias, (int8_t *)arena + 16);
}
static NOINLINE void demo_node_1(uint8_t *arena) {
    int32_t sum = 0;
    for (int i = 0; i < 16; i++) {
        sum += (int8_t)arena[16 + i];
    }
    *(int32_t *)(void *)(arena + 32) = sum;
}
int demo_invoke(void *arena) {
    demo_node_0(arena);
    demo_node_1(arena);
    return 0;
}
"""
)


def program(source: str = ADD_THEN_SUM, arena_bytes: int = 64, nodes: int = 2) -> Program:
    """A program of int8[16] -> int32 with `nodes` node functions."""
    return Program(
        prefix="demo",
        files={"demo.c": source, "demo.h": ""},
        model_sha256="0" * 64,
        arena_align=ARENA_ALIGN,
        inputs=(Port("in", (16,), DType.INT8, None, 0, 16),),
        outputs=(Port("out", (1,), DType.INT32, None, 32, 4),),
        nodes=tuple(
            ProgramNode(i, _OPS[i], f"layer{i}", f"demo_node_{i}", "tc_s8_add__c", (16,), 16)
            for i in range(nodes)
        ),
        plan=MemoryPlan(arena_bytes, arena_bytes, {}, {}, {}),
        weight_bytes=16,
        table_bytes=0,
    )


def one_node(body: str, declarations: str = "") -> Program:
    """A program whose only node has this C body; `arena` is its argument."""
    return program(
        f"{HEAD}{declarations}\nstatic NOINLINE void demo_node_0(uint8_t *arena) {{\n{body}\n}}\n"
        "int demo_invoke(void *arena) {\n    demo_node_0(arena);\n    return 0;\n}\n",
        nodes=1,
    )


def assembly(*lines: str) -> Program:
    """A program whose only node is exactly these instructions; they must return."""
    text = "\\n\\t".join(lines)
    node = "__attribute__((naked, noinline, used)) void demo_node_0(uint8_t *arena)"
    return program(
        f'{HEAD}{node};\n{node} {{\n    __asm__ volatile("{text}");\n}}\n'
        "int demo_invoke(void *arena) {\n    demo_node_0(arena);\n    return 0;\n}\n",
        nodes=1,
    )


@lru_cache(maxsize=32)
def board(core: str) -> Device:
    """A board with that core, or the board of that name."""
    device = load_device(CORES.get(core, core))
    if isinstance(device, Linux):
        return device.process
    assert isinstance(device, Device)
    return device


def all_cores() -> Sequence[Core]:
    """Every shipped core, once."""
    devices = (one.process if isinstance(one, Linux) else one for one in list_devices())
    return tuple({one.core.name: one.core for one in devices if isinstance(one, Device)}.values())


def build(source: Program, core: str) -> Firmware:
    """The firmware of a program for a core."""
    return build_firmware(source, board(core))


def counted(source: Program, core: str) -> Inference:
    """One counted run of a program on a core."""
    return Machine(build(source, core), source).counted([INPUT])
