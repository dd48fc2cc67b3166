"""Which instructions of Armv7-M and later fault on an unaligned address, and which register holds it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyml_compress.runners.emulated.image import Image

__all__ = ["aligned_bases"]

_PC = 15


def aligned_bases(image: Image, code_start: int, halfwords: int) -> npt.NDArray[np.int16]:
    """Per halfword of code, the emulator's number of the base register of an LDRD, STRD, LDM, STM, VLDR, VSTR, VLDM,
    VSTM or exclusive access that would start there; 0 elsewhere.

    Halfwords inside longer instructions or constants may look like one of these; only those are asked for at which an
    instruction is executed.
    """
    from unicorn import arm_const

    table = np.zeros(halfwords, np.int16)
    for start, data in image.segments:
        code = np.frombuffer(data[: len(data) // 2 * 2], "<u2")
        for index in np.flatnonzero((code >> 12 == 0xC) | (code & 0xFE00 == 0xE800) | (code & 0xFE00 == 0xEC00)):
            position = (start - code_start) // 2 + int(index)
            second = int(code[index + 1]) if index + 1 < len(code) else 0
            register = _base(int(code[index]), second)
            if register is not None and 0 <= position < halfwords:
                table[position] = getattr(arm_const, f"UC_ARM_REG_R{register}")
    return table


def _base(first: int, second: int) -> int | None:
    if first >> 12 == 0xC:  # LDM, STM
        return first >> 8 & 7
    register = first & 0xF
    if register == _PC:
        return None
    if first & 0xFE00 == 0xE800:
        table_branch = first & 0xFFF0 == 0xE8D0 and second & 0xFFE0 == 0xF000
        narrow_exclusive = first & 0xFFE0 == 0xE8C0 and second & 0x00E0 in (0x0040, 0x0080, 0x00C0)
        return None if table_branch or narrow_exclusive else register
    floating = second >> 9 & 7 == 5  # coprocessors 10 and 11
    moves_registers = first & 0xFFE0 == 0xEC40
    return register if floating and not moves_registers else None
