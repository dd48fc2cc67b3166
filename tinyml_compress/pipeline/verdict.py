"""Does a model fit a board under TensorFlow Lite Micro? Arithmetic on sizes; `benchmark` runs the generated C."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.devices import Device

__all__ = ["TFLM_RUNTIME_BYTES", "TFLM_STACK_BYTES", "Verdict", "judge_tflm"]

TFLM_RUNTIME_BYTES = 54_000
"""Flash of TFLM with CMSIS-NN's kernels and start-up, without the model: an estimate. 53,608 B were counted for a
keyword net and 51,412 B for a residual net, on a Cortex-M4 with release flags."""
TFLM_STACK_BYTES = 1024
"""940 B were counted for both."""


@dataclass(frozen=True)
class Verdict:
    """Need against supply, in bytes; what is needed is an estimate, what the board has is exact."""

    device: Device
    flash_needed: int
    ram_needed: int

    @property
    def fits(self) -> bool:
        return self.flash_needed <= self.device.flash_bytes and self.ram_needed <= self.device.ram_bytes

    def __str__(self) -> str:
        if self.fits:
            return "fits"
        short = [
            f"{-(-(need - have) // 1024):,} KB more {name}"
            for name, need, have in (
                ("flash", self.flash_needed, self.device.flash_bytes),
                ("RAM", self.ram_needed, self.device.ram_bytes),
            )
            if need > have
        ]
        return "needs " + " and ".join(short)


def judge_tflm(device: Device, model_bytes: int, arena_bytes: int) -> Verdict:
    """Model and runtime in flash; arena and stack in RAM.

    The arena is measured on this machine, whose pointers are twice as long as a microcontroller's: an upper bound.
    """
    return Verdict(device, model_bytes + TFLM_RUNTIME_BYTES, arena_bytes + TFLM_STACK_BYTES)
