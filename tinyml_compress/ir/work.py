"""What a kernel does, and what a core charges for it."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from math import fsum


@dataclass(frozen=True)
class KernelWork:
    """Amounts of all that cores charge for."""

    instructions: float = 0.0
    slots: float = 0.0
    """Cycles of a core that issues up to two instructions at a time."""
    loads: float = 0.0
    """What is loaded by an instruction of its own."""
    registers: float = 0.0
    """What is loaded and stored two or more at a time."""
    flash: float = 0.0
    """8-byte words of flash that are read as data."""
    branches: float = 0.0
    """Jumps that are taken."""

    def __add__(self, other: KernelWork) -> KernelWork:
        return KernelWork(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def __mul__(self, times: float) -> KernelWork:
        return KernelWork(*(times * amount for amount in astuple(self)))


@dataclass(frozen=True)
class Prices:
    """Cycles of one of each."""

    each: KernelWork
    core: str
    """Whose they are."""
    code: str
    """Its architecture, as a core file says it: plain C becomes other instructions in each."""

    def cycles(self, done: KernelWork) -> float:
        return fsum(price * amount for price, amount in zip(astuple(self.each), astuple(done), strict=True))
