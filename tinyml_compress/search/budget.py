"""What a model may cost and lose, what one does cost, and by how much it misses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tinyml_compress.results import Measurement

__all__ = ["Budget", "Cost", "binding", "overdraft"]


@dataclass(frozen=True)
class Budget:
    """Upper limits; None: any. `drop` is score lost against the float model, as a fraction."""

    flash: int | None = None
    ram: int | None = None
    ms: float | None = None
    drop: float | None = None

    def limits(self) -> dict[str, float]:
        """The limits that were given, in a fixed order."""
        return {name: float(value) for name, value in asdict(self).items() if value is not None}

    @property
    def limits_cost(self) -> bool:
        """Whether anything but the score is limited."""
        return any(name != "drop" for name in self.limits())


@dataclass(frozen=True)
class Cost:
    """Of the compiled model on the emulated device; bytes and instructions exact, cycles and ms modelled."""

    flash: int
    ram: int
    cycles: int
    instructions: int
    ms: float
    level: str
    mj: float | None = None
    """Millijoule per inference, modelled; absent where the board's maker publishes no current per MHz."""

    @staticmethod
    def of(run: Measurement) -> Cost:
        """What a benchmark found on an emulated board."""
        energy = run.figure("mJ")
        mj = None if energy is None else energy.value
        return Cost(run.flash, run.ram, run.cycles, run.instructions, run.ms, run.optimize or "", mj)

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}

    @staticmethod
    def from_json(row: Mapping[str, Any]) -> Cost:
        return Cost(**row)


def overdraft(budget: Budget, cost: Cost | None, drop: float | None = None) -> dict[str, float]:
    """Per limit that can be judged: (used - limit) / limit; above 0 is too much.

    A drop is counted in points of score (limit 1 point, 3 lost: 0.02), since its limit may be 0.
    """
    found: dict[str, float] = {}
    for name, limit in budget.limits().items():
        if name == "drop":
            if drop is not None:
                found[name] = drop - limit
        elif cost is not None:
            found[name] = (float(getattr(cost, name)) - limit) / limit
    return found


def binding(budget: Budget, cost: Cost, drop: float | None) -> tuple[str, float, float] | None:
    """The limit that is used up most: its name, what is used, the limit."""
    rows = []
    for name, limit in budget.limits().items():
        used = drop if name == "drop" else float(getattr(cost, name))
        if used is not None:
            rows.append((used / limit if limit else float(used > 0), name, used, limit))
    if not rows:
        return None
    _, name, used, limit = max(rows)
    return name, used, limit
