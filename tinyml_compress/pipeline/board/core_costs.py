"""A core's costs from programs that ran on one board, and how far they are off on what the fit left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tinyml_compress.devices import FLASH_CLASSES, CostClass, CostTable
from tinyml_compress.pipeline.board.fitting import Floats, never_negative

_PRIOR = 0.01
"""How much a term's former price counts against the programs: enough where none of them tells."""
_LEAST = 0.02
"""Nobody knows a board better than that from a few programs."""
_MOST = 2.0
"""What a core's file can say."""
_SPREADS = 2.0
"""Root mean squares of what was left out in a bar."""
_TELL = 2
"""Programs that have to have something of a term."""
_UNPRICED = (
    CostClass.STORE,
    CostClass.LOAD,
    CostClass.MULTIPLY,
    CostClass.FLOAT,
    CostClass.DIVIDE,
    CostClass.FLOAT_DIVIDE,
    CostClass.BRANCH_TAKEN,
    CostClass.LOAD_RUN,
)
"""What a board may charge though the core's table does not."""


@dataclass(frozen=True)
class CountedProgram:
    """What one program executes, and the cycles that it took on the board."""

    name: str
    instructions: int
    classes: Mapping[CostClass, int]
    cycles: float = 1.0


@dataclass(frozen=True)
class CostTerm:
    """Costs that are known up to one factor."""

    name: str
    instruction: float
    extra: Mapping[CostClass, float]
    factor: float
    """Before the fit: 1 of the core's own prices, 0 of what it does not charge."""

    def cycles(self, program: CountedProgram) -> float:
        """Of a program, at factor 1."""
        extras = sum(cost * program.classes.get(kind, 0) for kind, cost in self.extra.items())
        return self.instruction * program.instructions + extras


@dataclass(frozen=True)
class FittedCosts:
    """What came out."""

    terms: tuple[CostTerm, ...]
    """With factors as fitted."""
    off: tuple[float, ...]
    """Of each program's cycles, as a fraction: by costs that were fitted without it."""

    @property
    def bar(self) -> float:
        """The half-width that is claimed for other programs."""
        spread = float(np.sqrt(np.mean(np.square(self.off))))
        return round(min(_MOST, max(_LEAST, _SPREADS * spread)), 3)

    @property
    def largest(self) -> float:
        """The largest error of a program that was left out."""
        return max(map(abs, self.off))

    def cycles(self, program: CountedProgram) -> float:
        """Predicted."""
        return sum(term.factor * term.cycles(program) for term in self.terms)

    @property
    def table(self) -> CostTable:
        """As a core's file has it."""
        extra: dict[CostClass, float] = {}
        sources: dict[CostClass, str] = {}
        for term in self.terms:
            for kind, cost in term.extra.items():
                extra[kind] = extra.get(kind, 0.0) + term.factor * cost
                sources[kind] = term.name
        return CostTable(extra, sources, sum(term.factor * term.instruction for term in self.terms))


def fit_costs(costs: CostTable, programs: Sequence[CountedProgram]) -> FittedCosts:
    """Factors of the core's own prices, and of what it may leave out, by least squares of relative errors."""
    told = [term for term in _terms(costs) if sum(term.cycles(one) > 0 for one in programs) >= _TELL]
    cycles = np.array([program.cycles for program in programs])
    shares = np.array([[term.cycles(one) for term in told] for one in programs]) / cycles[:, None]
    before = np.array([term.factor for term in told])
    off = []
    for number in range(len(programs)):
        rest = np.delete(shares, number, axis=0)
        off.append(float(shares[number] @ _factors(rest, before) - 1))
    factors = _factors(shares, before)
    terms = (
        CostTerm(term.name, term.instruction, term.extra, float(factor))
        for term, factor in zip(told, factors, strict=True)
    )
    return FittedCosts(tuple(terms), tuple(off))


def _factors(shares: Floats, before: Floats) -> Floats:
    """Programs, and each factor's former value as a weak witness."""
    left = np.vstack([shares, _PRIOR * np.eye(len(before))])
    return never_negative(left, np.concatenate([np.ones(len(shares)), _PRIOR * before]))


def _terms(costs: CostTable) -> list[CostTerm]:
    """What the core charges, class by class, and what it may leave out; the flash by its unit or by words."""
    terms = [
        CostTerm(kind.value, 0.0, {kind: extra}, 1.0) for kind, extra in costs.extra.items() if extra > 0
    ]
    if costs.instruction:
        terms.insert(0, CostTerm("instruction", costs.instruction, {}, 1.0))
    free = [*_UNPRICED, *(() if costs.flash else FLASH_CLASSES[1:2])]
    return terms + [CostTerm(kind.value, 0.0, {kind: 1.0}, 0.0) for kind in free if not costs.of(kind)]
