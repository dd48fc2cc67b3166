"""Where an emulated firmware has inputs and outputs: in its arenas, or, where they come and go by rows, in a
memory beside the board's own, which stands for the sensor and whoever takes the outputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import accumulate

from tinyml_compress.devices import MemoryMap, Stretch
from tinyml_compress.ir import Port, Program, memory_word

ROWS = "rows"
"""Name of that memory."""
_ADDRESS = 0xA0000000
_ALIGN = 16


def with_rows(memory: MemoryMap, program: Program) -> MemoryMap:
    """The map with that memory, where the program wants it."""
    nbytes = _starts(program)[-1]
    more = Stretch(ROWS, _ADDRESS, nbytes + _ALIGN)
    return replace(memory, more=(*memory.more, more)) if nbytes else memory


def own(memory: MemoryMap) -> MemoryMap:
    """The map without it."""
    return replace(memory, more=tuple(one for one in memory.more if one.name != ROWS))


def rows_config(program: Program) -> str:
    """What the firmware's main program is told of it: start and bytes of a row, by input and output."""
    lines, starts = [], iter(_starts(program))
    for macro, ports in (("TC_PULLED", program.inputs), ("TC_PUSHED", program.outputs)):
        rows = ", ".join(f"{{{next(starts)}, {port.row_bytes}}}" for port in ports)
        if any(port.row_bytes for port in ports):
            lines.append(f"#define {macro} {{{rows}}}\n")
    if lines:
        lines.append(f"#define TC_ROWS_BYTES {_starts(program)[-1]}\n")
        lines.append(f'#define TC_ROWS_SECTION ".memory.{memory_word(ROWS)}"\n')
    return "".join(lines)


def places(program: Program, symbols: Mapping[str, int]) -> tuple[list[int], list[int]]:
    """Addresses of the inputs, and of the outputs."""
    arenas = [symbols[f"tc_arena{one.suffix}"] for one in program.arenas]
    ports = (*program.inputs, *program.outputs)
    addresses = [
        symbols["tc_rows"] + start if port.row_bytes else arenas[port.arena] + port.offset
        for port, start in zip(ports, _starts(program)[:-1], strict=True)
    ]
    return addresses[: len(program.inputs)], addresses[len(program.inputs) :]


def _starts(program: Program) -> list[int]:
    """Of inputs and outputs in the memory for rows, and its size; those in the arena take nothing."""
    return list(accumulate(map(_room, (*program.inputs, *program.outputs)), initial=0))


def _room(port: Port) -> int:
    return -(-port.nbytes // _ALIGN) * _ALIGN if port.row_bytes else 0
