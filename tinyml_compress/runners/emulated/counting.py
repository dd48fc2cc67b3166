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
from tinyml_compress.support.instruction_sets import Family
from tinyml_compress.support.resources import package_folder

KEEP = -1
OUTSIDE = -2
BETWEEN = -3
_SLOTS = 1 << 18
_UNALIGNED_SLOTS = 1024
_OF_THE_CALLER = ("tc_reset", "tc_start", "tc_main", "tc_done", "tc_pull", "tc_push")
MOST_RAMS = 4
"""As in hooks.c."""


@dataclass(frozen=True)
class Count:
    """Executed instructions and how many of them, or of their registers and jumps, fall into each class."""

    instructions: int
    classes: Mapping[CostClass, int]
    ram_words: tuple[int, ...] = ()
    """8-byte words read from each RAM of the firmware's map, where that is watched."""


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
    start = image.code.start
    table = np.full((len(image.code) + 1) // 2, KEEP, np.int16)
    belongs = {node.function: position for position, node in enumerate(program.nodes)}
    belongs |= dict.fromkeys(_OF_THE_CALLER, OUTSIDE)
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


class _RamStruct(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint32) for name in ("start", "end", "is_cached", "last_word"))


class _ReadsStruct(ctypes.Structure):
    _fields_ = (
        ("by_owner", ctypes.c_void_p),
        ("tags", ctypes.c_void_p),
        ("flash_start", ctypes.c_uint32),
        ("flash_end", ctypes.c_uint32),
        ("last_word", ctypes.c_uint32),
        ("sets", ctypes.c_uint32),
        ("ways", ctypes.c_uint32),
        ("buffer", ctypes.c_uint32 * 8),
        ("rams", _RamStruct * MOST_RAMS),
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
        ("ram_words", np.uint64, (MOST_RAMS,)),
    ]
)
"""As `tc_read_sums` in hooks.c; one row per owner, from BETWEEN on."""
_UNALIGNED = np.dtype([("pc", np.uint32), ("address", np.uint32), ("bytes", np.uint32), ("owner", np.int32)])


class ReadWatch:
    """Which reads of data are watched: those from flash, and from each RAM."""

    def __init__(self, memory: MemoryMap, cache: DataCache | None, owned: npt.NDArray[np.int16]) -> None:
        self._cache = cache
        self._flash = (memory.flash_address, memory.flash_address + memory.flash_bytes)
        self._rams = [
            (start, start + nbytes, int(cache is not None and cache.covers(start)))
            for start, nbytes in memory.rams
        ]
        self.rows = np.zeros(int(owned.max(initial=0)) - BETWEEN + 1, READS)
        """By owner, from BETWEEN on."""
        self._tags = np.zeros(cache.lines if cache else 0, np.uint32)
        self.struct = _ReadsStruct(
            by_owner=self.rows.ctypes.data,
            tags=self._tags.ctypes.data if cache else None,
            flash_start=self._flash[0],
            flash_end=self._flash[1],
            rams=(_RamStruct * MOST_RAMS)(*(_RamStruct(*row) for row in self._rams)),
            sets=cache.sets if cache else 0,
            ways=cache.ways if cache else 0,
        )

    def numbers(self) -> tuple[int, ...]:
        """The same for the plugin, which has memory of its own."""
        cache = self._cache
        shape = (cache.sets, cache.ways) if cache else (0, 0)
        return (*self._flash, *shape, len(self.rows))

    def rams(self) -> tuple[int, ...]:
        """Start, end and whether it is cached, of as many as there may be."""
        rows = [*self._rams, *[(0, 0, 0)] * (MOST_RAMS - len(self._rams))]
        return tuple(number for row in rows for number in row)


class Recorder:
    """The memory that the hooks write to, and their addresses for the emulator."""

    def __init__(
        self,
        code_start: int,
        table: npt.NDArray[np.int16],
        accesses: npt.NDArray[np.void],
        watched: ReadWatch,
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
        self._watched = watched
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
            reads=ctypes.addressof(watched.struct),
            capacity=_UNALIGNED_SLOTS,
        )

    @property
    def watches(self) -> bool:
        """Whether any instruction's address is looked at."""
        return bool(self._accesses["mask"].any() or self._accesses["registers"].any())

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
        """What was read from flash and watched RAM, by owner."""
        return self._watched.rows


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
    blocks: npt.NDArray[np.void], reads: npt.NDArray[np.void], image: Image, family: Family
) -> dict[int, Count]:
    """Instructions and classes by owner."""
    instructions: Counter[int] = Counter()
    classes: dict[int, Counter[CostClass]] = {}
    for block in blocks:
        times, address, owner = int(block["count"]), int(block["address"]), int(block["owner"])
        piece = classify_block(_code(image, address, int(block["bytes"])), address, family)
        instructions[owner] += times * piece.instructions
        sums = classes.setdefault(owner, Counter())
        for cost_class, count in piece.classes.items():
            sums[cost_class] += times * count
        sums[CostClass.BRANCH_TAKEN] += 0 if piece.ends_loop else int(block["jumped"])
    for owner, sums in classes.items():
        sums.update(_flash_classes(reads, owner))
    return {
        owner: Count(
            instructions[owner], dict(classes[owner]), tuple(reads["ram_words"][owner - BETWEEN].tolist())
        )
        for owner in instructions
    }


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
