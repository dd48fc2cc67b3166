"""What an emulated core met that ends its run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Misstep:
    """Where it was, and what it did."""

    what: str
    pc: int
    address: int | None = None
    """Of the access, where one was refused."""
    nbytes: int = 0

    def __str__(self) -> str:
        return (
            self.what
            if self.address is None
            else f"{self.what} address {self.address:#010x} ({self.nbytes} bytes)"
        )
