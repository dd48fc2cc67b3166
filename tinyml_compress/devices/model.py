"""Boards, cores and their costs, as values. Made by `load.py` from TOML; nothing else makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from tinyml_compress.ir import KernelWork, Memories, Memory, Prices
from tinyml_compress.results.targets import Energy, SetUp, Sleep
from tinyml_compress.support.instruction_sets import Family, Isa

_LINE_BYTES = 32
_WORDS_OF_A_LINE = 4
_REGISTERS_OF_A_WORD = 2
_STATICS = 256
"""Of the fastest RAM, for what a firmware keeps outside stack and arena."""


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
    VECTOR = "vector"
    """Of integers, 8 or 16 bytes at a time, on cores whose vectors are one instruction's work."""
    VECTOR_MULTIPLY = "vector-multiply"
    """The same, multiplications and dot products, of floats too."""
    LOAD_RUN = "load-run"
    """Single loads that follow each other in a block, none using what the one before loaded, count once."""
    FLASH_LOAD = "flash-load"
    """Per register that is loaded from flash: data, never code."""
    FLASH_WORD = "flash-word"
    """Per 8-byte word of flash that data is loaded from, other than the one before."""
    FLASH_LINE = "flash-line"
    """Per 32-byte line of flash that is neither among the last eight nor in the data cache."""
    ISSUE_SLOT = "issue-slot"
    """Cycles of a core that issues up to two instructions in order, by rules of its own."""
    BEAT_SLOT = "beat-slot"
    """Cycles of a core that issues one instruction at a time and ends hardware loops by itself."""
    VECTOR_WAIT = "vector-wait"
    """Cycles of waiting for the second half of a vector that is in the unit which is needed."""
    GATHER_ELEMENT = "gather-element"
    """Per element that a gathering load or a scattering store moves."""


FLASH_CLASSES = (CostClass.FLASH_LINE, CostClass.FLASH_WORD, CostClass.FLASH_LOAD)
"""Units in which data is read from flash."""


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
    wait_states: int | None = None
    """At the board's clock; None: not known."""
    hidden_by: str = ""
    """What hides them: a cache, a prefetch buffer."""
    price: float | None = None
    """Of data, where this board's own was measured; None: the core's. Cycles of the core's unit of flash; of
    RAM, cycles per 8-byte word.
    """
    tightly_coupled: bool = False
    """RAM that the core reaches without a bus or a cache."""

    @property
    def end(self) -> int:
        return self.address + self.nbytes


@dataclass(frozen=True)
class DataCache:
    """What keeps lines of 32 bytes that were loaded from flash, and from some RAM."""

    nbytes: int
    ways: int
    ram: tuple[Region, ...]
    """Regions of RAM that are read through it."""
    source: str

    @property
    def lines(self) -> int:
        return self.nbytes // _LINE_BYTES

    @property
    def sets(self) -> int:
        return self.lines // self.ways

    def covers(self, address: int) -> bool:
        """Whether RAM at that address is read through it."""
        return any(region.address <= address < region.end for region in self.ram)


@dataclass(frozen=True)
class Stretch:
    """Adjoining regions of RAM that are alike."""

    name: str
    """The first one's."""
    address: int
    nbytes: int
    price: float = 0.0
    """Cycles beyond the loads to read 8 bytes there in sequence."""
    is_cached: bool = False
    """Then they are charged by lines that miss the data cache."""

    @property
    def end(self) -> int:
        return self.address + self.nbytes


@dataclass(frozen=True)
class MemoryMap:
    """Where a firmware is laid: one stretch of flash, one of RAM, and further ones for arenas."""

    flash_address: int
    flash_bytes: int
    ram_address: int
    ram_bytes: int
    more: tuple[Stretch, ...] = ()
    ram_price: float = 0.0
    """Of the first RAM, as of a stretch."""

    @property
    def rams(self) -> tuple[tuple[int, int], ...]:
        """Address and bytes of every RAM."""
        return ((self.ram_address, self.ram_bytes), *((one.address, one.nbytes) for one in self.more))

    def waited(self, words: Sequence[int]) -> float:
        """Cycles for so many 8-byte words read from each RAM, beyond the loads and the data cache."""
        prices = (self.ram_price, *(0.0 if one.is_cached else one.price for one in self.more))
        return sum(price * count for price, count in zip(prices, words, strict=False))


@dataclass(frozen=True)
class CostTable:
    """Cycles of one instruction = `instruction` + the extra of every class that it belongs to."""

    extra: Mapping[CostClass, float]
    sources: Mapping[CostClass, str]
    instruction: float = 1.0
    """0 where issue slots are counted instead."""

    def of(self, cost_class: CostClass) -> float:
        return self.extra.get(cost_class, 0.0)

    def cycles(self, instructions: int, classes: Mapping[CostClass, int]) -> float:
        """Of so many instructions, with so many of each class."""
        extras = (self.of(cost_class) * count for cost_class, count in classes.items())
        return self.instruction * instructions + sum(extras)

    @property
    def flash_word(self) -> float:
        """Cycles beyond the loads themselves to read 8 bytes of flash, as words and in sequence."""
        return (
            self.of(CostClass.FLASH_WORD)
            + self.of(CostClass.FLASH_LINE) / _WORDS_OF_A_LINE
            + self.of(CostClass.FLASH_LOAD) * _REGISTERS_OF_A_WORD
        )

    @property
    def flash(self) -> CostClass | None:
        """By what reads of data from flash are priced; None: they are not."""
        return next((kind for kind in FLASH_CLASSES if self.of(kind)), None)


@dataclass(frozen=True)
class Fitted:
    """Programs of one chip that a core's costs were fitted on."""

    programs: int
    vendors: int

    def __str__(self) -> str:
        return f"{self.programs} programs of {self.vendors} vendor{'s' * (self.vendors > 1)}"


@dataclass(frozen=True)
class Calibration:
    """How table cycles become hardware cycles, and how far that can be off."""

    scale: float
    """Hardware cycles per table cycle."""
    by_operator: Mapping[str, float]
    """The scale for nodes of these operators, where measurements show another one."""
    error: float
    """Half-width of the error bar, as a fraction of the cycles: of what the fit left out, or assumed."""
    calibrated: bool
    """Whether published times of this core went in; if not, every report says so."""
    against: str
    """What it was compared with, or why with nothing."""
    chips: Mapping[str, Fitted] = field(default_factory=dict)
    """By chip: on what the costs were fitted."""
    elsewhere: float | None = None
    """The bar on a chip that is not among them; None: the same."""
    unlike: float | None = None
    """The bar for nets that are not like those in the fit; None: the same."""
    floating: float | None = None
    """The bar for float code, which was not fitted; None: as for nets that are unlike."""

    def scale_for(self, op: str) -> float:
        return self.by_operator.get(op, self.scale)


@dataclass(frozen=True)
class QemuMap:
    """A QEMU machine with this core, and the memory that a firmware is relinked to for it."""

    machine: str
    memory: MemoryMap
    vector_bits: int | None = None
    """Of RISC-V with the V extension, how long its vectors are."""


_PRICED_RISCV = "rv32imc"
"""Whose instructions the prices of plain C were counted on; it is the same on other cores of the family."""


@dataclass(frozen=True)
class Core:
    """A processor core: how to compile for it, how to emulate it, what its instructions cost."""

    name: str
    title: str
    isa: str
    kernels: tuple[Isa, ...]
    """Instruction sets of kernels that it can run."""
    fpu: bool
    alignment: Alignment
    compilers: Mapping[str, tuple[str, ...]]
    """Flags by toolchain name; a toolchain that is absent cannot build for this core."""
    unicorn: str | None
    """CPU model of the built-in emulator; None: it has none of this core."""
    interpreter: bool
    """Whether the built-in emulator is the interpreter of Armv8.1-M with Helium."""
    qemu: QemuMap | None
    costs: CostTable
    calibration: Calibration
    digest: str
    """sha256 of the file."""

    @property
    def built_in(self) -> bool:
        """Whether the built-in emulator has it."""
        return self.interpreter or self.unicorn is not None

    @property
    def family(self) -> Family:
        return Family.of(self.isa)

    @property
    def is_application(self) -> bool:
        """Whether it is one that Linux runs on, with registers of its own where a Cortex-M has memory."""
        return self.isa.endswith("-a") or self.family is Family.AARCH64

    @property
    def prices(self) -> Prices:
        """By which kernels are chosen for it."""
        costs = self.costs
        each = KernelWork(
            instructions=costs.instruction + costs.of(CostClass.BEAT_SLOT),
            slots=costs.of(CostClass.ISSUE_SLOT),
            loads=costs.of(CostClass.LOAD) + costs.of(CostClass.LOAD_RUN),
            registers=costs.of(CostClass.LOAD_MULTIPLE_REGISTER),
            flash=costs.flash_word,
            branches=costs.of(CostClass.BRANCH_TAKEN),
        )
        code = _PRICED_RISCV if self.family is Family.RISCV else self.isa
        return Prices(each * self.calibration.scale, self.name, code)


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
    chip: str = ""
    """As its maker calls the family, for the calibration."""
    cache: DataCache | None = None
    """Of data; only cores that price lines of flash ask for it."""
    energy: Energy | None = None
    """Absent where the maker publishes no current per MHz that could be checked."""
    measured: tuple[SetUp, ...] = ()
    """Set-ups whose energy was published for programs that ran on the board; the usual one first."""
    sleep: Sleep | None = None
    """Absent where no current with a source is known."""

    @property
    def set_ups(self) -> tuple[SetUp, ...]:
        """All that say what a cycle costs: measured ones, else what the maker says."""
        if self.measured or self.energy is None:
            return self.measured
        return (self.energy.set_up,)

    @property
    def costs(self) -> CostTable:
        """The core's, with this board's own price of flash where it has one."""
        table = self.core.costs
        price = next((region.price for region in self.flash if region.price is not None), None)
        unit = table.flash
        if price is None or unit is None:
            return table
        kept = {kind: extra for kind, extra in table.extra.items() if kind not in FLASH_CLASSES}
        return replace(table, extra={**kept, unit: price})

    def word_price(self, region: Region) -> float:
        """Cycles beyond the loads themselves to read 8 bytes of data there, as words and in sequence. RAM has
        none unless its file says so: programs with their weights in RAM are predicted without one.
        """
        if region not in self.flash:
            return region.price or 0.0
        return self.costs.flash_word

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

    @property
    def tiers(self) -> tuple[Stretch, ...]:
        """RAM by speed, the fastest first; none where all of it is alike and free of charge."""
        stretches: list[Stretch] = []
        for region in sorted(self.ram, key=lambda one: (*self._slowness(one), one.address)):
            price = self._slowness(region)[1]
            is_cached = self.cache is not None and self.cache.covers(region.address)
            last = stretches[-1] if stretches else None
            if last is not None and last.end == region.address and self._alike(last, region):
                stretches[-1] = replace(last, nbytes=last.nbytes + region.nbytes)
            else:
                stretches.append(Stretch(region.name, region.address, region.nbytes, price, is_cached))
        apart = len({self._slowness(region) for region in self.ram}) > 1
        return tuple(stretches) if apart or any(region.price for region in self.ram) else ()

    def _alike(self, stretch: Stretch, region: Region) -> bool:
        first = next(one for one in self.ram if one.name == stretch.name)
        return self._slowness(first) == self._slowness(region)

    def _slowness(self, region: Region) -> tuple[bool, float]:
        """What RAM is ordered by. A line that misses the data cache is charged like one of flash, at most."""
        missed = self.costs.of(CostClass.FLASH_LINE) / _WORDS_OF_A_LINE
        is_cached = self.cache is not None and self.cache.covers(region.address)
        price = region.price if region.price is not None else missed if is_cached else 0.0
        return not region.tightly_coupled, price

    @property
    def tiered(self) -> MemoryMap:
        """Like `memory`, with stack and statics in the fastest RAM and the others open for arenas; the same
        where all RAM is alike.
        """
        if not self.tiers:
            return self.memory
        first, *more = self.tiers
        held = self.limits.reserved_ram_bytes
        return replace(
            self.memory,
            ram_address=first.address + held,
            ram_bytes=first.nbytes - held,
            more=tuple(more),
            ram_price=0.0 if first.is_cached else first.price,
        )

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """The RAM of `tiered`, the fastest first."""
        if self.tiers:
            return self.tiers
        start, nbytes = _longest_run(self.ram)
        first = next(region for region in self.ram if region.address == start)
        return (Stretch(first.name, start, nbytes, 0.0, self._slowness(first)[1] > 0),)

    @property
    def memories(self) -> Memories:
        """What arenas may have of each RAM, the fastest first; none where all RAM is alike."""
        return Memories(self._free if self.tiers else ())

    @property
    def memories_with_constants(self) -> Memories:
        """The same of any board, and constants in the fastest RAM, as far as the arena leaves room."""
        return Memories(self._free, self._free[:1])

    @property
    def _free(self) -> tuple[Memory, ...]:
        taken = self.limits.stack_bytes + self.limits.reserved_ram_bytes + _STATICS
        return tuple(
            Memory(one.name, one.nbytes - taken * (place == 0), one.price)
            for place, one in enumerate(self.stretches)
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
