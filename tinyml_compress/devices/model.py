"""Boards, cores and their costs, as values. Made by `load.py` from TOML; nothing else makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

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
]


class CostClass(Enum):
    """Classes of instructions that cost more than one cycle. The value is the key in `[cost.*]`."""

    LOAD = "load"
    STORE = "store"
    LOAD_PAIR = "load-pair"
    STORE_PAIR = "store-pair"
    LOAD_MULTIPLE_REGISTER = "load-multiple-register"
    """Per register of an LDM, POP or VLDM."""
    STORE_MULTIPLE_REGISTER = "store-multiple-register"
    """Per register of an STM, PUSH or VSTM."""
    BRANCH_TAKEN = "branch-taken"
    """Every jump that does not go on with the next instruction: calls and returns too."""
    CALL = "call"
    """Beyond what a taken branch costs."""
    MULTIPLY = "multiply"
    MULTIPLY_LONG = "multiply-long"
    DIVIDE = "divide"
    FLOAT = "float"
    FLOAT_DIVIDE = "float-divide"
    """Division and square root."""


class Alignment(Enum):
    """Which unaligned accesses fault on silicon though the emulator lets them pass."""

    ALL = "all"
    PAIRS = "pairs"
    """Single loads and stores may be unaligned; LDRD, STRD, LDM and STM may not."""
    NONE = "none"


@dataclass(frozen=True)
class Region:
    """One stretch of memory of a board."""

    name: str
    address: int
    nbytes: int
    what: str
    source: str

    @property
    def end(self) -> int:
        return self.address + self.nbytes


@dataclass(frozen=True)
class MemoryMap:
    """Where a firmware is laid: one stretch of flash, one of RAM."""

    flash_address: int
    flash_bytes: int
    ram_address: int
    ram_bytes: int


@dataclass(frozen=True)
class CostTable:
    """Cycles of one instruction = 1 + the extra of every class that it belongs to."""

    extra: Mapping[CostClass, float]
    sources: Mapping[CostClass, str]

    def of(self, cost_class: CostClass) -> float:
        return self.extra.get(cost_class, 0.0)


@dataclass(frozen=True)
class Calibration:
    """How table cycles become hardware cycles, and how far that can be off."""

    scale: float
    """Hardware cycles per table cycle."""
    by_operator: Mapping[str, float]
    """The scale for nodes of these operators, where measurements show another one."""
    error: float
    """Half-width of the error bar, as a fraction of the cycles."""
    calibrated: bool
    """Whether published times of this core went in; if not, every report says so."""
    against: str
    """What it was compared with, or why with nothing."""

    def scale_for(self, op: str) -> float:
        return self.by_operator.get(op, self.scale)


@dataclass(frozen=True)
class QemuMap:
    """A QEMU machine with this core, and the memory that a firmware is relinked to for it."""

    machine: str
    memory: MemoryMap


@dataclass(frozen=True)
class Core:
    """A processor core: how to compile for it, how to emulate it, what its instructions cost."""

    name: str
    title: str
    isa: str
    kernels: tuple[str, ...]
    """Kernel sets that it can run, by the suffix of their symbols: c, dsp."""
    fpu: bool
    alignment: Alignment
    compilers: Mapping[str, tuple[str, ...]]
    """Flags by toolchain name; a toolchain that is absent cannot build for this core."""
    unicorn: str | None
    """CPU model of the built-in emulator; None: only QEMU has this core."""
    qemu: QemuMap | None
    costs: CostTable
    calibration: Calibration
    digest: str
    """sha256 of the file."""

    @property
    def is_riscv(self) -> bool:
        return self.isa.startswith("rv")


@dataclass(frozen=True)
class Limits:
    """What an engine may use of the board."""

    engines: tuple[str, ...]
    stack_bytes: int
    """RAM set aside for the stack."""
    reserved_flash_bytes: int
    """Flash at its start that a boot loader or radio stack holds."""
    reserved_ram_bytes: int


@dataclass(frozen=True)
class Energy:
    """What the maker says a running core draws; it is of the chip alone, at typical conditions."""

    microamps_per_mhz: float
    volts: float
    mode: str
    source: str

    def millijoules(self, cycles: int) -> float:
        """Of so many cycles in that mode: modelled, with the cycles' own error on top."""
        return cycles / 1e6 * self.microamps_per_mhz * 1e-6 * self.volts * 1e3


@dataclass(frozen=True)
class Device:
    """A board."""

    name: str
    title: str
    page: str
    core: Core
    clock_hz: int
    flash: tuple[Region, ...]
    ram: tuple[Region, ...]
    toolchain: str
    flags: tuple[str, ...]
    limits: Limits
    sources: Mapping[str, str]
    notes: str
    digest: str
    """sha256 of the file."""
    energy: Energy | None = None
    """Absent where the maker publishes no current per MHz that could be checked."""

    @property
    def flash_bytes(self) -> int:
        """Flash that a firmware can use."""
        return self.memory.flash_bytes

    @property
    def ram_bytes(self) -> int:
        """RAM that a firmware can use."""
        return self.memory.ram_bytes

    @property
    def memory(self) -> MemoryMap:
        """The longest stretch of adjoining regions of each kind, less what is reserved at its start."""
        flash, ram = _longest_run(self.flash), _longest_run(self.ram)
        limits = self.limits
        return MemoryMap(
            flash[0] + limits.reserved_flash_bytes,
            flash[1] - limits.reserved_flash_bytes,
            ram[0] + limits.reserved_ram_bytes,
            ram[1] - limits.reserved_ram_bytes,
        )


@dataclass(frozen=True)
class Host:
    """This machine, as a target: wall clock instead of emulation."""

    name: str
    title: str
    notes: str
    digest: str


def _longest_run(regions: tuple[Region, ...]) -> tuple[int, int]:
    runs: list[tuple[int, int]] = []
    for region in sorted(regions, key=lambda region: region.address):
        if runs and sum(runs[-1]) == region.address:
            runs[-1] = (runs[-1][0], runs[-1][1] + region.nbytes)
        else:
            runs.append((region.address, region.nbytes))
    return max(runs, key=lambda run: run[1])
