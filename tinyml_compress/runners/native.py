"""Generated C on this host: compiled to a shared library and called in this process."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import DataError, MismatchError
from tinyml_compress.ir import Port, Program
from tinyml_compress.runners import toolchain

__all__ = ["NativeModel", "load"]

Array = npt.NDArray[np.generic]
_CANARY = 0xA5
_GUARD_BYTES = 64


class NativeModel:
    """One model of a loaded library. Each call checks that nothing outside the arena was written."""

    def __init__(self, library: ctypes.CDLL, program: Program) -> None:
        self._program = program
        self._library = library  # keeps it loaded
        self._invoke = getattr(library, f"{program.prefix}_invoke")
        self._invoke.argtypes = [ctypes.c_void_p]
        self._invoke.restype = ctypes.c_int

    def invoke(self, inputs: Sequence[Array]) -> list[Array]:
        """Outputs for one set of inputs, in the model's order."""
        program = self._program
        if len(inputs) != len(program.inputs):
            raise DataError("wrong number of inputs", found=len(inputs), allowed=len(program.inputs))
        size = max(program.arena_bytes, 1)
        align = program.arena_align
        memory = np.full(size + 2 * _GUARD_BYTES + align, _CANARY, np.uint8)
        start = -(memory.ctypes.data + _GUARD_BYTES) % align + _GUARD_BYTES
        arena = memory[start : start + size]
        for port, value in zip(program.inputs, inputs, strict=True):
            self._put(arena, port, value)
        if self._invoke(ctypes.c_void_p(arena.ctypes.data)) != 0:
            raise MismatchError("the generated code refused its arena", which=program.prefix)
        if (memory[:start] != _CANARY).any() or (memory[start + size :] != _CANARY).any():
            raise MismatchError("the generated code wrote outside its arena", which=program.prefix)
        return [self._get(arena, port) for port in program.outputs]

    @staticmethod
    def _put(arena: npt.NDArray[np.uint8], port: Port, value: Array) -> None:
        data = np.ascontiguousarray(value)
        if data.dtype != port.dtype.numpy or data.nbytes != port.nbytes:
            raise DataError(
                "input of another type or size",
                which=port.name,
                found=f"{data.dtype} {data.shape}",
                allowed=f"{port.dtype.numpy} {port.shape}",
            )
        arena[port.offset : port.offset + port.nbytes] = data.reshape(-1).view(np.uint8)

    @staticmethod
    def _get(arena: npt.NDArray[np.uint8], port: Port) -> Array:
        raw = arena[port.offset : port.offset + port.nbytes].copy()
        return raw.view(port.dtype.numpy).reshape(port.shape)


def load(programs: Sequence[Program], flags: Sequence[str] = toolchain.HOST_FLAGS) -> list[NativeModel]:
    """Compile programs (of different prefixes) into one library and load it."""
    sources = {name: text for program in programs for name, text in program.files.items()}
    library = ctypes.CDLL(str(toolchain.library(sources, flags=flags)))
    return [NativeModel(library, program) for program in programs]
