"""A core of Armv8.1-M with Helium: our own interpreter, in C (`c/core.h`)."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tinyml_compress.devices import MemoryMap
from tinyml_compress.errors import EmulationError
from tinyml_compress.runners import toolchain
from tinyml_compress.runners.emulated.classes import disassembler
from tinyml_compress.runners.emulated.counting import Recorder
from tinyml_compress.runners.emulated.misstep import Misstep
from tinyml_compress.runners.toolchain import Build
from tinyml_compress.support.instruction_sets import Family
from tinyml_compress.support.resources import package_folder

_SOURCES = (
    "core_run.c",
    "core_short.c",
    "core_long.c",
    "core_branch.c",
    "core_media.c",
    "core_float.c",
    "core_vector.c",
    "core_vector_memory.c",
    "core_vector_float.c",
    "core_lanes.c",
    "core_widths.c",
    "core_reduce.c",
)
_SYSTEM = (0xE000E000, 4096)
_MOST_ROOMS = 8
_SP = 13
_LR = 14
_RUNS, _FAULTED, _UNKNOWN, _ASKED, _BROKEN, _MODE = range(6)
_READS, _WRITES, _JUMPS, _UNALIGNED = range(4)


class _RoomStruct(ctypes.Structure):
    _fields_ = (("data", ctypes.c_void_p), ("start", ctypes.c_uint32), ("bytes", ctypes.c_uint32))


class _CoreStruct(ctypes.Structure):
    _fields_ = (
        ("r", ctypes.c_uint32 * 17),
        ("next", ctypes.c_uint32),
        ("negative", ctypes.c_uint32),
        ("zero", ctypes.c_uint32),
        ("carry", ctypes.c_uint32),
        ("overflow", ctypes.c_uint32),
        ("saturated", ctypes.c_uint32),
        ("greater", ctypes.c_uint32),
        ("it", ctypes.c_uint32),
        ("in_it", ctypes.c_uint32),
        ("vpr", ctypes.c_uint32),
        ("ltpsize", ctypes.c_uint32),
        ("float_flags", ctypes.c_uint32),
        ("privileged", ctypes.c_uint32 * 2),
        ("vectors", ctypes.c_uint64 * 16),
        ("flash", _RoomStruct),
        ("ram", _RoomStruct),
        ("system", _RoomStruct),
        ("more", _RoomStruct * _MOST_ROOMS),
        ("steps", ctypes.c_void_p),
        ("counter", ctypes.c_void_p),
        ("watch", ctypes.c_void_p),
        ("code_start", ctypes.c_uint32),
        ("code_halfwords", ctypes.c_uint32),
        ("done", ctypes.c_uint32),
        ("halt", ctypes.c_int32),
        ("fault_address", ctypes.c_uint32),
        ("fault_bytes", ctypes.c_uint32),
        ("fault_kind", ctypes.c_uint32),
        ("fault_pc", ctypes.c_uint32),
        ("last_jump", ctypes.c_uint32),
        ("nowhere", ctypes.c_uint8 * 32),
    )


class CoreInterpreter:
    """Memory and registers of one core. Code is not written while it runs, so steps stay decoded."""

    def __init__(self, memory: MemoryMap, segments: Iterable[tuple[int, bytes]], code: range) -> None:
        halfwords = (len(code) + 1) // 2
        self._rams = memory.rams
        self._rooms = {
            start: np.zeros(nbytes, np.uint8)
            for start, nbytes in ((memory.flash_address, memory.flash_bytes), *memory.rams, _SYSTEM)
        }
        rooms = [_RoomStruct(room.ctypes.data, start, len(room)) for start, room in self._rooms.items()]
        self._steps = np.zeros((halfwords + 1) * _library().tc_step_bytes(), np.uint8)
        self._core = _CoreStruct(
            flash=rooms[0],
            ram=rooms[1],
            system=rooms[-1],
            more=(_RoomStruct * _MOST_ROOMS)(*rooms[2:-1]),
            steps=self._steps.ctypes.data,
            code_start=code.start,
            code_halfwords=halfwords,
        )
        if _library().tc_core_bytes() != ctypes.sizeof(self._core):
            raise EmulationError("the interpreter was built with another layout", which="core.h")
        for address, data in segments:
            self.write(address, data)

    @property
    def pc(self) -> int:
        return int(self._core.r[15])

    @property
    def for_hooks(self) -> tuple[int, int]:
        """Addresses of the functions that stop it and read its registers."""
        functions = (_library().tc_core_stop, _library().tc_core_register)
        stop, register = (ctypes.cast(function, ctypes.c_void_p).value or 0 for function in functions)
        return stop, register

    @property
    def misstep(self) -> Misstep | None:
        core = self._core
        if core.halt == _FAULTED:
            return self._fault()
        if core.halt == _UNKNOWN:
            return Misstep(f"instruction not known: {self._code_at(core.fault_pc)}", core.fault_pc)
        if core.halt == _BROKEN:
            return Misstep("the end of a plain loop inside one under tail predication", core.fault_pc)
        if core.halt == _MODE:
            return Misstep("a mode of the floating-point unit other than after reset", core.fault_pc)
        return None

    def _fault(self) -> Misstep:
        core, address = self._core, int(self._core.fault_address)
        in_ram = any(0 <= address - start < nbytes for start, nbytes in self._rams)
        words = {
            _READS: "read of",
            _WRITES: "write to flash," if self._holds(address) else "write to",
            _UNALIGNED: "unaligned access to",
            _JUMPS: "execution of RAM," if in_ram else "jump to",
        }
        return Misstep(words[core.fault_kind], core.fault_pc, address, core.fault_bytes)

    def _code_at(self, address: int) -> str:
        code = self.read(address, 4)
        for _, _, mnemonic, operands in disassembler(Family.THUMB).disasm_lite(code, address, 1):
            return f"{mnemonic} {operands}"
        return code.hex(" ", 2)

    def write(self, address: int, data: bytes) -> None:
        self._place(address, len(data))[:] = np.frombuffer(data, np.uint8)

    def read(self, address: int, nbytes: int) -> bytes:
        return self._place(address, nbytes).tobytes()

    def _place(self, address: int, nbytes: int) -> npt.NDArray[np.uint8]:
        start, room = next(item for item in self._rooms.items() if self._within(*item, address))
        return room[address - start : address - start + nbytes]

    @staticmethod
    def _within(start: int, room: npt.NDArray[np.uint8], address: int) -> bool:
        return 0 <= address - start < len(room)

    def _holds(self, address: int) -> bool:
        return any(self._within(start, room, address) for start, room in self._rooms.items())

    def set_stack(self, address: int) -> None:
        self._core.r[_SP] = address

    def called(self) -> tuple[int, int, int]:
        """At the start of a function: its first two arguments, and where it returns to."""
        first, second, back = (int(self._core.r[number]) for number in (0, 1, _LR))
        return first, second, back & ~1

    def answer(self, value: int) -> None:
        """What the function gives."""
        self._core.r[0] = value

    def record(self, recorder: Recorder) -> None:
        """Count with the hooks of the other emulators."""
        self._core.counter = ctypes.addressof(recorder.counter)
        self._core.watch = ctypes.addressof(recorder.watch)

    def run(self, begin: int, done: int, seconds: float | None) -> None:
        """Until `done`, a misstep, a stop, or the time is up."""
        core = self._core
        core.r[15], core.done, core.halt = begin, done, _RUNS
        core.it = core.in_it = core.vpr = core.float_flags = 0
        core.ltpsize = 4
        if seconds is None:
            _library().tc_core_run(ctypes.byref(core))
            return
        alarm = threading.Timer(seconds, self.stop)
        alarm.daemon = True
        alarm.start()
        try:
            _library().tc_core_run(ctypes.byref(core))
        finally:
            alarm.cancel()

    def stop(self) -> None:
        self._core.halt = _ASKED


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL:
    folder = package_folder("tinyml_compress.runners.emulated.c")
    files: dict[str, str | bytes] = {
        name: (folder / name).read_text()
        for name in ("core.h", "core_number.h", "core_vector.h", "hooks.c", *_SOURCES)
    }
    zig = toolchain.zig()
    flags = (
        "-shared",
        "-fPIC",
        "-O2",
        "-nostdlib",
        "-ffreestanding",
        "-ffp-contract=off",
        "-fno-math-errno",
        *zig.host_flags,
    )
    return ctypes.CDLL(str(toolchain.build(Build(zig, files, "core.so", flags, sources=_SOURCES))))
