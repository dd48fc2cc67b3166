"""The cost model: counted instructions by class, times the core's table, times its calibration."""

from __future__ import annotations

from collections.abc import Mapping

from tinyml_compress.devices.model import CostClass, Device


def hardware_cycles(
    device: Device, op: str, instructions: int, classes: Mapping[CostClass, int], waited: float = 0.0
) -> float:
    """Modelled cycles of one node of operator `op` ("" for what is between nodes) on that board, which
    `waited` so long for slow RAM.
    """
    return device.core.calibration.scale_for(op) * device.costs.cycles(instructions, classes) + waited
