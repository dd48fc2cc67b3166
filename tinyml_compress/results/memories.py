"""What lies in which memory."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tinyml_compress.results.base import Value


class MemoryShare(Value, frozen=True, kw_only=True):
    """One of several memories, and what of the model lies there."""

    name: str
    nbytes: int = msgspec.field(name="bytes")
    """What it has for that."""
    parts: Mapping[str, int]
    """Bytes by cause. Exact."""

    @property
    def shown(self) -> str:
        """In a line."""
        parts = ", ".join(f"{cause} {nbytes:,}" for cause, nbytes in self.parts.items())
        return f"{self.name} {sum(self.parts.values()):,} of {self.nbytes:,} B: {parts}"


class MemoryUse(MemoryShare, frozen=True, kw_only=True):
    """The same of a board that ran the model."""

    cycles_per_8_bytes: float
    """Modelled: of data read in sequence, beyond the loads."""
    is_cached: bool
    """Then only what misses the data cache costs that."""
    words_read: int | None = None
    """8-byte words in one inference, other than the one read before. Exact; absent on cores whose reads are
    not told apart (RISC-V).
    """

    @property
    def read(self) -> str:
        """How often, and at what price."""
        each = "each that misses the data cache" if self.is_cached else "each"
        cost = f"{self.cycles_per_8_bytes:.3g} cycles {each}" if self.cycles_per_8_bytes else "no wait"
        words = "words of 8 B" if self.words_read is None else f"{self.words_read:,} words of 8 B read"
        return f"{words}, {cost}"
