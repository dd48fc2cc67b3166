"""What instructions cost on silicon: fits every core's costs to programs that ran on boards.

`targets/silicon.json` holds the facts: programs with published times, counted instruction by instruction.
This program fits each core with costs that are never negative, leaves out one program, vendor, net or board
at a time, lets one vendor's programs choose the terms and judges them on the other's, and prints all of it.
It writes the costs, their sources and the error bars into targets/cores/*.toml; `--check` compares instead,
and fails where a file differs or a bar is narrower than what was found.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tinyml_compress.devices import CostClass
from tinyml_compress.pipeline.board.fitting import never_negative
from tinyml_compress.support.files import write_text

TARGETS = Path(__file__).parent.parent / "targets"
MARK = "# --- from here on written by benchmarks/silicon.py\n"
Parts = Mapping[str, float]
"""Counts by name, with how often each is charged: an amount per program, or cycles."""


@dataclass(frozen=True)
class Program:
    """One program that ran on a board, as targets/silicon.json has it."""

    board: str
    core: str
    chip: str
    net: str
    variant: str
    vendor: str
    cycles: int
    """Published time x clock."""
    counts: Mapping[str, int]
    """Instructions, classes of costs, and what else was counted."""
    is_rebuilt: bool
    microjoules: float | None = None
    supply: str = ""

    @property
    def is_fitted(self) -> bool:
        """Whether it may go into a fit: an image as measured or a kernel, of integers, on a fitted chip."""
        return not self.is_float and self.chip in CHIPS and (self.is_kernel or not self.is_rebuilt)

    @property
    def is_kernel(self) -> bool:
        """No whole net: of the core with Helium nothing else is published."""
        return self.variant == "kernel"

    @property
    def is_float(self) -> bool:
        return self.variant == "float"

    @property
    def in_flash(self) -> bool:
        """Whether its weights stay where they are: some programs copy them to RAM before the clock starts."""
        return self.variant != "max_performance"

    @property
    def name(self) -> str:
        kind = "" if self.variant == "int8" else f" {self.variant}"
        return f"{self.chip} {self.net}{kind}, {self.vendor}"

    def amount(self, parts: Parts) -> float:
        return sum(weight * self.counts.get(name, 0) for name, weight in parts.items())


CHIPS = ("STM32L4R5", "STM32U575", "STM32U385", "STM32H7A3", "STM32F746", "STM32G0B1", "Apollo510")
"""Whose programs are fitted; PSoC 62 and nRF5340 show what a board outside is off by."""


def read() -> tuple[Program, ...]:
    """The facts."""
    rows = json.loads((TARGETS / "silicon.json").read_text(encoding="utf-8"))["programs"]
    return tuple(_program(row) for row in rows)


def _program(row: Mapping[str, Any]) -> Program:
    counts = {"instructions": row["instructions"], **row["classes"], **row["other"]}
    told = (row[name] for name in ("board", "core", "chip", "net", "variant", "vendor", "cycles"))
    return Program(*told, counts, "rebuilt" in row, row.get("microjoules"), row.get("supply", ""))


@dataclass(frozen=True)
class Term:
    """What is charged with one fitted cost."""

    name: str
    parts: Parts


@dataclass(frozen=True)
class Bars:
    """Half-widths, as fractions: declared here, held against what was found."""

    error: float
    """Nets and vendors like those in the fit, on its chips."""
    unlike: float
    """Other nets."""
    elsewhere: float
    """Boards whose flash was not in the fit."""
    floating: float


@dataclass(frozen=True)
class Model:
    """Of one core: what is taken from its manual, what is fitted, and how far that is off."""

    core: str
    manual: Parts
    """Cycles by class, not fitted; with those of an instruction."""
    manual_source: str
    terms: tuple[Term, ...]
    bars: Bars
    why: str
    """What else than the fit widens the bars."""
    like: str = ""
    """The core whose programs are fitted, where this one has none."""

    def base(self, program: Program) -> float:
        """What is not fitted: where another core's programs are, by that core's manual."""
        of = self.like or self.core
        return program.amount(next(model.manual for model in MODELS if model.core == of))


_RUNS = Term("runs of loads", {"load-run": 1})
_MOVED = Term(
    "registers of multiple and paired accesses",
    {"load-pair": 2, "store-pair": 2, "load-multiple-register": 1, "store-multiple-register": 1},
)
_TAKEN = Term("taken branches", {"branch-taken": 1})
_WORDS = Term("8-byte words of flash read as data", {"flash-word": 1})
_LINES = Term("32-byte lines of flash read as data", {"flash-line": 1})
_SLOTS = Term("dual-issue slots", {"issue-slot": 1})
_LOADS = Term(
    "loads from flash: the mean of registers and 8-byte words", {"flash-load": 0.5, "flash-word": 0.5}
)
_GATHERED = Term("elements gathered or scattered", {"gather-element": 1})
_DIVIDED = Term("divisions", {"divide": 1})
_M55_TERMS = (_RUNS, _GATHERED, _DIVIDED, _LINES)
_M55_MANUAL = {"instructions": 0.0, "beat-slot": 1.0, "vector-wait": 1.0}
_M55_SOURCE = (
    "Arm, Introduction to the Cortex-M55: one instruction a cycle; a vector is worked on in two halves, and "
    "the second goes on beside an instruction of another unit"
)
_M4_TERMS = (_RUNS, _MOVED, _TAKEN, _WORDS)
_ONE_EACH = {"instructions": 1.0}
_M0_MANUAL = dict.fromkeys(
    (
        "instructions",
        "load",
        "store",
        "load-multiple-register",
        "store-multiple-register",
        "branch-taken",
        "call",
    ),
    1.0,
)

MODELS = (
    Model(
        "cortex-m0plus",
        _M0_MANUAL,
        "TRM section 3.3: LDR, STR 2 cycles, LDM, STM 1 + N, B 2 when taken, BL 3",
        (_TAKEN, _LOADS),
        Bars(0.15, 0.15, 0.25, 0.25),
        "one vendor and one board; no program tells whether a second read of the same word costs again, "
        "so half of the price goes by registers and half by words",
    ),
    Model(
        "cortex-m3",
        {"instructions": 1.0, "multiply": 0.5, "multiply-long": 3.0, "divide": 6.0},
        "TRM table 3-1: MLA, MLS 2 cycles, long multiplications 3 to 7, divisions 2 to 12",
        _M4_TERMS,
        Bars(0.25, 0.25, 0.25, 0.25),
        "nothing: no program of this core is known; the costs are the Cortex-M4's, whose pipeline is alike",
        like="cortex-m4",
    ),
    Model(
        "cortex-m4",
        _ONE_EACH,
        "one cycle each",
        _M4_TERMS,
        Bars(0.10, 0.10, 0.17, 0.35),
        "divisions are not charged: the programs that have some fit better without",
    ),
    Model(
        "cortex-m33",
        _ONE_EACH,
        "one cycle each",
        _M4_TERMS,
        Bars(0.10, 0.13, 0.17, 0.35),
        "the terms are those of the Cortex-M4; no float program is known",
    ),
    Model(
        "cortex-m7",
        {"instructions": 0.0},
        "issue slots are charged instead",
        (_SLOTS, _LINES, _TAKEN),
        Bars(0.15, 0.15, 0.17, 0.50),
        "the rules of the slots were chosen with all programs in view",
    ),
    Model(
        "cortex-m55",
        _M55_MANUAL,
        _M55_SOURCE,
        _M55_TERMS,
        Bars(0.30, 0.40, 0.40, 0.60),
        "single kernels, written anew from what is published of CMSIS-NN's and compiled with another GCC; no "
        "whole net is among them, so the bar stays wide; that VPST costs nothing was chosen with all in view",
    ),
    Model(
        "cortex-m85",
        _M55_MANUAL,
        _M55_SOURCE,
        _M55_TERMS,
        Bars(0.50, 0.50, 0.50, 0.60),
        "nothing: no program of this core was counted; the costs are the Cortex-M55's. MLPerf Tiny v1.2 has "
        "four nets on an RA8D1 that take 0.83 to 0.98 cycles (the autoencoder 1.70) for each instruction "
        "that they take on a Cortex-M55, whose kernels take 1.05 to 1.6: read the times as an upper bound",
        like="cortex-m55",
    ),
)

CANDIDATES = (
    _RUNS,
    _MOVED,
    _TAKEN,
    _WORDS,
    _LINES,
    _SLOTS,
    Term("instructions", {"instructions": 1}),
    Term("single loads", {"load": 1}),
    Term("stores", {"store": 1}),
    Term("long multiplications", {"multiply-long": 1}),
    Term("loads whose result is used at once", {"loads-used-at-once": 1}),
    Term("multiply-accumulates", {"multiply-accumulates": 1}),
    Term("four-byte instructions", {"long-instructions": 1}),
    Term("32-byte lines of code fetched", {"flash-code-lines": 1}),
    Term("misses of an 8 KB cache of code and data", {"small-cache-lines": 1}),
    Term("32-byte lines of flash, with no cache", {"buffer-lines": 1}),
)
"""What was tried: pairing, prefetch, code fetch, store buffers, caches."""

LEFT_OUT: Mapping[str, Callable[[Program], Hashable]] = {
    "program": id,
    "vendor": lambda program: program.vendor,
    "net": lambda program: program.net,
    "board": lambda program: program.board,
}


@dataclass(frozen=True)
class Errors:
    """Of predictions, as fractions; positive: too slow."""

    found: tuple[float, ...]

    @property
    def largest(self) -> float:
        return max(map(abs, self.found))

    @property
    def median(self) -> float:
        return float(np.median(np.abs(self.found)))

    def __str__(self) -> str:
        return f"{self.largest:.1%} / {self.median:.1%}"


@dataclass(frozen=True)
class Fit:
    """A core's costs, and what they are off by."""

    model: Model
    programs: tuple[Program, ...]
    costs: tuple[float, ...]
    """Of the terms, in order."""
    errors: Errors
    left_out: Mapping[str, Errors] = field(default_factory=dict)

    def predict(self, program: Program) -> float:
        return _predict(self.model.base, self.model.terms, self.costs, program)

    def error(self, program: Program) -> float:
        return self.predict(program) / program.cycles - 1


Base = Callable[[Program], float]


def fit(model: Model, facts: Sequence[Program]) -> Fit:
    """The costs of a core's terms from all its programs, and from all but some."""
    programs = tuple(one for one in facts if one.is_fitted and one.core == (model.like or model.core))
    costs = _costs(model.base, model.terms, programs)
    left_out = {
        name: errors
        for name, group_of in LEFT_OUT.items()
        if (errors := _left_out(model.base, model.terms, programs, group_of)) is not None
    }
    return Fit(model, programs, costs, _errors(model.base, model.terms, costs, programs), left_out)


def _costs(base: Base, terms: Sequence[Term], programs: Sequence[Program]) -> tuple[float, ...]:
    """Least squares of relative errors."""
    cycles = np.array([program.cycles for program in programs], float)
    amounts = np.array([[program.amount(term.parts) for term in terms] for program in programs], float)
    bases = np.array([base(program) for program in programs], float)
    return tuple(map(float, never_negative(amounts / cycles[:, None], (cycles - bases) / cycles)))


def _predict(base: Base, terms: Sequence[Term], costs: Sequence[float], program: Program) -> float:
    charged = (cost * program.amount(term.parts) for cost, term in zip(costs, terms, strict=True))
    return base(program) + sum(charged)


def _errors(base: Base, terms: Sequence[Term], costs: Sequence[float], programs: Iterable[Program]) -> Errors:
    return Errors(tuple(_predict(base, terms, costs, one) / one.cycles - 1 for one in programs))


def _left_out(
    base: Base, terms: Sequence[Term], programs: Sequence[Program], group_of: Callable[[Program], Hashable]
) -> Errors | None:
    """Every group predicted by the rest; None where there is no rest."""
    groups = dict.fromkeys(group_of(program) for program in programs)
    if len(groups) < 2:
        return None
    found: list[float] = []
    for group in groups:
        rest = [program for program in programs if group_of(program) != group]
        costs = _costs(base, terms, rest)
        out = [program for program in programs if group_of(program) == group]
        found += _errors(base, terms, costs, out).found
    return Errors(tuple(found))


@dataclass(frozen=True)
class Choice:
    """Terms that one vendor's programs choose, judged on all others."""

    vendor: str
    programs: int
    terms: tuple[Term, ...]
    errors: Errors


def choices(model: Model, programs: Sequence[Program]) -> list[Choice]:
    """Forwards: a term is taken while it lowers the error on nets that are left out by a fiftieth."""
    found = []
    for vendor in dict.fromkeys(program.vendor for program in programs):
        own = [program for program in programs if program.vendor == vendor]
        others = [program for program in programs if program.vendor != vendor]
        if not others:
            continue
        terms: list[Term] = []
        best = np.inf
        while len(terms) < 4:
            tried = [
                (_net_error(model.base, [*terms, one], own), one) for one in CANDIDATES if one not in terms
            ]
            error, term = min(tried, key=lambda pair: pair[0])
            if error > 0.98 * best:
                break
            best, terms = error, [*terms, term]
        costs = _costs(model.base, terms, own)
        found.append(Choice(vendor, len(own), tuple(terms), _errors(model.base, terms, costs, others)))
    return found


def _net_error(base: Base, terms: Sequence[Term], programs: Sequence[Program]) -> float:
    errors = _left_out(base, terms, programs, LEFT_OUT["net"])
    assert errors is not None
    return float(np.mean(np.square(errors.found)))


# --- the core files


def section(fitted: Fit) -> str:
    """What a core file holds behind the mark."""
    model, lines = fitted.model, []
    if model.manual["instructions"] != 1.0:
        lines += ["[cost.instruction]", f"cycles = {model.manual['instructions']:g}"]
        lines += [f'source = "{model.manual_source}"', ""]
    for kind in CostClass:
        manual = model.manual.get(kind.value, 0.0)
        parts = [
            (term.parts[kind.value] * cost, term.name)
            for term, cost in zip(model.terms, fitted.costs, strict=True)
            if kind.value in term.parts
        ]
        if manual or parts:
            sources = [f"{model.manual_source}"] if manual else []
            sources += [f"benchmarks/silicon.py: {name}" for _, name in parts]
            lines += [
                f"[cost.{kind.value}]",
                f"extra = {_rounded(manual + sum(cost for cost, _ in parts)):g}",
            ]
            lines += [f'source = "{"; ".join(sources)}"', ""]
    return "\n".join([*lines, *_calibration(fitted)]) + "\n"


def _rounded(cost: float) -> float:
    return float(f"{cost:.3g}")


def _calibration(fitted: Fit) -> list[str]:
    model, bars = fitted.model, fitted.model.bars
    left_out = ", ".join(f"one {name} {errors.largest:.1%}" for name, errors in fitted.left_out.items())
    vendors = len({program.vendor for program in fitted.programs})
    found = (
        f"{len(fitted.programs)} programs of {vendors} vendor{'s' * (vendors > 1)} (targets/silicon.json): "
        f"off by at most {fitted.errors.largest:.1%}, median {fitted.errors.median:.1%}; "
        f"with what is predicted left out: {left_out}"
    )
    against = "; ".join(text for text in ("" if model.like else found, model.why) if text)
    lines = ["[calibration]", "scale = 1.0", f"error = {bars.error:g}"]
    lines += [f"calibrated = {str(not model.like).lower()}", f'against = "{against}"', ""]
    lines += ["[calibration.errors]", f"elsewhere = {bars.elsewhere:g}"]
    lines += [f"unlike = {bars.unlike:g}", f"float = {bars.floating:g}"]
    for chip in dict.fromkeys(program.chip for program in fitted.programs if not model.like):
        on_chip = [program for program in fitted.programs if program.chip == chip]
        lines += ["", "[[calibration.chips]]", f'chip = "{chip}"', f"programs = {len(on_chip)}"]
        lines += [f"vendors = {len({program.vendor for program in on_chip})}"]
    return lines


def core_text(text: str, fitted: Fit) -> str:
    """A core file with its costs brought up to date."""
    return text[: text.index(MARK)] + MARK + section(fitted)


def narrow(fitted: Fit, facts: Sequence[Program]) -> list[str]:
    """Bars that hold less than what was found."""
    bars, own = fitted.model.bars, [one for one in facts if one.core == fitted.model.core]
    outside = [one for one in own if one.chip not in CHIPS]
    inside = [errors.largest for name, errors in fitted.left_out.items() if name != "net"]
    nets = fitted.left_out.get("net")
    evidence = {
        "error": (bars.error, [fitted.errors.largest, *inside]),
        "unlike": (bars.unlike, [nets.largest] if nets else []),
        "elsewhere": (bars.elsewhere, [abs(fitted.error(one)) for one in outside if not one.is_float]),
        "float": (bars.floating, [abs(fitted.error(one)) for one in own if one.is_float]),
    }
    return [
        f"{fitted.model.core}: bar `{name}` is {bar:.0%}, but {max(found):.1%} was found"
        for name, (bar, found) in evidence.items()
        if found and max(found) > bar
    ]


# --- what is printed


def _print_fit(fitted: Fit, facts: Sequence[Program]) -> None:
    model = fitted.model
    chips = ", ".join(dict.fromkeys(program.chip for program in fitted.programs))
    print(f"\n{model.core}: {len(fitted.programs)} programs on {chips}")
    manual = ", ".join(f"{cycles:g} {name}" for name, cycles in model.manual.items())
    print(f"  cycles = manual ({manual})")
    for term, cost in zip(model.terms, fitted.costs, strict=True):
        print(f"         + {cost:.3g} x {term.name}")
    print(f"  fit, largest / median error        {fitted.errors}")
    for name, errors in fitted.left_out.items():
        print(f"  with one {name:8} left out        {errors}")
    for choice in () if model.like else choices(model, fitted.programs):
        names = ", ".join(term.name for term in choice.terms)
        print(f"  {choice.vendor} alone ({choice.programs}) chooses {names}")
        print(f"    and predicts the others within   {choice.errors}")
    bars = model.bars
    print(
        f"  bars: {bars.error:.0%}, other nets {bars.unlike:.0%}, other boards {bars.elsewhere:.0%}, "
        f"float {bars.floating:.0%}"
    )
    for program in sorted((one for one in facts if one.core == model.core), key=lambda one: one.is_fitted):
        if not program.is_fitted:
            print(f"  in no fit: {program.name:38} {fitted.error(program):+.1%}")


def _print_programs(fits: Sequence[Fit], facts: Sequence[Program]) -> None:
    print(f"\n{'program':52} {'Mcycles':>9} {'Minstr.':>9} {'off by':>8} {'pJ/cycle':>9}")
    for fitted in fits:
        for program in (one for one in facts if one.core == fitted.model.core):
            joules = (
                "" if program.microjoules is None else f"{program.microjoules / program.cycles * 1e6:.0f}"
            )
            print(
                f"{program.name:52} {program.cycles / 1e6:9.3f} {program.counts['instructions'] / 1e6:9.3f} "
                f"{fitted.error(program):+8.1%} {joules:>9}"
            )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare the core files instead of writing them")
    check = parser.parse_args().check
    facts = read()
    fits = [fit(model, facts) for model in MODELS]
    for fitted in fits:
        _print_fit(fitted, facts)
    _print_programs(fits, facts)
    print("\nterms tried: " + "; ".join(term.name for term in CANDIDATES))
    wrong = [text for fitted in fits for text in narrow(fitted, facts)]
    for fitted in fits:
        path = TARGETS / "cores" / f"{fitted.model.core}.toml"
        old = path.read_text(encoding="utf-8")
        new = core_text(old, fitted)
        if new != old and check:
            wrong.append(f"{path.name} differs: run benchmarks/silicon.py")
        elif new != old:
            write_text(path, new)
            print(f"written: {path.name}")
    for text in wrong:
        print(text, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
