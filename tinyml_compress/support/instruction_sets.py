"""The instruction sets that kernels are written for: one row each, and everybody asks the row.

A kernel in a set is a file `tc_<...>__<word>.c`. It includes a header of `csrc/` that gives each
instruction as a function with a twin in plain C (`tc_dsp.h`, `tc_mve.h`), so that it runs, and is tested, on
any host.
Compiler flags stand with a core (`targets/cores/`), whose one `-mcpu` word names all of its sets.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Family(Enum):
    """Kinds of machine code: what decodes, counts and starts one of them does so for all of its cores."""

    THUMB = "thumb"
    """As Cortex-M has it."""
    AARCH64 = "aarch64"
    RISCV = "riscv"

    @classmethod
    def of(cls, architecture: str) -> Family:
        """Of an architecture, as `isa` of a core file says it."""
        if architecture.startswith("rv"):
            return cls.RISCV
        return cls.AARCH64 if architecture in _AARCH64 else cls.THUMB


_ARMV7_A = "armv7-a"
"""In its Thumb state, which has what a Cortex-M4 has."""
_DOT_PRODUCTS = "armv8.2-a+dotprod"
_AARCH64 = ("armv8-a", _DOT_PRODUCTS)


@dataclass(frozen=True)
class Instructions:
    """Instructions of a set, for the cost model of the emulator."""

    pattern: str
    """A regular expression for the beginning of mnemonic and operands: `vld[24].* q`."""
    unit: str
    """What a core that issues two at a time occupies with it (`runners/emulated/issue.py`): multiply, extend,
    ...
    """
    cost: str = ""
    """The class of `[cost.*]` that it belongs to; none: it takes what every instruction takes."""


@dataclass(frozen=True)
class _Row:
    about: str
    """For help and documentation."""
    architectures: tuple[str, ...]
    """Where it can be, as `isa` of a core file says it."""
    core: str
    """By whose prices kernels are chosen where nobody names a device."""
    includes: tuple[str, ...] = ()
    forms: tuple[Instructions, ...] = ()
    """Those that its base architecture would have taken for something else."""
    firmware: str = ""
    """What a firmware's build and start-up have to do for its kernels; none: nothing beyond C."""


class Isa(Enum):
    """Instruction set that a kernel needs; the value is the suffix of its symbol and the word of `--isa`."""

    C = (
        "c",
        _Row(
            "plain C",
            (
                "armv6-m",
                "armv7-m",
                "armv7e-m",
                "armv8-m.main",
                "armv8.1-m.main",
                _ARMV7_A,
                "rv32imc",
                "rv32imafdcv",
                "rv64imafdcv",
                *_AARCH64,
            ),
            "cortex-m0plus",
        ),
    )
    DSP = (
        "dsp",
        _Row(
            "also the DSP instructions of Cortex-M4/M7/M33 (plain C where a compiler lacks them)",
            ("armv7e-m", "armv8-m.main", "armv8.1-m.main", _ARMV7_A),
            "cortex-m4",
            includes=("c",),
            forms=(
                Instructions(r"smlal?([bt][bt]|d)|smlaw|smls|smm|smu(ad|sd|l[btw])", "multiply"),
                Instructions(r"pkh|sel|usad|[qsu](add|sub)", "extend"),
            ),
        ),
    )
    MVE = (
        "mve",
        _Row(
            "also Helium, the vectors of Cortex-M55/M85",
            ("armv8.1-m.main",),
            "cortex-m55",
            includes=("dsp",),
            firmware=(
                "compile with -mcpu=cortex-m55 or -mcpu=cortex-m85: a compiler that is not told of Helium "
                "takes twins in plain C without a word, the same bytes many times slower; start-up code "
                "switches on coprocessors 10 and 11 (CPACR) and the cache of loops (CCR.LOB)"
            ),
        ),
    )

    RVV = (
        "rvv",
        _Row(
            "also the vectors of RISC-V (V extension, at least 128 bits)",
            ("rv32imafdcv", "rv64imafdcv"),
            "rv32-v128",
            includes=("c",),
            firmware=(
                "compile with -march=rv32imafdcv, rv64gcv or more: a compiler that is not told of vectors "
                "takes twins in plain C without a word, the same bytes many times slower; start-up code "
                "switches on the vectors (mstatus.VS)"
            ),
        ),
    )
    NEON = (
        "neon",
        _Row(
            "also the vectors of AArch64, with dot products where the compiler is told of them",
            _AARCH64,
            "cortex-a72",
            includes=("c",),
        ),
    )

    _value_: str
    row: _Row

    def __new__(cls, word: str, *row: _Row) -> Isa:
        self = object.__new__(cls)
        self._value_ = word
        (self.row,) = row
        return self

    @property
    def sets(self) -> tuple[Isa, ...]:
        """What a core that has it runs: the sets that it includes, the plainest first, and itself."""
        inside = (one for word in self.row.includes for one in Isa(word).sets)
        return tuple(dict.fromkeys((*inside, self)))

    @classmethod
    def richest(cls, sets: Iterable[Isa]) -> Isa:
        """The one that includes most."""
        return max(sets, key=lambda one: len(one.sets))


def firmware_needs(kernels: Iterable[str]) -> tuple[str, ...]:
    """What those with these symbols want of a firmware's build and start-up."""
    sets = {kernel.partition("__")[2] for kernel in kernels}
    return tuple(one.row.firmware for one in Isa if one.value in sets and one.row.firmware)


def forms(family: Family) -> tuple[Instructions, ...]:
    """Of all sets of one family of cores."""
    return tuple(
        form
        for one in Isa
        if any(Family.of(name) is family for name in one.row.architectures)
        for form in one.row.forms
    )
