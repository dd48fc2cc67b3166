"""Where a Thumb load reads: the registers and constants that its address is made of, from its encoding."""

from __future__ import annotations

from dataclasses import dataclass

_PC = 15
_SP = 13
# By the second opcode field of LDRSB, LDR, LDRH, LDRB, LDRSH with a register offset: all of them load.
_FIRST_LOAD_BY_REGISTER = 3


@dataclass(frozen=True)
class LoadAddress:
    """base + (index << shift) + offset, and how many registers are filled from there on."""

    base: int | None
    """None: `offset` is the whole address, as of a constant beside the code."""
    index: int | None = None
    shift: int = 0
    offset: int = 0
    registers: int = 1


def load_at(address: int, first: int, second: int) -> LoadAddress | None:
    """What the instruction at `address`, of these halfwords, loads; None where it loads nothing."""
    if first >> 11 < 0x1D:
        return _short(address, first)
    kind = first & 0xFE00
    if kind == 0xE800:
        return _pair_or_table(address, first, second) if first & 0x40 else _multiple(first, second)
    if kind == 0xF800:
        return _single(address, first, second)
    if kind == 0xEC00 and second >> 9 & 7 == 5:
        return _floating(address, first, second)
    if first & 0xEE00 == 0xEC00 and second >> 9 & 7 == 7:
        return _vector(first, second)
    return None


def _relative(address: int, offset: int) -> LoadAddress:
    """Relative to the program counter, which is rounded down to a word."""
    return LoadAddress(None, offset=(address + 4 & ~3) + offset & 0xFFFFFFFF)


def _short(address: int, half: int) -> LoadAddress | None:
    low, top = half >> 3 & 7, half >> 11
    if top == 0b01001:
        return _relative(address, (half & 0xFF) * 4)
    if half >> 12 == 0b0101:
        return LoadAddress(low, half >> 6 & 7) if half >> 9 & 7 >= _FIRST_LOAD_BY_REGISTER else None
    size = {0b01101: 4, 0b01111: 1, 0b10001: 2}.get(top)
    if size is not None:
        return LoadAddress(low, offset=(half >> 6 & 31) * size)
    if top == 0b10011:
        return LoadAddress(_SP, offset=(half & 0xFF) * 4)
    if half >> 9 == 0b1011110:
        return LoadAddress(_SP, registers=(half & 0x1FF).bit_count())
    if top == 0b11001:
        return LoadAddress(half >> 8 & 7, registers=(half & 0xFF).bit_count())
    return None


def _multiple(first: int, second: int) -> LoadAddress | None:
    """LDM, upwards or downwards."""
    direction = first >> 7 & 3
    if not first & 0x10 or direction not in (1, 2):
        return None
    registers = second.bit_count()
    return LoadAddress(first & 15, offset=0 if direction == 1 else -4 * registers, registers=registers)


def _pair_or_table(address: int, first: int, second: int) -> LoadAddress | None:
    """LDRD, TBB, TBH, and the loads of an exclusive or acquiring kind."""
    base, before, upwards, writes_back = first & 15, first & 0x100, first & 0x80, first & 0x20
    if not first & 0x10:
        return None
    offset = (second & 0xFF) * 4 * (1 if upwards else -1)
    if before or writes_back:
        if base == _PC:
            return LoadAddress(None, offset=_relative(address, offset).offset, registers=2)
        return LoadAddress(base, offset=offset if before else 0, registers=2)
    if not upwards:
        return LoadAddress(base, offset=(second & 0xFF) * 4)
    kind = second >> 4 & 15
    if kind in (0, 1):
        table = LoadAddress(None if base == _PC else base, second & 15, kind)
        return table if base != _PC else LoadAddress(None, second & 15, kind, address + 4)
    return LoadAddress(base, registers=2 if kind in (7, 15) else 1)


def _single(address: int, first: int, second: int) -> LoadAddress | None:
    """LDR, LDRB, LDRH and the sign-extending ones, in their long forms."""
    base, size, into = first & 15, first >> 5 & 3, second >> 12
    is_hint = into == _PC and size != 2
    if not first & 0x10 or size == 3 or is_hint:
        return None
    upwards_only = first & 0x80
    if base == _PC:
        return _relative(address, second & 0xFFF if upwards_only else -(second & 0xFFF))
    if upwards_only:
        return LoadAddress(base, offset=second & 0xFFF)
    if second & 0x800:
        offset = (second & 0xFF) * (1 if second & 0x200 else -1)
        return LoadAddress(base, offset=offset if second & 0x400 else 0)
    if second & 0xFC0:
        return None
    return LoadAddress(base, second & 15, second >> 4 & 3)


def _floating(address: int, first: int, second: int) -> LoadAddress | None:
    """VLDR, VLDM and VPOP; a register of eight bytes counts as two, but one alone as a single load."""
    base, before, upwards, writes_back = first & 15, first & 0x100, first & 0x80, first & 0x20
    if not first & 0x10 or not (before or upwards):  # the rest moves registers
        return None
    offset = (second & 0xFF) * 4
    if before and not writes_back:
        signed = offset if upwards else -offset
        return _relative(address, signed) if base == _PC else LoadAddress(base, offset=signed)
    return LoadAddress(base, offset=0 if upwards else -offset, registers=second & 0xFE or 1)


def _vector(first: int, second: int) -> LoadAddress | None:
    """VLDRB, VLDRH and VLDRW of Helium from one address on, a word for each register; no gathering ones."""
    before, upwards, writes_back, is_whole = first & 0x100, first & 0x80, first & 0x20, second & 0x1000
    if not first & 0x10 or not (before or writes_back) or (is_whole and first & 0x1000):
        return None
    size = second >> 7 & 3
    in_memory = size if is_whole else first >> 3 & 1
    if size == 3 or (not is_whole and size <= in_memory):
        return None
    offset = ((second & 0x7F) << in_memory) * (1 if upwards else -1)
    base = first & 15 if is_whole else first & 7
    return LoadAddress(base, offset=offset if before else 0, registers=4 >> (size - in_memory))
