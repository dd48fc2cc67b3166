"""What runs on an NPU beside the core, layer by layer, and who says so."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tinyml_compress.results.base import Value
from tinyml_compress.results.check import Refused


class PlacedLayer(Value, frozen=True, kw_only=True):
    """One operator of the model's file, wherever it runs."""

    index: int
    op: str
    name: str
    place: str
    """NPU or CPU."""
    macs: int
    cycles: int | None = None
    """Of its place: the NPU's as its compiler models them, the core's as ours are; absent where unknown."""
    instructions: int | None = None
    """Of the core. Exact."""
    computing: int | None = None
    """Cycles in which the NPU's arithmetic is busy."""
    sram_cycles: int | None = None
    """Cycles that its traffic takes at the SRAM; the next at the memory of the constants."""
    constant_cycles: int | None = None
    sram: int | None = msgspec.field(name="sram_bytes", default=None)
    """Taken while it runs."""
    constants: int | None = msgspec.field(name="constant_bytes", default=None)
    """Its weights as they lie encoded."""


class Accelerator(Value, frozen=True, kw_only=True):
    """An NPU, and what its compiler makes of a model."""

    name: str
    by: str
    """Who modelled its numbers."""
    clock_hz: int
    system: Mapping[str, str]
    """What the numbers take the memories for, in the compiler's words."""
    layers: tuple[PlacedLayer, ...]
    """In the file's order: cycles of those on the NPU sum to its total."""
    left: tuple[Refused, ...]
    """Layers that stay on the core, and what change would place them."""

    @property
    def shown(self) -> str:
        """In a line."""
        placed = sum(layer.place == "NPU" for layer in self.layers)
        return f"{self.name}, {self.clock_hz / 1e6:g} MHz: {placed} of {len(self.layers)} layers"
