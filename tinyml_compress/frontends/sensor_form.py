"""How windows of a sensor with several axes become rows of a model's input."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tinyml_compress.frontends.inputs import FRACTION


class Statistic(Enum):
    """What is made of a window of one axis."""

    MEAN = "mean"
    STD = "std"
    RMS = "rms"
    CROSSINGS = "crossings"
    RANGE = "range"


@dataclass(frozen=True)
class SensorForm:
    """Recordings of `moments`, a number of 16 bits per axis each; `window` of them, every `step`, become the
    statistics of each axis and the logarithms of the energies of its `bands` of frequency.

    Without a window a moment is a row as it is.
    """

    rate: int
    """Moments per second."""
    moments: int
    axes: int
    counts: float
    """The sensor's whole number for a value of 1 in the set."""
    window: int
    step: int
    statistics: tuple[Statistic, ...]
    bands: int

    @property
    def kind(self) -> str:
        return "sensor"

    @property
    def is_fixed(self) -> bool:
        return True

    @property
    def fraction(self) -> int:
        """Bits behind the point of a feature."""
        return FRACTION if self.window else 0

    @property
    def hop(self) -> int:
        return self.axes * (self.step if self.window else 1)

    @property
    def frame_samples(self) -> int:
        return self.axes * (self.window or 1)

    @property
    def every_ms(self) -> float:
        return 1e3 * self.hop / self.axes / self.rate

    @property
    def sample_rate(self) -> int:
        return self.rate

    @property
    def samples(self) -> int:
        return self.moments * self.axes

    @property
    def values(self) -> int:
        return self.axes * (len(self.statistics) + self.bands if self.window else 1)

    @property
    def frames(self) -> int:
        return 1 + (self.samples - self.frame_samples) // self.hop

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.frames, self.values)
