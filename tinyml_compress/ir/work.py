"""What a kernel does, and what a core charges for it."""

from __future__ import annotations

from dataclasses import dataclass
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

    @property
    def amounts(self) -> tuple[float, ...]:
        """In the order of the fields."""
        return self.instructions, self.slots, self.loads, self.registers, self.flash, self.branches

    def __add__(self, other: KernelWork) -> KernelWork:
        return KernelWork(*(a + b for a, b in zip(self.amounts, other.amounts, strict=True)))

    def __mul__(self, times: float) -> KernelWork:
        return KernelWork(*(times * amount for amount in self.amounts))


@dataclass(frozen=True)
class Prices:
    """Cycles of one of each."""

    each: KernelWork
    core: str
    """Whose they are."""
    code: str
    """Its architecture, as a core file says it: plain C becomes other instructions in each."""

    def cycles(self, done: KernelWork) -> float:
        return fsum(price * amount for price, amount in zip(self.each.amounts, done.amounts, strict=True))
