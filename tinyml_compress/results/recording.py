"""What a model hears in a long recording, through its front end and a trigger stage."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from tinyml_compress.results.base import Result, Sha256, Value


class OperatingPoint(Value, frozen=True, kw_only=True):
    """What a threshold gives."""

    threshold: int
    """The least sum of the last scores that triggers; a score counts from the lowest that its type stores."""
    score: float
    """The same as a mean of real scores."""
    false_accepts: int
    """Triggers outside of the class's events, and further ones inside of one."""
    per_hour: float
    """False accepts in an hour of the recording."""
    missed: int
    """Events without a trigger."""


class WatchedClass(Value, frozen=True, kw_only=True):
    """A class that is listened for, and every threshold that was tried."""

    name: str
    output: int
    """Its place among the scores."""
    smoothing: int
    """Scores that are added up."""
    refractory: int
    """Steps from one trigger to the next at least."""
    events: int
    chosen: OperatingPoint
    per_hour_interval: tuple[float, float]
    """95%, of a count."""
    missed_share: float | None = None
    missed_interval: tuple[float, float] | None = None
    """95%, of a share."""
    delay: float | None = None
    """Seconds from the start of an event to its trigger, the median."""
    curve: tuple[OperatingPoint, ...]


class Listening(Result, frozen=True, kw_only=True):
    """A recording, from samples to triggers."""

    verb: ClassVar[str] = "evaluate recording"

    model: str
    model_sha256: Sha256
    recording: str
    recording_sha256: Sha256
    nbytes: int = msgspec.field(name="bytes")
    """Of the .tflite file."""
    sample_rate: int
    seconds: float
    steps: int
    """Inferences."""
    step_ms: float
    tolerance_ms: float
    """A trigger so far behind the end of an event still belongs to it."""
    allowed_per_hour: float | None = None
    """False accepts of a class, for which the thresholds were chosen here; absent where they were given."""
    false_accepts: int
    per_hour: float
    missed: int
    events: int
    watched: tuple[WatchedClass, ...]
