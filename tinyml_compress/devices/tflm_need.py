"""Whether a model fits a board under TensorFlow Lite Micro: one sum, with what it takes for granted said
beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tinyml_compress.devices.model import Device
from tinyml_compress.results.figures import Figure, Kind

RUNTIME_BYTES = 54_000
"""Flash of TFLM with CMSIS-NN's kernels and start-up, without the model. 53,608 B were counted for a keyword
net and 51,412 B for a residual net, on a Cortex-M4 with release flags."""
STACK_BYTES = 1024
"""940 B were counted for both."""


@dataclass(frozen=True)
class TflmNeed:
    """What a model needs of a board, in bytes, and what the board has."""

    device: Device
    model_bytes: int
    """Exact: of the file."""
    arena_bytes: int | None
    """Used by the interpreter on this machine, whose pointers have 8 bytes: an upper bound for a 32-bit core.
    None where it is not installed: then flash alone is judged."""
    runtime_bytes: int = RUNTIME_BYTES

    @property
    def stack_bytes(self) -> int:
        """What the board sets aside; at least what TFLM takes."""
        return max(STACK_BYTES, self.device.limits.stack_bytes)

    @property
    def flash_bytes(self) -> int:
        return self.model_bytes + self.runtime_bytes

    @property
    def ram_bytes(self) -> int | None:
        return None if self.arena_bytes is None else self.arena_bytes + self.stack_bytes

    @property
    def fits(self) -> bool:
        return not self.lacking

    @property
    def lacking(self) -> Mapping[str, int]:
        """Bytes that the board lacks, by memory; empty when the model fits."""
        needs = (
            ("flash", self.flash_bytes, self.device.flash_bytes),
            ("RAM", self.ram_bytes, self.device.ram_bytes),
        )
        return {name: need - have for name, need, have in needs if need is not None and need > have}

    def __str__(self) -> str:
        if self.fits:
            return "fits"
        return "needs " + " and ".join(
            f"{-(-short // 1024):,} KB more {name}" for name, short in self.lacking.items()
        )

    @property
    def flash_parts(self) -> str:
        """The sum in words."""
        return f"model {self.model_bytes:,} and about {self.runtime_bytes:,} of TFLM's code"

    @property
    def ram_parts(self) -> str:
        """The sum in words."""
        if self.arena_bytes is None:
            return "not known: TensorFlow Lite Micro is not installed"
        return f"arena {self.arena_bytes:,} at most, stack {self.stack_bytes:,}"

    def figures(self) -> tuple[Figure, ...]:
        """Flash, and RAM where it is known."""
        flash = Figure(
            name="flash",
            value=self.flash_bytes,
            unit="B",
            kind=Kind.BOUNDED,
            limit=self.device.flash_bytes,
            parts={"model": self.model_bytes, "runtime": self.runtime_bytes},
        )
        if self.arena_bytes is None or self.ram_bytes is None:
            return (flash,)
        ram = Figure(
            name="RAM",
            value=self.ram_bytes,
            unit="B",
            kind=Kind.BOUNDED,
            limit=self.device.ram_bytes,
            parts={"arena": self.arena_bytes, "stack": self.stack_bytes},
        )
        return (flash, ram)

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What the answer rests on besides exact sizes."""
        known = (
            "TFLM's code with CMSIS-NN's kernels and start-up takes "
            f"{self.runtime_bytes:,} B of flash: an estimate "
            "from two models on a Cortex-M4 (51,412 and 53,608 B counted)",
        )
        if self.arena_bytes is None:
            return (*known, "RAM is not judged: TensorFlow Lite Micro is not installed here")
        return (
            *known,
            (
                "the arena is that of TFLM's interpreter on this 64-bit machine: "
                "an upper bound for a 32-bit core"
            ),
            (
                "the stack is what the board sets aside, at least "
                f"{STACK_BYTES:,} B; the application comes on top"
            ),
        )
