"""The cost model: counted instructions by class, times the core's table, times its calibration."""

from __future__ import annotations

from collections.abc import Mapping

from tinyml_compress.devices.model import Core, CostClass

__all__ = ["hardware_cycles", "table_cycles"]


def table_cycles(core: Core, instructions: int, classes: Mapping[CostClass, int]) -> float:
    """Cycles by the core's table alone: one per instruction, and the extra of every class."""
    return instructions + sum(core.costs.of(cost_class) * count for cost_class, count in classes.items())


def hardware_cycles(core: Core, op: str, instructions: int, classes: Mapping[CostClass, int]) -> float:
    """Modelled cycles of one node of operator `op` ("" for what is between nodes)."""
    return core.calibration.scale_for(op) * table_cycles(core, instructions, classes)
