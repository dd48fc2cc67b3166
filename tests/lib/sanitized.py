"""Generated C under AddressSanitizer and UndefinedBehaviorSanitizer: a program that runs models on hostile
bytes.

Arenas are heap blocks of exactly the size asked for, so a byte written outside is found; outputs are compared
with those of a build without sanitizers and at another optimization, which a read of anything undefined would
change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tests.lib.host_gcc import host_gcc
from tinyml_compress.ir import DType, Port, Program
from tinyml_compress.runners import toolchain
from tinyml_compress.support import proc

SANITIZED = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-ffp-contract=off")
PLAIN = ("-O3", "-ffp-contract=off")
_ROUNDS = 6

_MAIN = """#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
{includes}
static uint32_t state;

static uint8_t next_byte(int round) {{
    state = state * 1664525u + 1013904223u;
    return round == 0 ? 0x80u : (round == 1 ? 0x7fu : (round == 2 ? 0xffu : (uint8_t)(state >> 24)));
}}

static void give(void *to, long bytes, int round, int kind) {{
    uint8_t *at = (uint8_t *)to;
    for (long i = 0; i < bytes; ++i) {{
        at[i] = kind == 1 ? (uint8_t)(next_byte(round) & 1u) : next_byte(round);
    }}
    for (long i = 0; kind == 2 && i + 3 < bytes; i += 4) {{
        const float value = (float)((int)(next_byte(round) << 8 | next_byte(round)) - 30000) / 64.0f;
        memcpy(at + i, &value, 4);
    }}
}}

static void show(const char *name, const void *from, long bytes) {{
    uint32_t hash = 2166136261u;
    for (long i = 0; i < bytes; ++i) {{
        hash = (hash ^ ((const uint8_t *)from)[i]) * 16777619u;
    }}
    printf("%s %08x\\n", name, (unsigned)hash);
}}

typedef struct {{
    const long *given, *taken;
    int round, left;
    uint32_t hash;
}} row_calls;

/* Rows of bytes as above, until one fails. */
static int pull(void *context, int input, int first, int count, void *target) {{
    row_calls *const calls = (row_calls *)context;
    if (calls->left >= 0 && (calls->left -= count) < 0) return 7;
    give(target, calls->given[input] * count, calls->round, 0);
    return first < 0;
}}

static int push(void *context, int output, int first, int count, const void *source) {{
    row_calls *const calls = (row_calls *)context;
    for (long i = 0; i < calls->taken[output] * count; ++i) {{
        calls->hash = (calls->hash ^ ((const uint8_t *)source)[i]) * 16777619u;
    }}
    return first < 0;
}}

int main(void) {{
    (void)pull, (void)push;
{calls}
    return 0;
}}
"""


def _kind(port: Port) -> int:
    return 1 if port.dtype is DType.BOOL else (2 if port.dtype.is_float else 0)


def _calls(program: Program) -> str:
    name, upper = program.prefix, program.prefix.upper()
    start, stop, given = [], [], "arena"
    if program.state_bytes:  # a heap block too, kept over the rounds
        start = [
            f"    {name}_state_t *{name}_kept = malloc(sizeof *{name}_kept);",
            f"    if ({name}_kept == NULL) return 1;",
            f"    {name}_init({name}_kept);",
        ]
        stop = [f"    {name}_reset({name}_kept);", f"    free({name}_kept);"]
        given = f"arena, {name}_kept"
    rows = [[port.row_bytes for port in ports] for ports in (program.inputs, program.outputs)]
    functions = [name for name, own in zip(("pull", "push"), rows, strict=True) if any(own)]
    if functions:
        given += ", &rows"
    lines = [
        *start,
        f"    for (int round = 0; round < {_ROUNDS}; ++round) {{",
        "        void *arena = NULL;",
        f"        if (posix_memalign(&arena, {upper}_ARENA_ALIGN, {upper}_ARENA_BYTES) != 0) return 1;",
        f"        memset(arena, 0xA5, {upper}_ARENA_BYTES);",
        "        state = (uint32_t)round;",
    ]
    if functions:
        tables = ("{" + ", ".join(map(str, own or [0])) + "}" for own in rows)
        lines += [
            f"        static const long {end}[] = {table};"
            for end, table in zip(("in", "out"), tables, strict=True)
        ]
        lines.append("        row_calls calls = {in, out, round, -1, 2166136261u};")
        lines.append(f"        const {name}_rows_t rows = {{{', '.join(functions)}, &calls}};")
    if "pull" in functions:  # a row that fails ends it, whichever it is
        rows = next(port.nbytes // port.row_bytes for port in program.inputs if port.row_bytes)
        lines.append(f"        calls.left = round % {rows};")
        lines.append(f"        if ({name}_invoke({given}) != 3) return 3;")
        lines.append("        calls.left = -1;")
    for index, port in enumerate(program.inputs):
        if not port.row_bytes:
            lines.append(f"        give({name}_input(arena, {index}), {port.nbytes}, round, {_kind(port)});")
    lines.append(f"        const int {name}_status = {name}_invoke({given});")
    lines.append(f"        if ({name}_status != 0 && {name}_status != 2) return 2;")  # 2: no result yet
    for index, port in enumerate(program.outputs):
        waits = f'puts("{name} waits");'
        shows = f'show("{name}", {name}_output(arena, {index}), {port.nbytes});'
        if port.row_bytes:
            shows = f'printf("{name} %08x\\n", (unsigned)calls.hash);'
        lines.append(f"        if ({name}_status == 2) {waits} else {shows}")
    return "\n".join([*lines, "        free(arena);", "    }", *stop])


def assert_clean(programs: Sequence[Program]) -> None:
    """No sanitizer complains about any of the programs, whatever their inputs hold."""
    files = {name: text for program in programs for name, text in program.files.items()}
    includes = "\n".join(f'#include "{program.prefix}.h"' for program in programs)
    files["main.c"] = _MAIN.format(
        includes=includes, calls="\n".join(_calls(program) for program in programs)
    )
    shown = []
    for flags in (SANITIZED, PLAIN):
        binary = toolchain.executable(
            files, flags=("-D_POSIX_C_SOURCE=200112L", *flags), toolchain=host_gcc()
        )
        shown.append(proc.run([binary], timeout=120, what="the program under sanitizers").stdout)
    assert shown[0] == shown[1]
    assert_complete(programs, shown[0].splitlines())


def assert_complete(programs: Sequence[Program], lines: Sequence[str]) -> None:
    """A line for every output of every program in every round; only those with state may wait for
    more input.
    """
    told = Counter(line.split()[0] for line in lines)
    assert told == {program.prefix: len(program.outputs) * _ROUNDS for program in programs if program.outputs}
    waiting = {line.split()[0] for line in lines if line.endswith(" waits")}
    assert waiting <= {program.prefix for program in programs if program.state_bytes}
