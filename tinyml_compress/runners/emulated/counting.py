"""Exact counts: a C hook inside the emulator records blocks per node; here they become instructions and
classes.
"""

from __future__ import annotations

import ctypes
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tinyml_compress.devices import CostClass
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
    "Count",
    "Counts",
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


class _AlignmentStruct(ctypes.Structure):
    _fields_ = (
        ("found", ctypes.c_void_p),
        ("counter", ctypes.c_void_p),
        ("reg_read", ctypes.c_void_p),
        ("accesses", ctypes.c_void_p),
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
_UNALIGNED = np.dtype([("pc", np.uint32), ("address", np.uint32), ("bytes", np.uint32), ("owner", np.int32)])


class Recorder:
    """The memory that the hooks write to, and their addresses for the emulator."""

    def __init__(
        self,
        code_start: int,
        table: npt.NDArray[np.int16],
        accesses: npt.NDArray[np.void],
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
        self.alignment = _AlignmentStruct(
            found=self._unaligned.ctypes.data,
            counter=ctypes.addressof(self.counter),
            reg_read=reg_read,
            accesses=self._accesses.ctypes.data,
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
        rows = self._unaligned[: self.alignment.count]
        return tuple(
            Unaligned(*(int(row[name]) for name in ("pc", "address", "bytes", "owner"))) for row in rows
        )

    def blocks(self) -> npt.NDArray[np.void]:
        """What ran, in a fixed order."""
        return ordered(self._entries)


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


def count_blocks(blocks: npt.NDArray[np.void], image: Image, *, is_riscv: bool) -> dict[int, Count]:
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
    return {owner: Count(instructions[owner], dict(classes[owner])) for owner in instructions}


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
