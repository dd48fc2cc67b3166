"""The attributes of custom operators: one map of numbers in a flexbuffer, a format that describes itself.

TensorFlow Lite Micro finds a value by its place among the sorted keys, and reads it as the number that it
expects there, whatever the buffer says. So a map is taken only when it has just the keys that are expected,
each with a number of the expected kind stored in place; then both readings agree.
"""

from __future__ import annotations

import math
import struct
from dataclasses import MISSING, fields
from enum import Enum, IntEnum

from flatbuffers import flexbuffers

from tinyml_compress.errors import ModelError
from tinyml_compress.ir import Attrs
from tinyml_compress.ops.base import OptionField, Options

_NEXT = "convert the model again, or fetch the file anew; it is damaged or was not written by a converter"
_MAX_KEYS = 64
_MAX_KEY_BYTES = 64


class _Type(IntEnum):
    """How a value is stored; the upper six bits of its type byte. Only these are taken."""

    INT = 1
    UINT = 2
    FLOAT = 3
    MAP = 9
    BOOL = 26


_KINDS: dict[type, tuple[_Type, ...]] = {
    bool: (_Type.BOOL, _Type.INT, _Type.UINT),
    int: (_Type.INT, _Type.UINT),
    float: (_Type.FLOAT,),
}
_SIGNED = {1: "<b", 2: "<h", 4: "<i", 8: "<q"}
_UNSIGNED = {1: "<B", 2: "<H", 4: "<I", 8: "<Q"}
_FLOATS = {4: "<f", 8: "<d"}


def custom_values(raw: bytes, options: Options, attrs_type: type[Attrs], which: str) -> dict[str, object]:
    """Values of a custom operator's attributes, by attribute name. An empty buffer leaves them at their
    defaults.
    """
    if not raw:
        needed = [field.name for field in fields(attrs_type) if field.default is MISSING]
        if needed:
            raise ModelError(
                "a custom operator has no options",
                which=which,
                allowed=_keys(options.fields),
                next_step=_NEXT,
            )
        return {}
    stored = _read_map(raw, which)
    if sorted(stored) != sorted(field.schema for field in options.fields):
        raise ModelError(
            "a custom operator has other options than are known",
            which=which,
            found=", ".join(sorted(stored)),
            allowed=_keys(options.fields),
            next_step=_NEXT,
        )
    return {field.attr: _value(field, *stored[field.schema], which) for field in options.fields}


def packed(attrs: Attrs, options: Options) -> bytes:
    """The flexbuffer of a custom operator's attributes."""
    builder = flexbuffers.Builder()
    with builder.Map():
        for field in options.fields:
            value = getattr(attrs, field.attr)
            if isinstance(value, Enum):
                value = value.value
            add = (
                builder.Bool if field.kind is bool else builder.Float if field.kind is float else builder.Int
            )
            add(field.schema, value)
    return bytes(builder.Finish())


def _read_map(raw: bytes, which: str) -> dict[str, tuple[_Type, int | float | bool]]:
    """Every value of the map, by key, with how it is stored; ModelError for anything but a map of numbers."""
    try:
        return _Map(raw).values()
    except (struct.error, IndexError, KeyError, ValueError) as error:
        raise ModelError(
            "the options of a custom operator are damaged",
            which=which,
            found=f"{len(raw)} bytes: {error}",
            allowed="a flexbuffer: one map of whole numbers, truth values and floats",
            next_step=_NEXT,
        ) from error


class _Map:
    """The root of a flexbuffer, where it is a map. All positions are checked: offsets only point
    backwards.
    """

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        width, kind = raw[-1], raw[-2]
        if kind >> 2 != _Type.MAP:
            raise ValueError(f"the root is no map (type {kind >> 2})")
        self._width = 1 << (kind & 3)
        self._start = self._back(len(raw) - 2 - width, width)
        self._count = self._unsigned(self._start - self._width, self._width)
        if self._count > _MAX_KEYS:
            raise ValueError(f"{self._count} keys, at most {_MAX_KEYS} are expected")

    def values(self) -> dict[str, tuple[_Type, int | float | bool]]:
        width, start = self._width, self._start
        keys_width = self._unsigned(start - 2 * width, width)
        keys = self._back(start - 3 * width, width)
        values: dict[str, tuple[_Type, int | float | bool]] = {}
        for index in range(self._count):
            key = self._key(self._back(keys + index * keys_width, keys_width))
            kind = _Type(self._raw[start + self._count * width + index] >> 2)
            values[key] = kind, self._number(start + index * width, kind)
        if list(values) != sorted(values) or len(values) != self._count:
            raise ValueError("the keys are not in order, each once")
        return values

    def _number(self, place: int, kind: _Type) -> int | float | bool:
        width = self._width
        if kind is _Type.FLOAT:
            return float(self._unpack(_FLOATS[width], place, width))
        if kind is _Type.BOOL:
            return bool(self._unsigned(place, width))
        value = int(self._unpack(_SIGNED[width], place, width))
        if kind is _Type.MAP or (kind is _Type.UINT and value < 0):
            raise ValueError("a value is stored in a form that interpreters read in different ways")
        return value

    def _key(self, place: int) -> str:
        end = self._raw.index(0, place, place + _MAX_KEY_BYTES)
        return self._raw[place:end].decode("ascii")

    def _back(self, place: int, width: int) -> int:
        distance = self._unsigned(place, width)
        if distance == 0 or distance > place:
            raise ValueError("an offset leads out of the buffer")
        return place - distance

    def _unsigned(self, place: int, width: int) -> int:
        return int(self._unpack(_UNSIGNED[width], place, width))

    def _unpack(self, form: str, place: int, width: int) -> int | float:
        if place < 0:
            raise ValueError("a position before the buffer")
        value: int | float = struct.unpack_from(form, self._raw, place)[0]
        return value


def _value(field: OptionField, kind: _Type, value: int | float | bool, which: str) -> object:
    wanted = int if issubclass(field.kind, Enum) else field.kind
    what = f"option {field.schema} of a custom operator"
    if kind not in _KINDS[wanted]:
        allowed = ", ".join(one.name for one in _KINDS[wanted])
        raise ModelError(
            f"{what} is of another kind", which=which, found=kind.name, allowed=allowed, next_step=_NEXT
        )
    if issubclass(field.kind, Enum):
        known = {member.value: member for member in field.kind}
        if value not in known:
            listed = ", ".join(f"{member.value} ({member.name})" for member in known.values())
            raise ModelError(f"{what} has an unknown value", which=which, found=value, allowed=listed)
        return known[value]
    if wanted is int and not -(1 << 31) <= value < 1 << 31:
        raise ModelError(f"{what} is out of range", which=which, found=value, allowed="32 bits")
    if wanted is float and not math.isfinite(value):
        raise ModelError(f"{what} is not a finite number", which=which, found=value)
    return bool(value) if wanted is bool else float(value) if wanted is float else int(value)


def _keys(known: tuple[OptionField, ...]) -> str:
    return ", ".join(sorted(field.schema for field in known))
