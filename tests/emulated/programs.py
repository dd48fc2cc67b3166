"""Hand-written programs, so that the emulator's tests need neither a model nor the generator."""

from __future__ import annotations

from tinyml_compress.ir import ARENA_ALIGN, DType, MemoryPlan, Port, Program, ProgramNode

ADD_THEN_SUM = """
#include <stdint.h>
#define NOINLINE __attribute__((noinline))
int demo_invoke(void *arena);
static const int8_t demo_w0_bias[16] = {1, 2, 3, 4, 5, 6, 7, 8, -1, -2, -3, -4, -5, -6, -7, -8};
static NOINLINE void tc_s8_add__c(const int8_t *in, const int8_t *bias, int8_t *out) {
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


def program(source: str = ADD_THEN_SUM, arena_bytes: int = 64, nodes: int = 2) -> Program:
    """A program of int8[16] -> int32 with `nodes` node functions."""
    names = ("ADD", "MEAN", "RESHAPE", "SOFTMAX")
    return Program(
        prefix="demo",
        files={"demo.c": source, "demo.h": ""},
        model_sha256="0" * 64,
        arena_align=ARENA_ALIGN,
        inputs=(Port("in", (16,), DType.INT8, None, 0, 16),),
        outputs=(Port("out", (1,), DType.INT32, None, 32, 4),),
        nodes=tuple(
            ProgramNode(i, names[i], f"layer{i}", f"demo_node_{i}", "tc_s8_add__c", (16,), 16) for i in range(nodes)
        ),
        plan=MemoryPlan(arena_bytes, arena_bytes, {}, {}, {}),
        weight_bytes=16,
        table_bytes=0,
    )
