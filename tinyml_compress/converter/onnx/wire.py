"""Reads the wire format of protocol buffers, strictly: what an .onnx file consists of."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import ModelError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT = 10
_SIZES = {_FIXED64: 8, _FIXED32: 4}


class Message:
    """One message; each field is a list, since a field may come several times."""

    def __init__(self, data: memoryview) -> None:
        self._fields: dict[int, list[tuple[int, int | memoryview]]] = {}
        for number, kind, value in _fields(data):
            self._fields.setdefault(number, []).append((kind, value))

    def __contains__(self, number: int) -> bool:
        return number in self._fields

    def numbers(self, number: int) -> list[int]:
        """Signed integers, packed or one by one."""
        values: list[int] = []
        for kind, value in self._fields.get(number, ()):
            if kind == _VARINT:
                values.append(_signed(int(value)))
            elif kind == _BYTES:
                values.extend(_packed(_bytes(value)))
            else:
                raise _damaged(f"field {number} holds no integer")
        return values

    def number(self, number: int, default: int = 0) -> int:
        values = self.numbers(number)
        return values[-1] if values else default

    def floats(self, number: int) -> list[float]:
        data = b"".join(
            bytes(_bytes(value)) for kind, value in self._fields.get(number, ()) if kind != _VARINT
        )
        if len(data) % 4:
            raise _damaged(f"field {number} holds no floats")
        return [float(value) for value in struct.unpack(f"<{len(data) // 4}f", data)]

    def raw(self, number: int) -> bytes:
        """The bytes of a field, its parts put together where it was packed in several."""
        return b"".join(bytes(_bytes(value)) for _, value in self._fields.get(number, ()))

    def strings(self, number: int) -> list[bytes]:
        return [bytes(_bytes(value)) for _, value in self._fields.get(number, ())]

    def texts(self, number: int) -> list[str]:
        try:
            return [text.decode() for text in self.strings(number)]
        except UnicodeDecodeError as error:
            raise _damaged(f"field {number} holds no text") from error

    def text(self, number: int) -> str:
        values = self.texts(number)
        return values[-1] if values else ""

    def messages(self, number: int) -> list[Message]:
        return [Message(_bytes(value)) for _, value in self._fields.get(number, ())]

    def message(self, number: int) -> Message:
        """The field's message, empty where there is none."""
        values = self.messages(number)
        return values[-1] if values else Message(memoryview(b""))


def _bytes(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise _damaged("an integer stands where bytes belong")
    return value


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def _fields(data: memoryview) -> Iterator[tuple[int, int, int | memoryview]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if number == 0:
            raise _damaged("a field has the number 0")
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield number, kind, value
            continue
        if kind == _BYTES:
            size, at = _varint(data, at)
        elif kind in _SIZES:
            size = _SIZES[kind]
        else:
            raise _damaged(f"field {number} is of the unknown kind {kind}")
        if at + size > len(data):
            raise _damaged(f"field {number} ends {at + size - len(data)} bytes behind the file")
        yield number, kind, data[at : at + size]
        at += size


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for index in range(_LONGEST_VARINT):
        if at + index >= len(data):
            raise _damaged("an integer is cut off")
        byte = data[at + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value & ((1 << 64) - 1), at + index + 1
    raise _damaged("an integer is too long")


def _packed(data: memoryview) -> list[int]:
    """Varints one behind the other; read by numpy, since weights may be stored so."""
    array = np.frombuffer(data, np.uint8)
    ends: npt.NDArray[np.int64] = np.flatnonzero(array < 0x80)
    if not len(array):
        return []
    if not len(ends) or ends[-1] != len(array) - 1:
        raise _damaged("an integer is cut off")
    starts = np.concatenate([[0], ends[:-1] + 1])
    if int((ends - starts).max()) >= _LONGEST_VARINT:
        raise _damaged("an integer is too long")
    values = np.zeros(len(ends), np.uint64)
    for offset in range(int((ends - starts).max()) + 1):
        inside = starts + offset <= ends
        part = (array[(starts + offset)[inside]] & 0x7F).astype(np.uint64)
        values[inside] |= part << np.uint64(7 * offset)
    return [int(value) for value in values.view(np.int64)]


def _damaged(what: str) -> ModelError:
    return ModelError("the ONNX file is damaged or is none", found=what, next_step="export or copy it again")
