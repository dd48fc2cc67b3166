"""Which cost classes a block of instructions belongs to, from its disassembly."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

from tinyml_compress.devices import CostClass
from tinyml_compress.errors import EmulationError
from tinyml_compress.runners.emulated.beats import beat_count, loop_start
from tinyml_compress.runners.emulated.issue import pipeline_count
from tinyml_compress.support.instruction_sets import Family, forms


class BlockClasses:
    """One basic block: instructions, how many of each class, whether a hardware loop ends there."""

    def __init__(self, instructions: int, classes: Mapping[CostClass, int], ends_loop: bool) -> None:
        self.instructions = instructions
        self.classes = classes
        self.ends_loop = ends_loop


def classify_block(code: bytes, address: int, family: Family) -> BlockClasses:
    """Every instruction of the block counts, those that an IT block skips too: the core spends a cycle on
    them.
    """
    counts: Counter[CostClass] = Counter()
    words: list[bytes] = []
    position = 0
    while position < len(code):
        length = _length(code[position : position + 2], family)
        word = code[position : position + length]
        if len(word) < length:
            raise EmulationError(
                "a basic block ends inside an instruction", which=f"{address + position:#010x}"
            )
        for cost_class, times in _classes_of(word, family):
            counts[cost_class] += times
        words.append(word)
        position += length
    if family is not Family.THUMB:
        return BlockClasses(len(words), counts, False)
    back_to = loop_start(words[-1], address + position - len(words[-1]))
    counts.update(_of_pipelines(tuple(words), back_to == address))
    return BlockClasses(len(words), counts, back_to is not None)


def _of_pipelines(words: tuple[bytes, ...], repeats: bool) -> dict[CostClass, int]:
    """What Cortex-M cores see in a block as a whole."""
    pipeline, beats = pipeline_count(words), beat_count(words, repeats)
    return {
        CostClass.LOAD_RUN: pipeline.load_runs,
        CostClass.ISSUE_SLOT: pipeline.issue_slots,
        CostClass.BEAT_SLOT: beats.slots,
        CostClass.VECTOR_WAIT: beats.waits,
        CostClass.GATHER_ELEMENT: beats.elements,
    }


def _length(first: bytes, family: Family) -> int:
    half = int.from_bytes(first, "little")
    if family is Family.RISCV:
        return 4 if half & 3 == 3 else 2
    return 4 if family is Family.AARCH64 or half >> 11 >= 0x1D else 2


@lru_cache(maxsize=1 << 16)
def _classes_of(word: bytes, family: Family) -> tuple[tuple[CostClass, int], ...]:
    for _, _, mnemonic, operands in disassembler(family).disasm_lite(word, 0):
        for form in forms(family):
            if re.match(form.pattern, f"{mnemonic} {operands}"):
                return ((CostClass(form.cost), 1),) if form.cost else ()
        return _READERS[family](mnemonic, operands)
    return ()  # an instruction newer than the disassembler is a plain one


@lru_cache(maxsize=4)
def disassembler(family: Family):  # type: ignore[no-untyped-def]  # capstone ships no types
    import capstone

    if family is Family.RISCV:
        return capstone.Cs(capstone.CS_ARCH_RISCV, capstone.CS_MODE_RISCV32 | capstone.CS_MODE_RISCVC)
    if family is Family.AARCH64:
        return capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_LITTLE_ENDIAN)
    return capstone.Cs(
        capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS | capstone.CS_MODE_V8
    )


_ARM: tuple[tuple[str, CostClass], ...] = (
    (r"ldrd", CostClass.LOAD_PAIR),
    (r"strd", CostClass.STORE_PAIR),
    (r"v?ldr|tb[bh]|lda", CostClass.LOAD),
    (r"v?str|stl", CostClass.STORE),
    (r"mul|ml[as]", CostClass.MULTIPLY),
    (r"[su]m(ull|lal)(s|eq|ne|[cv][sc]|mi|pl|hi|ls|ge|lt|gt|le)?$", CostClass.MULTIPLY_LONG),
    (r"[su]div", CostClass.DIVIDE),
    (r"vdiv|vsqrt", CostClass.FLOAT_DIVIDE),
    (r"blx?(eq|ne|cs|cc|hs|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)?$", CostClass.CALL),
    (r"v", CostClass.FLOAT),
)
_AARCH64: tuple[tuple[str, CostClass], ...] = (
    (r"(ld[npx]*p|ldpsw) ", CostClass.LOAD_PAIR),
    (r"st[nx]*p ", CostClass.STORE_PAIR),
    (r"ld", CostClass.LOAD),
    (r"st", CostClass.STORE),
    (r"[su]div", CostClass.DIVIDE),
    (r"f(div|sqrt)", CostClass.FLOAT_DIVIDE),
    (r"bl", CostClass.CALL),
    (
        r"(fm|fnm|[su]q?r?dm?l?mul|[su]ml|sqr?dml|sqr?dmul|[su]dot|mul|ml[as]|pmul)\S* [^,]*[vdq]\d",
        CostClass.VECTOR_MULTIPLY,
    ),
    (r"f|[su]cvtf", CostClass.FLOAT),
    (r"(mul|mneg|madd|msub) ", CostClass.MULTIPLY),
    (r"([su]m(ull|addl|subl|negl|ulh)) ", CostClass.MULTIPLY_LONG),
    (r"\S+ (v|\{ ?v)\d", CostClass.VECTOR),
)
_RISCV: tuple[tuple[str, CostClass], ...] = (
    (r"(c\.)?f?l[bhwd]u?(sp)?$", CostClass.LOAD),
    (r"(c\.)?f?s[bhwd](sp)?$", CostClass.STORE),
    (r"f(div|sqrt)", CostClass.FLOAT_DIVIDE),
    (r"f(?!ence)", CostClass.FLOAT),
    (r"mulh", CostClass.MULTIPLY_LONG),
    (r"mul", CostClass.MULTIPLY),
    (r"(div|rem)u?$", CostClass.DIVIDE),
    (r"(c\.)?jalr?$", CostClass.CALL),
)


def _arm(mnemonic: str, operands: str) -> tuple[tuple[CostClass, int], ...]:
    base = mnemonic.split(".")[0]
    if re.match(r"v?ldm|v?pop", base):
        return ((CostClass.LOAD_MULTIPLE_REGISTER, _registers(operands)),)
    if re.match(r"v?stm|v?push", base):
        return ((CostClass.STORE_MULTIPLE_REGISTER, _registers(operands)),)
    return _first(_ARM, base)


def _aarch64(mnemonic: str, operands: str) -> tuple[tuple[CostClass, int], ...]:
    return _first(_AARCH64, f"{mnemonic} {operands}")


def _riscv(mnemonic: str, operands: str) -> tuple[tuple[CostClass, int], ...]:
    return _first(_RISCV, mnemonic)


def _first(table: tuple[tuple[str, CostClass], ...], name: str) -> tuple[tuple[CostClass, int], ...]:
    for pattern, cost_class in table:
        if re.match(pattern, name):
            return ((cost_class, 1),)
    return ()


def _registers(operands: str) -> int:
    inside = operands[operands.index("{") + 1 : operands.index("}")]
    count = 0
    for item in inside.split(","):
        ends = re.findall(r"(\d+)", item) if "-" in item else []
        count += int(ends[1]) - int(ends[0]) + 1 if len(ends) == 2 else 1
    return count


_READERS = {Family.THUMB: _arm, Family.AARCH64: _aarch64, Family.RISCV: _riscv}
