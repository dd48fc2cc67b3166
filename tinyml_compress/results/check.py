"""Before any work is put into a model: what engines on targets would refuse of it, and the way out."""

from __future__ import annotations

from typing import ClassVar

from tinyml_compress.results.base import Result, Value


class Refused(Value, frozen=True, kw_only=True):
    """One operator of the file, and why it is refused."""

    layer: str
    what: str
    found: str | None = None
    allowed: str | None = None
    next_step: str


class Demand(Value, frozen=True, kw_only=True):
    """Memory that is needed of what the device has."""

    derived: ClassVar[tuple[str, ...]] = ("fits",)

    memory: str
    needed: int
    """Bytes; `of_what` says which parts are estimated."""
    available: int
    """Bytes, exact."""
    of_what: str

    @property
    def fits(self) -> bool:
        """Whether the device has as much."""
        return self.needed <= self.available


class FittingSize(Value, frozen=True, kw_only=True):
    """The largest net of a family that the device takes; it was converted, with random weights."""

    family: str
    layers: int
    width: int
    heads: int
    inner: int
    words: int
    """Of the vocabulary."""
    length: int
    """Tokens of a text."""
    parameters: int
    memory: tuple[Demand, ...]


class Contract(Value, frozen=True, kw_only=True):
    """What one engine on one device says to a model."""

    derived: ClassVar[tuple[str, ...]] = ("holds",)

    device: str
    engine: str
    refused: tuple[Refused, ...]
    memory: tuple[Demand, ...]
    left: tuple[Refused, ...] | None = None
    """Layers that the device's NPU leaves to the core, and what change would place them: no refusal."""
    assumptions: tuple[str, ...] | None = None
    """What the sums rest on besides exact sizes; absent where nothing is assumed."""

    fitting: FittingSize | None = None
    """Of a transformer that is not taken: what would be; absent where none was looked for or nothing fits."""

    @property
    def holds(self) -> bool:
        """Whether the model is taken."""
        return not self.refused and all(demand.fits for demand in self.memory)


class Check(Result, frozen=True, kw_only=True):
    """One contract per target and engine."""

    verb: ClassVar[str] = "check"

    contracts: tuple[Contract, ...]
    notes: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether all of them do."""
        return all(contract.holds for contract in self.contracts)
