"""The bytes of a .tflite file by cause."""

from __future__ import annotations

from tinyml_compress.results.base import Value

PARTS = {
    "weights": "flash on every engine",
    "quantization": "flash with TFLM; small tables with generated C",
    "names": "flash with TFLM, nothing with generated C",
    "metadata": "flash with TFLM, nothing with generated C",
    "structure": "flash with TFLM, nothing with generated C",
}
"""The causes, in the order of reports, and what each costs."""


class Ledger(Value, frozen=True, kw_only=True):
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

    @property
    def parts(self) -> tuple[int, ...]:
        """Bytes in the order of `PARTS`."""
        return tuple(getattr(self, part) for part in PARTS)
