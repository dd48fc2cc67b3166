"""Places to run on, as their files describe them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from tinyml_compress.results.base import Result, Sha256, Value


class SetUp(Value, frozen=True, kw_only=True):
    """Supply and regulator of a board, and what a cycle costs with them."""

    supply: str
    volts: float
    picojoules: float = msgspec.field(name="picojoules_per_cycle")
    """Of the whole supply of the chip."""
    error: float | None = None
    """By how much nets differ, as a part; absent where that is not known."""
    source: str

    def millijoules(self, cycles: int) -> float:
        """Of so many cycles: modelled, with the cycles' own error on top."""
        return cycles * self.picojoules * 1e-9

    def error_with(self, cycles_error: float) -> float:
        """Of energy, where the cycles have that error."""
        return (1 + (self.error or 0.0)) * (1 + cycles_error) - 1


class Energy(Value, frozen=True, kw_only=True):
    """What the maker says a running core draws; it is of the chip alone, at typical conditions."""

    microamps_per_mhz: float
    volts: float
    mode: str
    source: str

    @property
    def set_up(self) -> SetUp:
        """The same per cycle: 1 uA/MHz at 1 V is 1 pJ."""
        picojoules = self.microamps_per_mhz * self.volts
        return SetUp(supply=self.mode, volts=self.volts, picojoules=picojoules, source=self.source)


class Sleep(Value, frozen=True, kw_only=True):
    """What the chip draws while it waits, with its RAM kept."""

    microamps: float
    volts: float
    mode: str
    source: str

    @property
    def milliwatts(self) -> float:
        """Of the whole chip."""
        return self.microamps * self.volts * 1e-3


class DeviceFacts(Value, frozen=True, kw_only=True):
    """What the list of targets has of one; bytes are exact."""

    name: str
    kind: str
    title: str
    core: str | None = None
    isa: str | None = None
    kernels: tuple[str, ...] | None = None
    clock_hz: int | None = None
    energy: Energy | None = None
    set_ups: tuple[SetUp, ...] | None = None
    sleep: Sleep | None = None
    flash_bytes: int | None = None
    ram_bytes: int | None = None
    stack_bytes: int | None = None
    engines: tuple[str, ...] | None = None
    file_sha256: Sha256 | None = None


class RegionFacts(Value, frozen=True, kw_only=True):
    """One stretch of memory."""

    kind: str
    """flash or ram."""
    name: str
    address: int
    nbytes: int = msgspec.field(name="bytes")
    what: str
    source: str
    cycles_per_8_bytes: float
    """Modelled, of data read in sequence, beyond the loads."""
    wait_states: int | None = None
    """Absent where they are not known."""
    hidden_by: str | None = None
    """A cache, a prefetch buffer."""


class MemoryFacts(Value, frozen=True, kw_only=True):
    """RAM as generated C uses it, on a board where it is of different speed."""

    name: str
    address: int
    nbytes: int = msgspec.field(name="bytes")
    free: int
    """What stack, statics and reserve leave of it. Exact."""
    cycles_per_8_bytes: float
    """Modelled, beyond the loads."""
    is_cached: bool
    """Then only what misses the data cache costs that."""


class CostFacts(Value, frozen=True, kw_only=True):
    """What a class of instructions costs."""

    extra: float
    """Cycles beyond those that each takes."""
    source: str


class CalibrationFacts(Value, frozen=True, kw_only=True):
    """How table cycles become hardware cycles."""

    scale: float
    by_operator: Mapping[str, float]
    error: float
    calibrated: bool
    against: str
    here: str | None = None
    """How true milliseconds of this board are, in one sentence."""


class DeviceDetails(DeviceFacts, frozen=True, kw_only=True):
    """All about one, with the source of each number."""

    page: str | None = None
    notes: str | None = None
    core_title: str | None = None
    flash_address: int | None = None
    """Where a firmware is laid."""
    ram_address: int | None = None
    regions: tuple[RegionFacts, ...] = ()
    memories: tuple[MemoryFacts, ...] | None = None
    """The fastest first; absent where all RAM is alike."""
    is_flash_priced: bool | None = None
    """Whether a price of data in flash is known for the core."""
    instruction: float | None = None
    """Cycles that each instruction takes."""
    compilers: Mapping[str, tuple[str, ...]] | None = None
    """Their flags."""
    emulators: tuple[str, ...] | None = None
    sources: Mapping[str, str] | None = None
    cost: Mapping[str, CostFacts] | None = None
    calibration: CalibrationFacts | None = None


class Targets(Result, frozen=True, kw_only=True):
    """The devices."""

    verb: ClassVar[str] = "targets"

    devices: tuple[DeviceFacts, ...]


class TargetDetails(Result, frozen=True, kw_only=True):
    """One device."""

    verb: ClassVar[str] = "targets show"

    device: DeviceDetails
