"""Generated C as it lies in a folder: compiled for this host and run, described by its own header."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import DataError, MismatchError, ModelError
from tinyml_compress.ir import DType, Quant, Tensor
from tinyml_compress.runners import toolchain
from tinyml_compress.runners.native import STOPPED
from tinyml_compress.support import files

Array = npt.NDArray[np.generic]
_GUARD = 64
_CANARY = 0xA5
_CTYPES = {
    "float": DType.FLOAT32,
    **{f"{t.numpy.name}_t": t for t in DType if t.numpy.kind in "iu" and t is not DType.RESOURCE},
}
_PORT = re.compile(r"^/\* (?P<label>.*): (?P<ctype>\w+)\[(?P<shape>[0-9 x]+)\] \*/$", re.MULTILINE)


class _Guarded:
    """An arena with guards on both sides."""

    def __init__(self, nbytes: int, align: int) -> None:
        self._memory = np.full(nbytes + 2 * _GUARD + align, _CANARY, np.uint8)
        self._first = -(self._memory.ctypes.data + _GUARD) % align + _GUARD
        self._end = self._first + nbytes
        self.start = self._memory.ctypes.data + self._first

    def holds(self, address: int, nbytes: int) -> bool:
        """Whether so many bytes lie in it from there on."""
        return self.start <= address <= self.start + (self._end - self._first) - nbytes

    def at(self, address: int, nbytes: int) -> npt.NDArray[np.uint8]:
        """They themselves."""
        first = address - self._memory.ctypes.data
        return self._memory[first : first + nbytes]

    @property
    def is_overrun(self) -> bool:
        """Whether something wrote beside it."""
        outside = (self._memory[: self._first], self._memory[self._end :])
        return any((guard != _CANARY).any() for guard in outside)


class GeneratedC:
    """A folder that `compile` wrote, or its .c or .h file."""

    def __init__(self, path: Path) -> None:
        folder = path if path.is_dir() else path.parent
        pattern = "*.h" if path.is_dir() else f"{path.stem}.h"
        candidates = [file for file in sorted(folder.glob(pattern)) if file.is_file()]
        headers = [file for file in candidates if "_ARENA_BYTES" in _text(file)]
        if len(headers) != 1:
            raise ModelError(
                "no generated model is found" if not headers else "several generated models are found",
                which=path,
                found=", ".join(file.name for file in headers) or None,
                allowed="a folder with one <name>.h and <name>.c",
                next_step="name the .h file, or run `tinyml-compress compile` again",
            )
        (header,) = headers
        self.prefix = header.stem
        self._upper = self.prefix.upper()
        self._text = _text(header)
        self._source = header.with_suffix(".c")
        if not self._source.is_file():
            raise ModelError("the generated source is not there", which=self._source)
        found_sizes = re.findall(rf"^#define {self._upper}_(ARENA(?:_\w+)?_BYTES) ", self._text, re.MULTILINE)
        self._arena_sizes = [self._number(name) for name in found_sizes] or [self._number("ARENA_BYTES")]
        self._align = self._number("ARENA_ALIGN")
        self.inputs = tuple(self._port(f"INPUT{i}") for i in range(self._number("INPUT_COUNT")))
        self.outputs = tuple(self._port(f"OUTPUT{i}") for i in range(self._number("OUTPUT_COUNT")))

    def _define(self, name: str) -> str | None:
        match = re.search(rf"^#define {self._upper}_{name} (.+)$", self._text, re.MULTILINE)
        return None if match is None else match[1].strip()

    def _number(self, name: str) -> int:
        value = self._define(name) or ""
        if not re.fullmatch(r"\(?-?\d+\)?", value):
            raise ModelError(
                "the generated header is not as it was written",
                which=f"{self.prefix}.h, {self._upper}_{name}",
                found=value or "nothing",
                next_step="run `tinyml-compress compile` again",
            )
        return int(value.strip("()"))

    def _port(self, name: str) -> Tensor:
        end = self._text.find(f"#define {self._upper}_{name}_BYTES ")
        comments = list(_PORT.finditer(self._text, 0, max(end, 0)))
        dtype = _CTYPES.get(comments[-1]["ctype"]) if comments else None
        shape = tuple(int(size) for size in re.findall(r"\d+", self._define(f"{name}_SHAPE") or ""))
        if dtype is None or int(np.prod(shape)) * dtype.itemsize != self._number(f"{name}_BYTES"):
            raise ModelError(
                "the generated header is not as it was written", which=f"{self.prefix}.h, {name}"
            )
        scale = self._define(f"{name}_SCALE")
        quant = (
            None
            if scale is None
            else Quant((float(scale.rstrip("f")),), (self._number(f"{name}_ZERO_POINT"),))
        )
        rank = self._number(f"{name}_RANK")
        return Tensor(comments[-1]["label"], shape[:rank], dtype, quant)

    def run(self, rows: Sequence[Sequence[Array]]) -> list[list[Array]]:
        """Outputs for each of `rows`; what the code writes outside its arena is noticed.

        With state they are one sequence, from its start on; a row without a result gives an empty list.
        """
        sources = {f"{self.prefix}.h": self._text, f"{self.prefix}.c": _text(self._source)}
        library = ctypes.CDLL(str(toolchain.library(sources)))
        call = {name: getattr(library, f"{self.prefix}_{name}") for name in ("input", "output", "invoke")}
        arenas = [_Guarded(size, self._align) for size in self._arena_sizes]
        starts = [arena.start for arena in arenas]
        for name in ("input", "output"):
            call[name].restype = ctypes.c_void_p
            call[name].argtypes = [*[ctypes.c_void_p] * len(arenas), ctypes.c_int]
        if self._define("LOADED_BYTES") is not None:
            getattr(library, f"{self.prefix}_load")()
        state = self._start(library)
        kept = [] if state is None else [state.ctypes.data]
        call["invoke"].argtypes = [ctypes.c_void_p] * (len(arenas) + len(kept))

        def place(kind: str, index: int, nbytes: int) -> npt.NDArray[np.uint8]:
            address = call[kind](*starts, index) or 0
            bound = next(
                (arena.at(address, nbytes) for arena in arenas if arena.holds(address, nbytes)), None
            )
            if bound is None:
                raise MismatchError(
                    "the generated code places a tensor outside its arena", which=f"{kind} {index}"
                )
            return bound

        results: list[list[Array]] = []
        for row in rows:
            if len(row) != len(self.inputs):
                raise DataError("wrong number of inputs", found=len(row), allowed=len(self.inputs))
            for index, (value, tensor) in enumerate(zip(row, self.inputs, strict=True)):
                place("input", index, tensor.nbytes)[:] = (
                    np.ascontiguousarray(value).reshape(-1).view(np.uint8)
                )
            status = call["invoke"](*starts, *kept)
            if status == STOPPED:
                results.append([])
                continue
            if status != 0:
                raise MismatchError("the generated code refused its arena", which=self.prefix)
            if any(arena.is_overrun for arena in arenas):
                raise MismatchError("the generated code wrote outside its arena", which=self.prefix)
            results.append(
                [
                    place("output", index, tensor.nbytes)
                    .copy()
                    .view(tensor.dtype.numpy)
                    .reshape(tensor.shape)
                    for index, tensor in enumerate(self.outputs)
                ]
            )
        return results

    def _start(self, library: ctypes.CDLL) -> npt.NDArray[np.uint64] | None:
        """The state as it is before the first inference; None for a model without."""
        if self._define("STATE_BYTES") is None:
            return None
        state = np.full(-(-self._number("STATE_BYTES") // 8), _CANARY, np.uint64)
        init = getattr(library, f"{self.prefix}_init")
        init.argtypes, init.restype = [ctypes.c_void_p], None
        init(state.ctypes.data)
        return state


def _text(path: Path) -> str:
    return files.read_bytes(path).decode("utf-8", errors="replace")
