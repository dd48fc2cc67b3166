"""Generated C as values: a piece of code knows what it uses, so that nobody has to read its text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = [
    "ARENA",
    "INVOKE",
    "MEMCPY",
    "MEMSET",
    "NODE",
    "STATE",
    "Code",
    "Names",
    "Statement",
    "copy",
    "lines_of",
    "parameters",
    "used",
]

ARENA = "arena"
STATE = "state"
"""The pointers that a function may take, in this order."""
MEMCPY = "MEMCPY"
MEMSET = "MEMSET"
"""The memory helpers."""

Names = Mapping[str, str]
NODE: Names = {ARENA: "arena", STATE: "state"}
"""What the pointers are called in the functions of nodes and bodies."""
INVOKE: Names = {ARENA: "bytes", STATE: "kept"}
"""In `invoke`, where `arena` and `state` have the public types."""


@dataclass(frozen=True)
class Code:
    """A piece of C, and which of the names above it uses."""

    text: str
    uses: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Statement(Code):
    """Whole lines of a function."""

    ends: bool = False
    """It may end the inference."""


def copy(to: Code, source: Code, nbytes: int, indent: str = "    ") -> Statement:
    """Bytes from one place to another."""
    text = f"{indent}TC_MEMCPY({to.text}, {source.text}, {nbytes});"
    return Statement(text, to.uses | source.uses | {MEMCPY})


def used(codes: Iterable[Code]) -> frozenset[str]:
    """What any of them uses."""
    return frozenset().union(*(code.uses for code in codes))


def parameters(codes: Iterable[Code]) -> tuple[str, ...]:
    """The pointers that a function of these statements takes: C allows none that it leaves unused."""
    uses = used(codes)
    return tuple(name for name in (ARENA, STATE) if name in uses)


def lines_of(statements: Iterable[Statement]) -> str:
    return "\n".join(statement.text for statement in statements)
