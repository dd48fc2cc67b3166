"""Exact counts: C hooks inside the emulator record blocks and reads of flash per node; here they become
instructions and classes.
"""

from __future__ import annotations

import ctypes
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tinyml_compress.devices import CostClass, DataCache, MemoryMap
from tinyml_compress.errors import EmulationError
from tinyml_compress.ir import Program
from tinyml_compress.runners import toolchain
from tinyml_compress.runners.emulated.classes import classify_block
from tinyml_compress.runners.emulated.image import Image
from tinyml_compress.runners.toolchain import Build
from tinyml_compress.support.resources import package_folder

__all__ = [
    "BETWEEN",
    "ENTRY",
    "OUTSIDE",
    "READS",
    "Count",
    "Counts",
    "FlashWatch",
    "Recorder",
    "Unaligned",
    "count_blocks",
    "ordered",
    "owners",
    "summarize",
]

KEEP = -1
OUTSIDE = -2
BETWEEN = -3
_SLOTS = 1 << 18
_UNALIGNED_SLOTS = 1024


@dataclass(frozen=True)
class Count:
    """Executed instructions and how many of them, or of their registers and jumps, fall into each class."""

    instructions: int
    classes: Mapping[CostClass, int]


@dataclass(frozen=True)
class Counts:
    """One inference: every node by its position in the program, and what runs between nodes."""

    nodes: tuple[Count, ...]
    between: Count

    @property
    def instructions(self) -> int:
        return self.between.instructions + sum(node.instructions for node in self.nodes)


@dataclass(frozen=True)
class Unaligned:
    """An access to an address that is no multiple of its size."""

    pc: int
    address: int
    nbytes: int
    owner: int


def owners(image: Image, program: Program) -> tuple[int, npt.NDArray[np.int16]]:
    """Start of the code, and for each of its halfwords on whose behalf it runs."""
    code = [part for part in image.parts if part.is_code]
    start = min(part.address for part in code)
    end = max(part.address + part.nbytes for part in code)
    table = np.full((end - start + 1) // 2, KEEP, np.int16)
    belongs = {node.function: position for position, node in enumerate(program.nodes)}
    belongs |= dict.fromkeys(("tc_reset", "tc_start", "tc_main", "tc_done"), OUTSIDE)
    belongs[f"{program.prefix}_invoke"] = BETWEEN
    seen = set()
    for part in code:
        if part.name in belongs:
            seen.add(part.name)
            table[(part.address - start) // 2 : (part.address - start + part.nbytes + 1) // 2] = belongs[
                part.name
            ]
    missing = [node.function for node in program.nodes if node.function not in seen]
    if missing:
        raise EmulationError(
            "node functions are not in the firmware, so nothing can be counted per node",
            which=", ".join(missing[:5]),
            allowed="every node function stays a function of its own",
        )
    return start, table


class _CounterStruct(ctypes.Structure):
    _fields_ = (
        ("entries", ctypes.c_void_p),
        ("last", ctypes.c_void_p),
        ("owner_of", ctypes.c_void_p),
        ("stop", ctypes.c_void_p),
        ("bytes_left", ctypes.c_uint64),
        ("mask", ctypes.c_uint32),
        ("entries_used", ctypes.c_uint32),
        ("code_start", ctypes.c_uint32),
        ("code_halfwords", ctypes.c_uint32),
        ("last_end", ctypes.c_uint32),
        ("owner", ctypes.c_int32),
        ("exhausted", ctypes.c_int32),
        ("last_address", ctypes.c_uint32),
    )


class _ReadsStruct(ctypes.Structure):
    _fields_ = (
        ("by_owner", ctypes.c_void_p),
        ("tags", ctypes.c_void_p),
        ("flash_start", ctypes.c_uint32),
        ("flash_end", ctypes.c_uint32),
        ("cached_start", ctypes.c_uint32),
        ("cached_end", ctypes.c_uint32),
        ("last_word", ctypes.c_uint32),
        ("sets", ctypes.c_uint32),
        ("ways", ctypes.c_uint32),
        ("buffer", ctypes.c_uint32 * 8),
    )


class _WatchStruct(ctypes.Structure):
    _fields_ = (
        ("found", ctypes.c_void_p),
        ("counter", ctypes.c_void_p),
        ("reg_read", ctypes.c_void_p),
        ("accesses", ctypes.c_void_p),
        ("reads", ctypes.c_void_p),
        ("capacity", ctypes.c_uint32),
        ("count", ctypes.c_uint32),
    )


ENTRY = np.dtype(
    [
        ("count", np.uint64),
        ("jumped", np.uint64),
        ("address", np.uint32),
        ("bytes", np.uint32),
        ("owner", np.int32),
        ("used", np.uint32),
    ]
)
READS = np.dtype(
    [
        ("loads", np.uint64),
        ("words", np.uint64),
        ("buffer_lines", np.uint64),
        ("cache_lines", np.uint64),
    ]
)
"""As `tc_flash_reads` in hooks.c; one row per owner, from BETWEEN on."""
_UNALIGNED = np.dtype([("pc", np.uint32), ("address", np.uint32), ("bytes", np.uint32), ("owner", np.int32)])


class FlashWatch:
    """Which reads of data are watched: those from flash, and on a board with a data cache from cached RAM."""

    def __init__(self, memory: MemoryMap, cache: DataCache | None, owned: npt.NDArray[np.int16]) -> None:
        self._cache = cache
        self._flash = (memory.flash_address, memory.flash_address + memory.flash_bytes)
        is_cached = cache is not None and cache.covers(memory.ram_address)
        self._cached = (memory.ram_address, memory.ram_address + memory.ram_bytes) if is_cached else (0, 0)
        self.rows = np.zeros(int(owned.max(initial=0)) - BETWEEN + 1, READS)
        """By owner, from BETWEEN on."""
        self._tags = np.zeros(cache.lines if cache else 0, np.uint32)
        names = [name for name, _ in _ReadsStruct._fields_[2:6]]
        self.struct = _ReadsStruct(
            by_owner=self.rows.ctypes.data,
            tags=self._tags.ctypes.data if cache else None,
            **dict(zip(names, (*self._flash, *self._cached), strict=True)),
            sets=cache.sets if cache else 0,
            ways=cache.ways if cache else 0,
        )

    def numbers(self) -> tuple[int, ...]:
        """The same for the plugin, which has memory of its own."""
        cache = self._cache
        shape = (cache.sets, cache.ways) if cache else (0, 0)
        return (*self._flash, *self._cached, *shape, len(self.rows))


class Recorder:
    """The memory that the hooks write to, and their addresses for the emulator."""

    def __init__(
        self,
        code_start: int,
        table: npt.NDArray[np.int16],
        accesses: npt.NDArray[np.void],
        flash: FlashWatch,
        limit_bytes: int,
        stop: int,
        reg_read: int,
    ) -> None:
        hooks = _hooks()
        self.on_block = ctypes.cast(hooks.tc_on_block, ctypes.c_void_p).value
        self.on_instruction = ctypes.cast(hooks.tc_on_instruction, ctypes.c_void_p).value
        self._entries = np.zeros(_SLOTS, ENTRY)
        self._unaligned = np.zeros(_UNALIGNED_SLOTS, _UNALIGNED)
        self._table = np.ascontiguousarray(table)
        self._accesses = np.ascontiguousarray(accesses)
        self._flash = flash
        self.counter = _CounterStruct(
            entries=self._entries.ctypes.data,
            owner_of=self._table.ctypes.data,
            stop=stop,
            bytes_left=limit_bytes,
            mask=_SLOTS - 1,
            code_start=code_start,
            code_halfwords=len(self._table),
            owner=OUTSIDE,
        )
        self.watch = _WatchStruct(
            found=self._unaligned.ctypes.data,
            counter=ctypes.addressof(self.counter),
            reg_read=reg_read,
            accesses=self._accesses.ctypes.data,
            reads=ctypes.addressof(flash.struct),
            capacity=_UNALIGNED_SLOTS,
        )

    @property
    def owner(self) -> int:
        """On whose behalf the last block ran."""
        return int(self.counter.owner)

    @property
    def last_address(self) -> int:
        """Where the last block starts."""
        return int(self.counter.last_address)

    @property
    def ran_out(self) -> bool:
        """Whether the limit stopped the run."""
        if self.counter.exhausted == 2:
            raise EmulationError("the firmware has more basic blocks than can be recorded", allowed=_SLOTS)
        return bool(self.counter.exhausted)

    def unaligned(self) -> tuple[Unaligned, ...]:
        """One access per instruction that made an unaligned one."""
        rows = self._unaligned[: self.watch.count]
        return tuple(
            Unaligned(*(int(row[name]) for name in ("pc", "address", "bytes", "owner"))) for row in rows
        )

    def blocks(self) -> npt.NDArray[np.void]:
        """What ran, in a fixed order."""
        return ordered(self._entries)

    def reads(self) -> npt.NDArray[np.void]:
        """What was read from flash, by owner."""
        return self._flash.rows


@lru_cache(maxsize=1)
def _hooks() -> ctypes.CDLL:
    source = (package_folder("tinyml_compress.runners.emulated.c") / "hooks.c").read_text()
    zig = toolchain.zig()
    # Without the C library the first build on a machine takes a fraction of a second instead of several.
    flags = ("-shared", "-fPIC", "-O2", "-nostdlib", "-ffreestanding", *zig.host_flags)
    return ctypes.CDLL(str(toolchain.build(Build(zig, {"hooks.c": source}, "hooks.so", flags))))


def ordered(entries: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    """The slots in use, by address."""
    used = entries[entries["used"] == 1]
    result: npt.NDArray[np.void] = used[np.lexsort((used["owner"], used["bytes"], used["address"]))]
    return result


def count_blocks(
    blocks: npt.NDArray[np.void], reads: npt.NDArray[np.void], image: Image, *, is_riscv: bool
) -> dict[int, Count]:
    """Instructions and classes by owner."""
    instructions: Counter[int] = Counter()
    classes: dict[int, Counter[CostClass]] = {}
    for block in blocks:
        times, address, owner = int(block["count"]), int(block["address"]), int(block["owner"])
        found = classify_block(_code(image, address, int(block["bytes"])), address, is_riscv=is_riscv)
        instructions[owner] += times * found.instructions
        sums = classes.setdefault(owner, Counter())
        for cost_class, count in found.classes.items():
            sums[cost_class] += times * count
        sums[CostClass.BRANCH_TAKEN] += int(block["jumped"])
    for owner, sums in classes.items():
        sums.update(_flash_classes(reads, owner))
    return {owner: Count(instructions[owner], dict(classes[owner])) for owner in instructions}


def _flash_classes(reads: npt.NDArray[np.void], owner: int) -> dict[CostClass, int]:
    """A line costs where it misses what the flash remembers and the data cache: whichever misses less in the
    whole inference.
    """
    inside = np.arange(BETWEEN, BETWEEN + len(reads)) != OUTSIDE
    buffer, cache = (int(reads[name][inside].sum()) for name in ("buffer_lines", "cache_lines"))
    lines = "cache_lines" if 0 < cache < buffer else "buffer_lines"
    row = reads[owner - BETWEEN]
    return {
        CostClass.FLASH_LOAD: int(row["loads"]),
        CostClass.FLASH_WORD: int(row["words"]),
        CostClass.FLASH_LINE: int(row[lines]),
    }


def summarize(by_owner: Mapping[int, Count], nodes: int) -> Counts:
    """The inference alone: start-up and what stands around the call are left out."""
    nothing = Count(0, {})
    return Counts(
        tuple(by_owner.get(position, nothing) for position in range(nodes)), by_owner.get(BETWEEN, nothing)
    )


def _code(image: Image, address: int, nbytes: int) -> bytes:
    for start, data in image.segments:
        if start <= address and address + nbytes <= start + len(data):
            return data[address - start : address - start + nbytes]
    raise EmulationError("code ran outside flash", which=image.name_at(address))
