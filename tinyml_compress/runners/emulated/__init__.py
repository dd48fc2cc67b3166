"""Generated C on an emulated microcontroller: build a bare-metal firmware, run it, count what it executes."""

from tinyml_compress.runners.emulated.counting import Count, Counts
from tinyml_compress.runners.emulated.emulation import Emulation, Emulator, emulate
from tinyml_compress.runners.emulated.firmware import Firmware, build_firmware
from tinyml_compress.runners.emulated.image import FlashLedger, Image, SizedSymbol
from tinyml_compress.runners.emulated.inference import Inference
from tinyml_compress.runners.emulated.interruption import interruptible
from tinyml_compress.runners.emulated.machine import Machine

__all__ = [
    "Count",
    "Counts",
    "Emulation",
    "Emulator",
    "Firmware",
    "FlashLedger",
    "Image",
    "Inference",
    "Machine",
    "SizedSymbol",
    "build_firmware",
    "emulate",
    "interruptible",
]
