"""Where every buffer lies in the arena: made by `plan/`, read by `codegen/`, runners and reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["ARENA_ALIGN", "Buffer", "MemoryPlan"]

ARENA_ALIGN = 16
"""The alignment that the caller gives the arena; offsets are planned relative to it."""


@dataclass(frozen=True)
class Buffer:
    """One stretch of the arena, alive from the start of node `first` to the end of node `last` (inclusive).

    Graph inputs have `first == -1`, graph outputs `last == len(nodes)`.
    """

    offset: int
    nbytes: int
    first: int
    last: int


@dataclass(frozen=True)
class MemoryPlan:
    """Offsets of every non-constant tensor and of every node's scratch."""

    arena_bytes: int
    lower_bound: int
    """No plan for these lifetimes and overlap rules can be smaller than this."""
    tensors: Mapping[str, Buffer]
    scratch: Mapping[int, Buffer]
    """By node index; nodes without scratch are absent."""
    inside: Mapping[str, tuple[str, int]]
    """Tensors that live inside another one (concatenation without copying): name -> (host, byte offset)."""
