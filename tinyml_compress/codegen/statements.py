"""Generated C as values: a piece of code knows what it uses, so that nobody has to read its text."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

ARENA = "arena"
"""A pointer that a function may take; those to further arenas go by it with a suffix."""
STATE = "state"
"""To what is kept between inferences; behind those."""
ROWS = "rows"
"""The last one that it may take: to the functions that give and take rows."""
MEMCPY = "MEMCPY"
MEMSET = "MEMSET"
"""The memory helpers."""

Names = Callable[[str], str]
"""What the pointers are called in a function."""


def in_node(pointer: str) -> str:
    """In the functions of nodes and bodies."""
    return pointer


def in_invoke(pointer: str) -> str:
    """In `invoke`, where arenas and `state` have the public types."""
    return "kept" if pointer == STATE else pointer.replace(ARENA, "bytes", 1)


@dataclass(frozen=True)
class Code:
    """A piece of C, and which of the names above it uses."""

    text: str
    uses: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Statement(Code):
    """Whole lines of a function."""

    ends: int = 0
    """What invoke returns where it ended the inference; 0: it never does."""


def copy(to: Code, source: Code, nbytes: int, indent: str = "    ") -> Statement:
    """Bytes from one place to another."""
    text = f"{indent}TC_MEMCPY({to.text}, {source.text}, {nbytes});"
    return Statement(text, to.uses | source.uses | {MEMCPY})


def used(codes: Iterable[Code]) -> frozenset[str]:
    """What any of them uses."""
    return frozenset().union(*(code.uses for code in codes))


def parameters(codes: Iterable[Code]) -> tuple[str, ...]:
    """The pointers that a function of these statements takes: C allows none that it leaves unused."""
    pointers = used(codes) - {MEMCPY, MEMSET}
    return tuple(sorted(pointers, key=lambda name: (name == ROWS, name == STATE, name)))


def lines_of(statements: Iterable[Statement]) -> str:
    return "\n".join(statement.text for statement in statements)
