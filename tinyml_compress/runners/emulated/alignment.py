"""Which instructions load, or fault on an unaligned address on silicon, and what that address is made of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tinyml_compress.devices import Alignment, Core
from tinyml_compress.runners.emulated.image import Image
from tinyml_compress.runners.emulated.loads import load_at
from tinyml_compress.support.instruction_sets import Family

ACCESS = np.dtype(
    [
        ("offset", np.uint32),
        ("base", np.int16),
        ("index", np.int16),
        ("mask", np.uint16),
        ("shift", np.uint8),
        ("registers", np.uint8),
    ]
)
"""As `tc_access` in hooks.c. Of stores, offsets that are multiples of the access size are left out."""

_Access = tuple[int, int | None, int, int]
"""Base register, index register, offset, mask."""
_PC = 15
_ADDRESS = 0xFFFFFFFF
_WORD = 3
# Armv6-M, register offset: STR, STRH, STRB, LDRSB, LDR, LDRH, LDRB, LDRSH by bits 11 to 9.
_BY_REGISTER = (3, 1, 0, 0, 3, 1, 0, 1)
# Armv6-M, immediate offset, by the top four bits: words, bytes, halfwords.
_BY_IMMEDIATE = {0x6: 3, 0x7: 0, 0x8: 1}


def accesses(image: Image, code_start: int, halfwords: int, core: Core) -> npt.NDArray[np.void]:
    """Per halfword of code, what an instruction that starts there loads, and what that core needs aligned.

    Halfwords inside longer instructions or constants may look like an access; only those at which an
    instruction is executed are asked for.
    """
    table = np.zeros(halfwords, ACCESS)
    if core.family is Family.AARCH64:  # takes any address, and its flash has no price
        return table
    decode, numbers = _decoder(core)
    for start, data in image.segments:
        code = np.frombuffer(data[: len(data) // 2 * 2], "<u2").tolist()
        first = (start - code_start) // 2
        for index in range(max(0, -first), min(len(code), halfwords - first)):
            half, second = code[index], code[index + 1] if index + 1 < len(code) else 0
            aligned = decode(half, second) if decode else None
            base, added, offset, mask = aligned or (None, None, 0, 0)
            shift = registers = 0
            load = None if core.family is Family.RISCV else load_at(start + 2 * index, half, second)
            if load is not None:
                base, added, shift, offset = load.base, load.index, load.shift, load.offset
                registers = load.registers
            if mask or registers:
                chosen = (0 if register is None else numbers[register] for register in (base, added))
                table[first + index] = (offset & _ADDRESS, *chosen, mask, shift, registers)
    return table


_Decoder = Callable[[int, int], _Access | None]


def _decoder(core: Core) -> tuple[_Decoder | None, list[int]]:
    """What must be aligned there, and the emulator's numbers of the registers."""
    from unicorn import arm_const, riscv_const

    if core.family is Family.RISCV:
        numbers = [getattr(riscv_const, f"UC_RISCV_REG_X{register}") for register in range(32)]
        return (_riscv if core.alignment is not Alignment.NONE else None), numbers
    numbers = [getattr(arm_const, f"UC_ARM_REG_R{register}") for register in range(16)]
    if core.interpreter:
        numbers = list(range(1, 17))
    decoders: dict[Alignment, _Decoder] = {Alignment.ALL: _armv6, Alignment.PAIRS: _armv7}
    return decoders.get(core.alignment), numbers


def _armv6(half: int, second: int) -> _Access | None:
    """Every load and store of more than a byte."""
    kind = half >> 12
    if kind == 0xC:
        return half >> 8 & 7, None, 0, _WORD
    mask, added = 0, None
    if kind == 0x5:
        mask, added = _BY_REGISTER[half >> 9 & 7], half >> 6 & 7
    elif kind in _BY_IMMEDIATE:
        mask = _BY_IMMEDIATE[kind]
    return (half >> 3 & 7, added, 0, mask) if mask else None


def _armv7(first: int, second: int) -> _Access | None:
    """LDRD, STRD, LDM, STM, VLDR, VSTR, VLDM, VSTM."""
    if first >> 12 == 0xC:
        return first >> 8 & 7, None, 0, _WORD
    register = first & 0xF
    if register == _PC:
        return None
    if first & 0xFE00 == 0xE800:
        table_branch = first & 0xFFF0 == 0xE8D0 and second & 0xFFE0 == 0xF000
        narrow_exclusive = first & 0xFFE0 == 0xE8C0 and second & 0x00E0 in (0x0040, 0x0080, 0x00C0)
        return None if table_branch or narrow_exclusive else (register, None, 0, _WORD)
    floating = second >> 9 & 7 == 5  # coprocessors 10 and 11
    moves_registers = first & 0xFFE0 == 0xEC40
    if first & 0xFE00 == 0xEC00 and floating and not moves_registers:
        return register, None, 0, _WORD
    return None


def _riscv(first: int, second: int) -> _Access | None:
    """LW, LH, LHU, SW, SH, C.LW, C.SW; the stack pointer is always aligned."""
    if first & 3 == 3:
        word = first | second << 16
        opcode, width = word & 0x7F, word >> 12 & 3
        if opcode not in (0x03, 0x23) or width not in (1, 2):
            return None
        offset = word >> 20 if opcode == 0x03 else word >> 25 << 5 | word >> 7 & 0x1F
        signed = offset - 4096 if offset & 0x800 else offset
        return word >> 15 & 0x1F, None, signed, (1 << width) - 1
    if first & 3 == 0 and first >> 13 in (2, 6):
        return 8 + (first >> 7 & 7), None, 0, _WORD
    return None
