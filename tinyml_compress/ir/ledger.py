"""The bytes of a model file by cause: counted by `frontend/`, shown by `report/`."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Ledger"]


@dataclass(frozen=True)
class Ledger:
    """Bytes of one file; the parts sum to `file`. All exact (counted), but `gzip`, which is measured by
    packing it.
    """

    file: int
    weights: int
    """Contents of buffers that tensors refer to."""
    quantization: int
    """Scales, zero points, and the ranges that converters leave behind."""
    names: int
    """Names of tensors, signatures, and the description."""
    metadata: int
    """Buffers that no tensor refers to."""
    structure: int
    """Shapes, operators, options, and the flatbuffer's own tables."""
    gzip: int

    def parts(self) -> tuple[tuple[str, int, str], ...]:
        """(part, bytes, what it costs) in the order of the report."""
        return (
            ("weights", self.weights, "flash on every engine"),
            ("quantization", self.quantization, "flash with TFLM; small tables with generated C"),
            ("names", self.names, "flash with TFLM, nothing with generated C"),
            ("metadata", self.metadata, "flash with TFLM, nothing with generated C"),
            ("structure", self.structure, "flash with TFLM, nothing with generated C"),
        )
