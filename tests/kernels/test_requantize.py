"""The requantization of cores with other multiplications, bit for bit against 64-bit arithmetic."""

from __future__ import annotations

import ctypes

import pytest

from tinyml_compress.runners import toolchain
from tinyml_compress.support import resources

_SOURCE = r"""
#include "tc_requant.h"

static int32_t high(int32_t a, int32_t b) {
    if (a == INT32_MIN && b == INT32_MIN) {
        return INT32_MAX;
    }
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << 30)) >> 31);
}

static uint64_t state = 88172645463325252u;

static uint32_t next(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)state;
}

/* Any magnitude, either end, and values whose low half is 0, where ties are. */
static int32_t any(void) {
    const uint32_t kind = next() % 32u;
    int32_t value = (int32_t)next() >> (next() % 32u);
    if (kind == 0u) {
        value = INT32_MIN;
    } else if (kind == 1u) {
        value = INT32_MAX;
    } else if (kind < 8u) {
        value &= ~0xffff;
    }
    return value;
}

int wrong(int cases);
int wrong(int cases) {
    int found = 0;
    for (int i = 0; i < cases; i++) {
        const int32_t a = any();
        const int32_t b = any();
        const int32_t multiplier = b & 0x7fffffff;
        const int shift = (int)(next() % 62u) - 31;
        const int32_t shifted = (int32_t)((uint32_t)a << (shift > 0 ? shift : 0));
        const int32_t scaled = tc_rounding_shift_right(high(shifted, multiplier), shift > 0 ? 0 : -shift);
        found += high(a, b) != tc_high_mul(a, b);
        found += scaled != tc_requantize(a, multiplier, shift);
    }
    return found;
}
"""


@pytest.mark.parametrize("core", ["TC_SMALL_CORE", "TC_MIXED_SIGNS"])
def test_parts_equal_the_whole(core: str) -> None:
    csrc = resources.package_folder("tinyml_compress.csrc")
    files = {name: (csrc / name).read_text() for name in ("tc_base.h", "tc_requant.h")} | {
        "main.c": f"#define {core} 1\n{_SOURCE}"
    }
    assert ctypes.CDLL(str(toolchain.library(files))).wrong(3_000_000) == 0
