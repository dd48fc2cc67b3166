"""Generated C on an emulated microcontroller: build a bare-metal firmware, run it, count what it executes."""

from tinyml_compress.runners.emulated.counting import Count, Counts
from tinyml_compress.runners.emulated.emulation import Emulation, Emulator, emulate
from tinyml_compress.runners.emulated.firmware import Firmware, Line, build_firmware
from tinyml_compress.runners.emulated.image import FlashLedger, Image, SizedSymbol
from tinyml_compress.runners.emulated.inference import Inference
from tinyml_compress.runners.emulated.interruption import interruptible
from tinyml_compress.runners.emulated.machine import Machine
from tinyml_compress.runners.emulated.on_line import Beside, Characters, Costs, DeviceOnLine, SoundPiece

__all__ = [
    "Beside",
    "Characters",
    "Costs",
    "Count",
    "Counts",
    "DeviceOnLine",
    "Emulation",
    "Emulator",
    "Firmware",
    "FlashLedger",
    "Image",
    "Inference",
    "Line",
    "Machine",
    "SizedSymbol",
    "SoundPiece",
    "build_firmware",
    "emulate",
    "interruptible",
]
