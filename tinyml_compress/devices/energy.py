"""What a running board draws, asleep and awake, and what that means for an inference every so often."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tinyml_compress.errors import UsageError
from tinyml_compress.results.targets import SetUp, Sleep


@dataclass(frozen=True)
class Draw:
    """Of a board that runs one inference every so often. Modelled."""

    busy: float
    """Part of the time that it computes; above 1 it cannot keep up."""
    milliwatts: float | None
    """On average; None: it cannot keep up."""
    sleep: Sleep | None
    """None: its sleep is not counted."""
    hours: float | None
    """Of the battery; None where there is none."""

    def __str__(self) -> str:
        if self.milliwatts is None:
            return f"cannot keep up: one inference takes {self.busy:.3g} times as long"
        sleep = "without sleep" if self.sleep is None else f"with {self.sleep.microamps:g} uA asleep"
        battery = "" if self.hours is None else f"; the battery lasts {_duration(self.hours)}"
        return f"{self.milliwatts:.3g} mW on average, {sleep}{battery}"


_UNITS: Mapping[str, float] = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
_CHARGES: Mapping[str, float] = {"mAh": 1.0, "Ah": 1000.0}
_HOURS_OF_A_DAY = 24
_DAYS_OF_A_YEAR = 365.25


@dataclass(frozen=True)
class Duty:
    """One inference every `seconds`, from a battery of `milliamp_hours` or from no battery."""

    seconds: float
    milliamp_hours: float | None = None

    @classmethod
    def of(cls, every: str | None, battery: str | None) -> Duty | None:
        """As the command line says it; None where it says nothing."""
        if every is None:
            if battery is not None:
                raise UsageError(
                    "a battery lasts as long as inferences are rare",
                    which="--battery",
                    next_step="--every 1s says how often one runs",
                )
            return None
        seconds = _amount("--every", every, _UNITS)
        return cls(seconds, None if battery is None else _amount("--battery", battery, _CHARGES))

    def draw(self, set_up: SetUp, sleep: Sleep | None, millijoules: float, seconds: float) -> Draw:
        """Of inferences of so much energy and so many seconds. The battery has the voltage of the set-up."""
        busy = seconds / self.seconds
        if busy > 1:
            return Draw(busy, None, sleep, None)
        asleep = 0.0 if sleep is None else sleep.milliwatts * (1 - busy)
        milliwatts = millijoules / self.seconds + asleep
        has_battery = self.milliamp_hours is not None and milliwatts > 0
        hours = (self.milliamp_hours or 0.0) * set_up.volts / milliwatts if has_battery else None
        return Draw(busy, milliwatts, sleep, hours)

    def __str__(self) -> str:
        battery = "" if self.milliamp_hours is None else f", {self.milliamp_hours:g} mAh"
        return f"every {self.seconds:g} s{battery}"


def _amount(option: str, text: str, units: Mapping[str, float]) -> float:
    matched = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?([A-Za-z]+)", text.strip(), re.ASCII)
    scale = units.get(matched[2]) if matched else None
    amount = float(matched[1]) * scale if matched and scale else 0.0
    if amount <= 0:
        raise UsageError(
            "not an amount above zero with its unit",
            which=option,
            found=text,
            allowed=f"a number and one of {', '.join(units)}",
        )
    return amount


def _duration(hours: float) -> str:
    days = hours / _HOURS_OF_A_DAY
    if days >= _DAYS_OF_A_YEAR:
        return f"{days / _DAYS_OF_A_YEAR:.1f} years"
    return f"{days:,.0f} days" if days >= 3 else f"{hours:.3g} h"
