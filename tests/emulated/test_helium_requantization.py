"""Requantization of four lanes gives what that of one gives, at every tie and every end: with Helium and
with its intrinsics in C on this host.
"""

from __future__ import annotations

import ctypes
from dataclasses import replace

from tests.emulated.programs import HEAD, INPUT, board, program
from tinyml_compress.runners import toolchain
from tinyml_compress.runners.emulated import emulate
from tinyml_compress.support.resources import package_folder

_CHECK = """
#include "tc_mve.h"
/* How many of the lanes differ. */
static uint32_t wrong(int32_t x, int32_t multiplier, int shift) {
    int32_t in[4], one[4], two[4];
    uint32_t found = 0;
    for (int i = 0; i < 4; i++) {
        in[i] = (int32_t)((uint32_t)x + (uint32_t)i - 2u);
    }
    const int32x4_t lanes = vldrwq_s32(in);
    vstrwq_s32(one, tc_requantize_lanes(lanes, multiplier, shift));
    vstrwq_s32(two, tc_requantize_channels(lanes, vdupq_n_s32(multiplier), vdupq_n_s32(shift > 0 ? shift : 0),
                                           vdupq_n_s32(shift > 0 ? 0 : shift)));
    for (int i = 0; i < 4; i++) {
        const int32_t wanted = tc_requantize(in[i], multiplier, shift);
        found += one[i] != wanted;
        found += two[i] != wanted;
    }
    return found;
}
uint32_t check(int32_t reach);
uint32_t check(int32_t reach) {
    static const int32_t multipliers[6] = {1 << 30, 0x7fffffff, (1 << 30) + 1, 0x5a827999, 3, 0};
    uint32_t found = 0, seed = 1;
    for (int shift = -31; shift <= 30; shift++) {
        for (int m = 0; m < 6; m++) {
            for (int32_t k = -reach; k < reach; k++) {
                /* Beside multiples and ties: of the product too, which the first multiplier halves. */
                const uint32_t half = shift < 0 ? (uint32_t)1 << (-shift - 1) : 1u;
                found += wrong((int32_t)((uint32_t)k * half * 2u), multipliers[m], shift);
                seed = seed * 1664525u + 1013904223u;
                found += wrong((int32_t)seed, (int32_t)(seed >> 1 ^ 0x40000000u) & 0x7fffffff, shift);
            }
            found += wrong(INT32_MIN, multipliers[m], shift) + wrong(INT32_MAX, multipliers[m], shift);
        }
    }
    return found;
}
"""
_NODE = """
static NOINLINE void demo_node_0(uint8_t *arena) {
    *(uint32_t *)(void *)(arena + 32) = check(8);
}
int demo_invoke(void *arena) {
    demo_node_0(arena);
    return 0;
}
"""


def _headers() -> dict[str, str]:
    folder = package_folder("tinyml_compress.csrc")
    return {
        name: (folder / name).read_text()
        for name in ("tc_mve.h", "tc_mve_host.h", "tc_mve_lanes.h", "tc_requant.h", "tc_base.h")
    }


def test_lanes_are_requantized_as_one_with_helium() -> None:
    device = board("cortex-m55")
    flags = (
        "--target=thumb-freestanding-eabihf",
        "-mcpu=cortex_m55+fp_armv8d16+mve_fp",
        "-Wno-unused-function",
    )
    helium = replace(device, core=replace(device.core, compilers={"zig": flags}))
    plain = program(HEAD + _CHECK + _NODE, nodes=1)
    source = replace(plain, files={**plain.files, **_headers()})
    done = emulate(source, helium, [[INPUT]])
    assert done.outputs == ((bytes(4),),)
    assert done.counts.nodes[0].instructions > 100_000


def test_lanes_are_requantized_as_one_on_this_host() -> None:
    text = "#include <stdint.h>\n" + _CHECK
    check = ctypes.CDLL(str(toolchain.library({"check.c": text, **_headers()}))).check
    assert check(2000) == 0
