"""What a pipeline sees in a block of instructions: runs of loads, and the slots of a core that issues two."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from threading import Lock

from tinyml_compress.support.instruction_sets import Family, forms


class _Unit(Enum):
    """Which part of the core an instruction occupies."""

    LOAD = auto()
    """One register, from memory."""
    ACCESS = auto()
    """Other single accesses: stores, pairs, the tables of TBB and TBH."""
    MULTIPLE = auto()
    """A list of registers; the core does nothing else meanwhile."""
    MULTIPLY = auto()
    EXTEND = auto()
    """Shifts, packs and sign extensions."""
    PLAIN = auto()


# Results are usable in the next slot; of these only later.
_LATE = {"vmac": 3, "float": 2}
# Slots in which nothing else issues.
_STALL = {"divide": 5, "float-divide": 13}

_FORMS: tuple[tuple[str, _Unit, str], ...] = (
    *((form.pattern, _Unit[form.unit.upper()], "") for form in forms(Family.THUMB)),
    (r"v?ldm|v?pop|v?stm|v?push", _Unit.MULTIPLE, ""),
    (r"ldrd|strd|tb[bh]", _Unit.ACCESS, ""),
    (r"v?ldr|lda", _Unit.LOAD, ""),
    (r"v?str|stl", _Unit.ACCESS, ""),
    (r"[su]m(ull|lal)|umaal|mul|ml[as]", _Unit.MULTIPLY, ""),
    (r"[su]div", _Unit.MULTIPLY, "divide"),
    (r"vdiv|vsqrt", _Unit.MULTIPLY, "float-divide"),
    (r"vml|vfm|vfn|vnml", _Unit.MULTIPLY, "vmac"),
    (r"v", _Unit.MULTIPLY, "float"),
    (r"[su]xt|[su]sat|rev|rbit|clz|bf[ic]|[su]bfx|ror", _Unit.EXTEND, ""),
)


@dataclass(frozen=True)
class _Step:
    unit: _Unit
    timing: str
    """Key of the two tables above, where the instruction has one."""
    reads: frozenset[int]
    writes: frozenset[int]
    loaded: frozenset[int]
    """Registers that a load fills; not those that it only moves on."""
    registers: int
    """How many a multiple access moves."""


@dataclass(frozen=True)
class PipelineCount:
    """Of one basic block."""

    load_runs: int
    """Loads that follow each other, none using what the one before loaded, count once."""
    issue_slots: int
    """Cycles of a core that issues up to two instructions in order."""


@lru_cache(maxsize=1 << 14)
def pipeline_count(words: tuple[bytes, ...]) -> PipelineCount:
    """Count a block, given as its instructions."""
    steps = [_step(word) for word in words]
    return PipelineCount(_load_runs(steps), _issue_slots(steps))


def _load_runs(steps: list[_Step]) -> int:
    runs, open_run = 0, None
    for step in steps:
        if step.unit is _Unit.LOAD:
            runs += open_run is None or not open_run.isdisjoint(step.reads)
            open_run = step.loaded
        else:
            open_run = None
    return runs


class _Slot:
    """One cycle of issue."""

    def __init__(self) -> None:
        self.issued = self.accesses = 0
        self.multiplies = self.extends = False

    def takes(self, unit: _Unit) -> bool:
        """Two instructions, among them at most one multiplication and one extension."""
        if self.issued == 2:
            return False
        return not ((unit is _Unit.MULTIPLY and self.multiplies) or (unit is _Unit.EXTEND and self.extends))

    def add(self, unit: _Unit) -> None:
        # While a list of registers is moved, nothing else issues.
        self.issued = 2 if unit is _Unit.MULTIPLE else self.issued + 1
        self.multiplies |= unit is _Unit.MULTIPLY
        self.extends |= unit is _Unit.EXTEND


def _issue_slots(steps: list[_Step]) -> int:
    """Every block begins with an empty slot and all registers ready."""
    usable: dict[int, int] = {}
    now, slot = 0, _Slot()
    for step in steps:
        earliest = max((usable.get(register, 0) for register in step.reads), default=0)
        if earliest > now or not slot.takes(step.unit):
            now, slot = max(earliest, now + 1), _Slot()
        slot.add(step.unit)
        if step.unit is _Unit.MULTIPLE:
            now += max(0, (step.registers + 1) // 2 - 1)
        for register in step.writes:
            usable[register] = now + _LATE.get(step.timing, 1)
        now += _STALL.get(step.timing, 0)
    return now + 1


_disassembling = Lock()


@lru_cache(maxsize=1 << 16)
def _step(word: bytes) -> _Step:
    with _disassembling:  # its handle keeps the last error and the state of an IT block
        instruction = next(_disassembler().disasm(word, 0), None)
        if instruction is None:  # newer than the disassembler
            return _Step(_Unit.PLAIN, "", frozenset(), frozenset(), frozenset(), 0)
        read, written = (frozenset(registers) for registers in instruction.regs_access())
        name = instruction.mnemonic.split(".")[0]
        whole = f"{instruction.mnemonic} {instruction.op_str}"
        unit, timing = next(
            ((unit, timing) for form, unit, timing in _FORMS if re.match(form, whole)), (_Unit.PLAIN, "")
        )
        registers = [operand.reg for operand in instruction.operands if operand.type == _REGISTER]
        lists = len(registers) - (name.lstrip("v") not in ("push", "pop"))
        loaded = frozenset(registers) if unit is _Unit.LOAD else frozenset()
        return _Step(unit, timing, read, written, loaded, lists if unit is _Unit.MULTIPLE else 0)


_REGISTER = 1
"""Capstone's kind of operand (CS_OP_REG)."""


@lru_cache(maxsize=1)
def _disassembler():  # type: ignore[no-untyped-def]  # capstone ships no types
    import capstone

    arm = capstone.Cs(
        capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS | capstone.CS_MODE_V8
    )
    arm.detail = True
    return arm
