"""What this machine has of all that the tool can use."""

from __future__ import annotations

from typing import ClassVar

from tinyml_compress.results.base import Result, Value


class Part(Value, frozen=True, kw_only=False):
    """One thing the tool uses."""

    name: str
    version: str | None
    """Null where it is not installed."""
    gives: str
    get: str
    required: bool = False
    """For every verb."""
    trains: bool = False
    """Required by the verbs that load, train or convert models, and by no other."""


class Lock(Value, frozen=True, kw_only=False):
    """One thing between a stranger's file and this machine."""

    name: str
    on: bool
    keeps: str
    """What it keeps out, or what is wrong with it."""


class Connected(Value, frozen=True, kw_only=False):
    """Something that is connected with this machine."""

    name: str
    about: str


class Diagnosis(Result, frozen=True, kw_only=True):
    """The machine, its parts, and whether the required ones are all there."""

    verb: ClassVar[str] = "doctor"
    derived: ClassVar[tuple[str, ...]] = ("sound",)

    python: str
    machine: str
    cache: str
    cache_writable: bool
    parts: tuple[Part, ...]
    locks: tuple[Lock, ...]
    ports: tuple[Connected, ...] = ()
    """Serial ports, for `measure --port`."""
    probes: tuple[Connected, ...] = ()
    """Debug probes that pyOCD finds, for `measure --flash`."""

    @property
    def sound(self) -> bool:
        """Whether every verb on .tflite files works, and all locks are on."""
        here = all(part.version is not None for part in self.parts if part.required)
        return self.cache_writable and here and all(lock.on for lock in self.locks)

    @property
    def trains(self) -> bool:
        """Whether models can be loaded, trained and converted."""
        return all(part.version is not None for part in self.parts if part.trains)
