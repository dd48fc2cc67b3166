"""Boards and cores as data: `targets/*.toml`, checked strictly, turned into values; and the cost model."""

from tinyml_compress.devices.cost import hardware_cycles, table_cycles
from tinyml_compress.devices.load import list_devices, load_core, load_device
from tinyml_compress.devices.model import (
    Alignment,
    Calibration,
    Core,
    CostClass,
    CostTable,
    Device,
    Energy,
    Host,
    Limits,
    MemoryMap,
    QemuMap,
    Region,
)
from tinyml_compress.devices.tflm_need import TflmNeed

__all__ = [
    "Alignment",
    "Calibration",
    "Core",
    "CostClass",
    "CostTable",
    "Device",
    "Energy",
    "Host",
    "Limits",
    "MemoryMap",
    "QemuMap",
    "Region",
    "TflmNeed",
    "hardware_cycles",
    "list_devices",
    "load_core",
    "load_device",
    "table_cycles",
]
