"""C around Vela's command streams: the driver runs them, generated C runs what lies between, in one arena."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from tinyml_compress.converter.c_text import aligned_word, banner, guarded, number_lines
from tinyml_compress.ir import Program
from tinyml_compress.support.files import sha256

_ALIGN = 16
_TITLE = "the model on an Ethos-U and the core beside it"
Place: TypeAlias = tuple[int, int]
"""Offset and bytes in the arena."""


@dataclass(frozen=True)
class NpuStream:
    """Commands for the NPU, and the tensors that they take and make."""

    commands: bytes
    places: tuple[Place, ...]


@dataclass(frozen=True)
class CorePart:
    """Operators for the core, compiled as a model of their own."""

    program: Program
    inputs: tuple[Place, ...]
    outputs: tuple[Place, ...]


Step: TypeAlias = NpuStream | CorePart


@dataclass(frozen=True)
class NpuProgram:
    """A model as it runs on core and NPU, step by step."""

    name: str
    model: bytes
    """Vela's file."""
    constants: bytes
    """That the streams read."""
    tensors: int
    """Bytes of the arena, as Vela laid it out."""
    inputs: tuple[Place, ...]
    outputs: tuple[Place, ...]
    steps: tuple[Step, ...]

    @property
    def parts(self) -> Sequence[CorePart]:
        """Those of the core."""
        return [step for step in self.steps if isinstance(step, CorePart)]

    @property
    def part_bytes(self) -> int:
        """Arena of the largest part: they run one after the other."""
        return max((part.program.arena_bytes for part in self.parts), default=0)


def program_files(done: NpuProgram) -> dict[str, str]:
    """Header and source of the model, and those of its parts."""
    files = {path: text for part in done.parts for path, text in part.program.files.items()}
    return {**files, f"{done.name}.h": _header(done), f"{done.name}.c": _source(done)}


def _header(done: NpuProgram) -> str:
    name, upper = done.name, done.name.upper()
    body = f"""#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

/* Tensors where Vela placed them, then what the core needs. The NPU has to reach it. */
#define {upper}_ARENA_BYTES {_up(done.tensors) + done.part_bytes}
#define {upper}_ARENA_ALIGN {_ALIGN}
{_ports(upper, "INPUT", done.inputs)}{_ports(upper, "OUTPUT", done.outputs)}
/* One inference, from inputs to outputs, which lie in the arena. Returns 0; 1 when the arena is NULL or
 * misaligned, 2 when the driver has no NPU, 3 when it fails. Needs the Ethos-U driver, initialized. */
int {name}_invoke(void *arena);

#ifdef __cplusplus
}}
#endif
"""
    head = banner(f"{name}: {_TITLE}", sha256(done.model))
    return head + guarded(f"{upper}_H", body)


def _ports(upper: str, kind: str, places: Sequence[Place]) -> str:
    lines = [f"#define {upper}_{kind}_COUNT {len(places)}"]
    for index, (offset, nbytes) in enumerate(places):
        lines.append(f"#define {upper}_{kind}{index}_OFFSET {offset}")
        lines.append(f"#define {upper}_{kind}{index}_BYTES {nbytes}")
    return "\n".join(lines) + "\n"


def _up(nbytes: int) -> int:
    return (nbytes + _ALIGN - 1) // _ALIGN * _ALIGN


def _source(done: NpuProgram) -> str:
    name, upper = done.name, done.name.upper()
    streams = [step for step in done.steps if isinstance(step, NpuStream)]
    most = max((len(stream.places) for stream in streams), default=1)
    word = f"{upper}_ALIGNED"
    arrays = [_array(f"{name}_constants", done.constants, word)]
    arrays += [_array(f"{name}_stream{index}", one.commands, word) for index, one in enumerate(streams)]
    includes = "\n".join(f'#include "{part.program.prefix}.h"' for part in done.parts)
    head = banner(f"{name}: {_TITLE}", sha256(done.model))
    return f"""{head}#include "{name}.h"

#include <string.h>

#include "ethosu_driver.h"
{includes}

{aligned_word(word, _ALIGN)}
{"".join(arrays)}
/* Base addresses as the commands number them: constants, the arena twice, then inputs and outputs. */
static int {name}_run(struct ethosu_driver *driver, const uint8_t *commands, int nbytes, uint8_t *arena,
                      const size_t (*places)[2], int count) {{
    uint64_t base[3 + {most}];
    size_t sizes[3 + {most}];
    base[0] = (uint64_t)(uintptr_t){name}_constants;
    sizes[0] = sizeof {name}_constants;
    base[1] = (uint64_t)(uintptr_t)arena;
    sizes[1] = {done.tensors};
    base[2] = base[1];
    sizes[2] = sizes[1];
    for (int i = 0; i < count; ++i) {{
        base[3 + i] = (uint64_t)(uintptr_t)(arena + places[i][0]);
        sizes[3 + i] = places[i][1];
    }}
    return ethosu_invoke_v3(driver, commands, nbytes, base, sizes, 3 + count, NULL) == 0 ? 0 : 3;
}}

static int {name}_steps(struct ethosu_driver *driver, uint8_t *arena) {{
    int failed = 0;
{"".join(_calls(done))}    return 0;
}}

int {name}_invoke(void *arena) {{
    struct ethosu_driver *driver;
    int failed;
    if (arena == NULL || (uintptr_t)arena % {_ALIGN} != 0) {{
        return 1;
    }}
    driver = ethosu_reserve_driver();
    if (driver == NULL) {{
        return 2;
    }}
    failed = {name}_steps(driver, (uint8_t *)arena);
    ethosu_release_driver(driver);
    return failed;
}}
"""


def _array(symbol: str, data: bytes, word: str) -> str:
    numbers = number_lines(np.frombuffer(data or b"\0", np.uint8))
    return f"static {word} const uint8_t {symbol}[{max(len(data), 1)}] = {{\n{numbers}\n}};\n"


def _calls(done: NpuProgram) -> Iterator[str]:
    number = 0
    for step in done.steps:
        if isinstance(step, CorePart):
            yield _part_call(step, _up(done.tensors))
        else:
            yield _stream_call(done.name, number, step)
            number += 1


def _stream_call(name: str, number: int, stream: NpuStream) -> str:
    places = ", ".join(f"{{{offset}, {nbytes}}}" for offset, nbytes in stream.places)
    symbol = f"{name}_stream{number}"
    return f"""    {{
        static const size_t places[{len(stream.places)}][2] = {{{places}}};
        failed = {name}_run(driver, {symbol}, (int)sizeof {symbol}, arena, places, {len(stream.places)});
        if (failed != 0) {{
            return failed;
        }}
    }}
"""


def _part_call(part: CorePart, start: int) -> str:
    prefix = part.program.prefix
    before = [
        f"        memcpy({prefix}_input(own, {index}), arena + {offset}, {nbytes});\n"
        for index, (offset, nbytes) in enumerate(part.inputs)
    ]
    after = [
        f"        memcpy(arena + {offset}, {prefix}_output(own, {index}), {nbytes});\n"
        for index, (offset, nbytes) in enumerate(part.outputs)
    ]
    return f"""    {{
        uint8_t *own = arena + {start};
{"".join(before)}        failed = {prefix}_invoke(own);
        if (failed != 0) {{
            return failed;
        }}
{"".join(after)}    }}
"""
