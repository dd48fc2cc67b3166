"""Boards and cores as data: `targets/*.toml`, checked strictly, turned into values; and the cost model."""

from tinyml_compress.devices.cost import hardware_cycles
from tinyml_compress.devices.energy import Draw, Duty
from tinyml_compress.devices.linux import Linux
from tinyml_compress.devices.load import Described, list_devices, load_board, load_core, load_device
from tinyml_compress.devices.model import (
    FLASH_CLASSES,
    Alignment,
    Calibration,
    Core,
    CostClass,
    CostTable,
    DataCache,
    Device,
    Fitted,
    Host,
    Limits,
    MemoryMap,
    QemuMap,
    Region,
    Stretch,
)
from tinyml_compress.devices.npu import Npu
from tinyml_compress.devices.tflm_need import TflmNeed
from tinyml_compress.devices.trust import Likeness, Trust, likeness, trust

__all__ = [
    "FLASH_CLASSES",
    "Alignment",
    "Calibration",
    "Core",
    "CostClass",
    "CostTable",
    "DataCache",
    "Described",
    "Device",
    "Draw",
    "Duty",
    "Fitted",
    "Host",
    "Likeness",
    "Limits",
    "Linux",
    "MemoryMap",
    "Npu",
    "QemuMap",
    "Region",
    "Stretch",
    "TflmNeed",
    "Trust",
    "hardware_cycles",
    "likeness",
    "list_devices",
    "load_board",
    "load_core",
    "load_device",
    "trust",
]
