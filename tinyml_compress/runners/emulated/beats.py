"""What a core whose vector unit takes two beats an instruction (Cortex-M55, M85) spends on a block."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache


class _Unit(Enum):
    """Which part of the core an instruction holds. A vector holds its part for two cycles."""

    PLAIN = auto()
    MEMORY = auto()
    MULTIPLY = auto()
    LANES = auto()
    """All other arithmetic on vectors, and moves between vectors and registers."""
    FREE = auto()
    """Ends of low-overhead loops, and VPST, which goes with what it predicates."""


_HELD = 2
"""Cycles: a vector is worked on in halves of 64 bits."""


@dataclass(frozen=True)
class _Step:
    unit: _Unit
    is_vector: bool = False
    elements: int = 0
    """That a gathering load or a scattering store moves one by one."""


@dataclass(frozen=True)
class BeatCount:
    """Of one basic block."""

    slots: int
    """Cycles in which an instruction issues."""
    waits: int
    """Cycles in which one waits for the second half of a vector that is in the unit it needs."""
    elements: int


@lru_cache(maxsize=1 << 14)
def beat_count(words: tuple[bytes, ...], repeats: bool) -> BeatCount:
    """Count a block, given as its instructions. One that `repeats` goes on with itself, so that its first
    instruction meets its last; any other begins with all units free.
    """
    steps = [_step(word) for word in words]
    waits = _waits(steps * 2) - _waits(steps) if repeats else _waits(steps)
    slots = sum(step.unit is not _Unit.FREE for step in steps)
    return BeatCount(slots, waits, sum(step.elements for step in steps))


def _waits(steps: list[_Step]) -> int:
    free = dict.fromkeys(_Unit, 0)
    now = waits = 0
    for step in steps:
        if step.unit is _Unit.FREE:
            continue
        waited = max(0, free[step.unit] - now)
        now += waited + 1
        waits += waited
        if step.is_vector:
            free[step.unit] = now + _HELD - 1
    return waits


def loop_start(word: bytes, address: int) -> int | None:
    """Where the LE or LETP at that address jumps back to; None where it is none."""
    if not _ends_loop(word):
        return None
    bits = _number(word)
    return address + 4 - 2 * ((bits >> 1 & 0x3FF) << 1 | bits >> 11 & 1)


def _ends_loop(word: bytes) -> bool:
    return len(word) == 4 and _number(word) & 0xFF8FF001 == 0xF00FC001


def _number(word: bytes) -> int:
    """With the first halfword on top, as the architecture writes it."""
    return int.from_bytes(word[:2], "little") << 16 | int.from_bytes(word[2:], "little")


_SHORT_ACCESSES = (0x4800, 0xF800), (0x5000, 0xF000), (0x6000, 0xE000), (0x8000, 0xE000)
_LONG_ACCESSES = (0xE8000000, 0xFE000000), (0xF8000000, 0xFE000000), (0xEC000A00, 0xFE000E00)


@lru_cache(maxsize=1 << 16)
def _step(word: bytes) -> _Step:
    bits = _number(word)
    if len(word) == 2:
        bits >>= 16
        accesses = any(bits & mask == value for value, mask in _SHORT_ACCESSES)
        return _Step(_Unit.MEMORY if accesses else _Unit.PLAIN)
    if _ends_loop(word) or bits & 0xFFBF1FFF == 0xFE310F4D:
        return _Step(_Unit.FREE)
    if bits & 0xEE400E00 == 0xEC000E00 and bits & 0xFFE01FE0 != 0xEC000F00:
        return _Step(_Unit.MEMORY, True, _elements(bits))
    if _is_vector(bits):
        return _Step(_Unit.MULTIPLY if _multiplies(bits) else _Unit.LANES, True)
    accesses = any(bits & mask == value for value, mask in _LONG_ACCESSES)
    return _Step(_Unit.MEMORY if accesses else _Unit.PLAIN)


def _elements(bits: int) -> int:
    """By offsets of the lanes to a base, or by addresses in the lanes; none of a load in one piece."""
    is_whole, is_before, writes = bits & 0x1000, bits & 1 << 24, bits & 1 << 21
    if not is_whole and not is_before and not writes:
        size = bits >> 7 & 3
        return 16 >> size
    if is_whole and is_before and bits & 1 << 28:
        return 2 if bits & 0x100 else 4
    return 0


def _is_vector(bits: int) -> bool:
    """Arithmetic of Helium; moves of one lane or of two are like scalar instructions."""
    top, coprocessor = bits >> 24, bits >> 8 & 15
    if bits & 0xFFE01FE0 == 0xEC000F00:
        return False
    if top in (0xEF, 0xFF) or bits & 0xFFB00F5F == 0xEEA00B10:  # the last is VDUP
        return True
    return top in (0xEC, 0xEE, 0xFC, 0xFD, 0xFE) and coprocessor in (8, 14, 15)


def _multiplies(bits: int) -> bool:
    """Integer and float, with what accumulates."""
    top, coprocessor = bits >> 24, bits >> 8 & 15
    if top in (0xEF, 0xFF):  # three vectors of one size; the upper half of the space has none
        floats = top == 0xFF and bits & 1 << 21 == 0 and coprocessor == 13 and bits & 0x10
        return not bits & 1 << 23 and bool(
            (coprocessor == 9 and bits & 0x10) or coprocessor in (11, 12) or floats
        )
    if coprocessor == 15:
        doubling = bits & 0xEFB10F51 == 0xEE300F01 or bits & 0xEFB10F70 == 0xEE300F60
        return doubling or (bits & 0xEF800F51 == 0xEE800F00 and bits & 0xEFF00F51 != 0xEEE00F00)
    if coprocessor == 14:
        return not _moves_or_shifts(bits)
    return coprocessor == 8 and bits & 0xFE200F50 == 0xFC200840


def _moves_or_shifts(bits: int) -> bool:
    """What shares the multiplications' encodings: VMOVN, VSHLL, VMAXA, VCVTB, shifts by a register, VBRSR."""
    by_register = bits & 0x1FF0 & ~0x80 == 0x1E60
    if by_register and bits & 1 << 28 and bits & 1 << 16:  # VBRSR of any size, VSHL and others of unsigned
        return True
    narrows = bits & 0x00B10000 == 0x00310000 and not bits & 0x40
    return narrows or (by_register and bits & 0x00310000 == 0x00310000)
