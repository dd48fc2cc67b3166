"""Where every buffer lies: memories as a board names them, and what `plan/` puts there; read by `codegen/`,
runners and reports.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

ARENA_ALIGN = 16
"""The alignment that the caller gives the arena; offsets are planned relative to it."""


def memory_word(name: str) -> str:
    """A memory's name as C and linker scripts take it."""
    return re.sub(r"\W", "_", name).lower()


@dataclass(frozen=True)
class Memory:
    """One of several memories that an inference may use."""

    name: str
    nbytes: int
    """What is free of it."""
    price: float = 0.0
    """Cycles beyond the loads to read 8 bytes there, in sequence."""


@dataclass(frozen=True)
class Memories:
    """What a program may be spread over, the fastest first. Without any, arena and constants lie wherever
    the caller and the linker put them.
    """

    ram: tuple[Memory, ...] = ()
    constants: tuple[Memory, ...] = ()
    """For weights and tables: of `ram`, or flash."""

    def without(self, nbytes: int) -> Memories:
        """With so much of the fastest RAM taken."""
        taken = {one.name: replace(one, nbytes=max(one.nbytes - nbytes, 0)) for one in self.ram[:1]}
        ram, constants = (
            tuple(taken.get(one.name, one) for one in row) for row in (self.ram, self.constants)
        )
        return Memories(ram, constants)

    def __str__(self) -> str:
        sizes = ",".join(f"{one.name}={one.nbytes}" for one in dict.fromkeys((*self.ram, *self.constants)))
        kept = ",".join(one.name for one in self.constants)
        return (f" memories={sizes}" if sizes else "") + (f" constants={kept}" if kept else "")


ANYWHERE = Memories()


class ByRows(Enum):
    """What comes and goes by the caller's functions for rows, in place of lying in the arena."""

    INPUT = "input"
    OUTPUT = "output"


class ConstantsIn(Enum):
    """Where weights and tables lie during an inference."""

    FLASH = "flash"
    RAM = "ram"
    """As far as the fastest has room beside the arena."""


@dataclass(frozen=True)
class Home:
    """Where a constant lies."""

    memory: str
    is_ram: bool
    """Then it is copied there before the first inference."""
    kept: str = ""
    """The memory that it is copied from, where one was named."""


@dataclass(frozen=True)
class Arena:
    """The part of the arena that lies in one memory."""

    memory: str
    """Its name; empty where none is named: the caller puts the arena wherever it likes."""
    nbytes: int
    suffix: str = ""
    """What sets the names of this part apart in C; the first part has none."""


@dataclass(frozen=True)
class Buffer:
    """One stretch of the arena, alive from the start of node `first` to the end of node `last` (inclusive).

    Graph inputs have `first == -1`, graph outputs `last == len(nodes)`.
    """

    offset: int
    nbytes: int
    first: int
    last: int
    arena: int = 0
    """Which of the plan's arenas, where there are several."""


@dataclass(frozen=True)
class MemoryPlan:
    """Offsets of every non-constant tensor and of every node's scratch."""

    arena_bytes: int
    """Of all arenas together."""
    lower_bound: int
    """No plan for these lifetimes and overlap rules can be smaller than this."""
    tensors: Mapping[str, Buffer]
    scratch: Mapping[int, Buffer]
    """By node index; nodes without scratch are absent."""
    inside: Mapping[str, tuple[str, int]]
    """Tensors that live inside another one (concatenation without copying): name -> (host, byte offset)."""
    tiers: tuple[Arena, ...] = ()
    """Where memories were named: the arena of each one that is used, the fastest first."""

    @property
    def arenas(self) -> tuple[Arena, ...]:
        """All of them: one where no memories were named."""
        return self.tiers or (Arena("", self.arena_bytes),)
