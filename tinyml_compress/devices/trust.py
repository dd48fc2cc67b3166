"""How true a board's modelled milliseconds are: the error bar that holds, and why, in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tinyml_compress.devices.model import Device

FITTED_OPERATORS = frozenset(
    {
        "ADD",
        "AVERAGE_POOL_2D",
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "FULLY_CONNECTED",
        "RESHAPE",
        "SOFTMAX",
    }
)
"""Of the nets that costs were fitted on."""

_MOST = 0.9
"""The part of a net's cycles that must be in nodes like those of the fit."""
_MUCH = 0.1
"""The part in float nodes beyond which a net is float."""


class Likeness(Enum):
    """Whether a net is like those that costs were fitted on."""

    LIKE = "like"
    UNLIKE = "unlike"
    FLOAT = "float"


@dataclass(frozen=True)
class Trust:
    """In milliseconds of one net on one board."""

    error: float
    """Half-width of the bar, as a fraction."""
    sentence: str

    def __str__(self) -> str:
        return f"±{self.error:.0%}: {self.sentence}"


def likeness(fitted: int, floating: int, total: int) -> Likeness:
    """Of a net with so many cycles in integer nodes of fitted operators, in float nodes, and altogether."""
    if floating > _MUCH * total:
        return Likeness.FLOAT
    return Likeness.LIKE if fitted >= _MOST * total else Likeness.UNLIKE


def trust(device: Device, like: Likeness = Likeness.LIKE) -> Trust:
    """What holds for such a net on that board."""
    calibration = device.core.calibration
    here = calibration.chips.get(device.chip)
    error = calibration.error
    if not calibration.calibrated:
        sentence = f"{device.core.name} is not calibrated: no program with a published time was counted on it"
    elif here is not None:
        sentence = f"calibrated on {here} on this chip"
    elif calibration.chips:
        programs = sum(chip.programs for chip in calibration.chips.values())
        sentence = f"core calibrated on {programs} programs, this board's flash is not"
        error = max(error, calibration.elsewhere or 0.0)
    else:
        sentence = "core calibrated, see its file"
    if like is Likeness.LIKE or not calibration.calibrated:
        return Trust(error, sentence)
    unlike = max(error, calibration.unlike or 0.0)
    if like is Likeness.UNLIKE:
        return Trust(unlike, f"{sentence}; other operators than in those programs take much of the time")
    return Trust(max(unlike, calibration.floating or 0.0), f"{sentence}, with integers; this net is float")
