"""Generated C on this host: compiled to a shared library and called in this process."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import DataError, MismatchError
from tinyml_compress.ir import Port, Program
from tinyml_compress.runners import toolchain
from tinyml_compress.runners.row_calls import RowCalls

Array = npt.NDArray[np.generic]
_CANARY = 0xA5
_GUARD_BYTES = 64
STOPPED = 2
"""What invoke returns when the model has taken its inputs but has no result yet."""


class NativeModel:
    """One model of a loaded library, with a state of its own. Each call checks that nothing outside was
    written.
    """

    def __init__(self, library: ctypes.CDLL, program: Program) -> None:
        self._program = program
        self._library = library  # keeps it loaded
        ends = program.inputs, program.outputs
        self._rows = RowCalls(
            *({at: p.row_bytes for at, p in enumerate(ports) if p.row_bytes} for ports in ends)
        )
        pointers = len(program.arenas) + (1 if program.state_bytes else 0) + len(self._rows.arguments)
        self._invoke = getattr(library, f"{program.prefix}_invoke")
        self._invoke.argtypes = [ctypes.c_void_p] * pointers
        self._invoke.restype = ctypes.c_int
        if program.loaded:
            getattr(library, f"{program.prefix}_load")()
        self._state, self._state_at = _guarded(program.state_bytes, max(program.state_align, 1))
        self.restart()

    def restart(self) -> None:
        """The state as before the first inference."""
        self._start("init")

    def reset(self) -> None:
        """The state as the model's own reset leaves it."""
        self._start("reset")

    def _start(self, function: str) -> None:
        if self._program.state_bytes:
            call = getattr(self._library, f"{self._program.prefix}_{function}")
            call.argtypes, call.restype = [ctypes.c_void_p], None
            call(self._state_at)

    def invoke(self, inputs: Sequence[Array]) -> list[Array]:
        """Outputs for one set of inputs, in the model's order; with state, after all that came before."""
        outputs = self.step(inputs)
        if outputs is None:
            raise DataError(
                "the model has no result for these inputs yet",
                which=self._program.prefix,
                next_step="it takes several inferences until there is one: feed it frame by frame",
            )
        return outputs

    def step(self, inputs: Sequence[Array]) -> list[Array] | None:
        """Like `invoke`, but None when the model took the inputs in and waits for more."""
        program = self._program
        if len(inputs) != len(program.inputs):
            raise DataError("wrong number of inputs", found=len(inputs), allowed=len(program.inputs))
        guarded = [_guarded(max(one.nbytes, 1), program.arena_align) for one in program.arenas]
        arenas = [
            memory[start - memory.ctypes.data :][: max(one.nbytes, 1)]
            for (memory, start), one in zip(guarded, program.arenas, strict=True)
        ]
        for port, value in zip(program.inputs, inputs, strict=True):
            data = _stored(port, value)
            if not port.row_bytes:
                arenas[port.arena][port.offset : port.offset + port.nbytes] = data
        self._rows.give(inputs)
        self._rows.expect([port.nbytes for port in program.outputs])
        starts = [start for _, start in guarded]
        kept = [self._state_at] if program.state_bytes else []
        status = self._invoke(*starts, *kept, *self._rows.arguments)
        if status not in (0, STOPPED):
            raise MismatchError("the generated code refused its arena", which=program.prefix)
        for (memory, start), arena in zip(guarded, arenas, strict=True):
            _check_guards(memory, start, arena.size, "arena", program.prefix)
        _check_guards(self._state, self._state_at, program.state_bytes, "state", program.prefix)
        if status == STOPPED:
            return None
        return [
            (self._rows.taken[index] if port.row_bytes else _placed(arenas[port.arena], port))
            .view(port.dtype.numpy)
            .reshape(port.shape)
            for index, port in enumerate(program.outputs)
        ]


def _stored(port: Port, value: Array) -> npt.NDArray[np.uint8]:
    data = np.ascontiguousarray(value)
    if data.dtype != port.dtype.numpy or data.nbytes != port.nbytes:
        raise DataError(
            "input of another type or size",
            which=port.name,
            found=f"{data.dtype} {data.shape}",
            allowed=f"{port.dtype.numpy} {port.shape}",
        )
    return data.reshape(-1).view(np.uint8)


def _placed(arena: npt.NDArray[np.uint8], port: Port) -> npt.NDArray[np.uint8]:
    return arena[port.offset : port.offset + port.nbytes].copy()


def _guarded(size: int, align: int) -> tuple[npt.NDArray[np.uint8], int]:
    """Memory with guards on both sides, and the address where `size` aligned bytes lie in it."""
    memory = np.full(size + 2 * _GUARD_BYTES + align, _CANARY, np.uint8)
    return memory, memory.ctypes.data + _GUARD_BYTES + -(memory.ctypes.data + _GUARD_BYTES) % align


def _check_guards(memory: npt.NDArray[np.uint8], address: int, size: int, what: str, which: str) -> None:
    start = address - memory.ctypes.data
    if (memory[:start] != _CANARY).any() or (memory[start + size :] != _CANARY).any():
        raise MismatchError(f"the generated code wrote outside its {what}", which=which)


def load(programs: Sequence[Program], flags: Sequence[str] = toolchain.HOST_FLAGS) -> list[NativeModel]:
    """Compile programs (of different prefixes) into one library and load it; each model starts with a fresh
    state.
    """
    sources = {name: text for program in programs for name, text in program.files.items()}
    library = ctypes.CDLL(str(toolchain.library(sources, flags=flags)))
    return [NativeModel(library, program) for program in programs]


def answers(program: Program, rows: Sequence[Sequence[Array]]) -> list[list[Array]]:
    """Outputs for rows of inputs, each from the model's start on."""
    (code,) = load([program])
    outputs = []
    for row in rows:
        code.reset()
        outputs.append(code.invoke(row))
    return outputs
