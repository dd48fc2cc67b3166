"""The functions by which generated C on this host gets and hands over rows."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_Bytes = npt.NDArray[np.uint8]
_CALL = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_void_p
)


class RowCalls:
    """A `<prefix>_rows_t` over tensors as a whole; made of bytes of a row, by port, where it goes by rows."""

    def __init__(self, inputs: dict[int, int], outputs: dict[int, int]) -> None:
        self._inputs, self._outputs = inputs, outputs
        self.given: dict[int, _Bytes] = {}
        self.taken: dict[int, _Bytes] = {}
        functions = [_CALL(self._pull)] if inputs else []
        functions += [_CALL(self._push)] if outputs else []
        self._functions = functions  # keeps them
        addresses = [ctypes.cast(one, ctypes.c_void_p).value for one in functions]
        self._struct = (ctypes.c_void_p * 3)(*addresses)  # the context last; what is not there is not read

    @property
    def arguments(self) -> tuple[int, ...]:
        """Of invoke."""
        return (ctypes.addressof(self._struct),) if self._functions else ()

    def give(self, values: Sequence[npt.NDArray[np.generic]]) -> None:
        """Inputs by port."""
        self.given = {
            port: np.ascontiguousarray(values[port]).reshape(-1).view(np.uint8) for port in self._inputs
        }

    def expect(self, sizes: Sequence[int]) -> None:
        """Bytes of the outputs by port."""
        self.taken = {port: np.zeros(sizes[port], np.uint8) for port in self._outputs}

    def _pull(self, context: int | None, port: int, first: int, count: int, target: int) -> int:
        nbytes = self._inputs.get(port, 0)
        rows = self.given[port][first * nbytes : (first + count) * nbytes]
        ctypes.memmove(target, rows.ctypes.data, count * nbytes)
        return 0

    def _push(self, context: int | None, port: int, first: int, count: int, source: int) -> int:
        nbytes = self._outputs.get(port, 0)
        rows = self.taken[port][first * nbytes : (first + count) * nbytes]
        ctypes.memmove(rows.ctypes.data, source, count * nbytes)
        return 0
