"""Two engines on the same inputs, byte for byte. Every number is exact."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from tinyml_compress.results.base import Result, Value


class Difference(Value, frozen=True, kw_only=True):
    """Two lists of arrays, compared bit by bit."""

    elements: int
    mismatches: int
    largest: float = msgspec.field(name="largest_difference")
    """Of the stored values: steps of the quantized type, or plain values of a float type."""


class Divergence(Difference, frozen=True, kw_only=True):
    """The first node, in execution order, whose result differs although those before it agree."""

    index: int
    op: str
    layer: str
    tensor: str

    def __str__(self) -> str:
        apart = f"{self.mismatches:,} of {self.elements:,} values, by at most {self.largest:g}"
        return f"{self.index} {self.op} {self.layer}, {apart}"


class Verification(Result, frozen=True, kw_only=True):
    """What `verify` found."""

    verb: ClassVar[str] = "verify"
    derived: ClassVar[tuple[str, ...]] = ("equal",)

    a: str
    """File and engine."""
    b: str
    vectors: int
    differing: tuple[str, ...] = msgspec.field(name="differing_vectors")
    """Names of the vectors that differ."""
    elements: int
    """Output values that were compared, over all vectors."""
    mismatches: int
    largest: float = msgspec.field(name="largest_difference")
    """Of the stored values, as in the divergence."""
    litert: str | None = None
    """Which LiteRT ran, when one did: its kernels changed between versions."""
    divergence: Divergence | None = msgspec.field(default=None, name="first_divergence")
    why_no_divergence: str | None = msgspec.field(default=None, name="first_divergence_absent")

    @property
    def equal(self) -> bool:
        """Whether no output value differs."""
        return self.mismatches == 0
