"""Finds every number inside a .tflite file by a readable path, and changes it: `graph[0].tensor[2].shape[1]`.

Knows the schema's tables by slot, so it does not depend on the reader it is used to test.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Table = tuple["tuple[str, object] | None", ...]
_INTS = ("vector", "<i")
_QUANT: Table = (
    ("min", ("vector", "<f")),
    ("max", ("vector", "<f")),
    ("scale", ("vector", "<f")),
    ("zero_point", ("vector", "<q")),
    ("details_type", "<B"),
    None,
    ("axis", "<i"),
)
_TENSOR: Table = (
    ("shape", _INTS),
    ("type", "<b"),
    ("buffer", "<I"),
    ("name", ("vector", "<B")),
    ("quant", ("table", _QUANT)),
    ("variable", "<B"),
    ("sparsity", ("table", ())),
    ("shape_signature", _INTS),
    ("has_rank", "<B"),
)
_OPERATOR: Table = (
    ("opcode", "<I"),
    ("inputs", _INTS),
    ("outputs", _INTS),
    ("options_type", "<B"),
    ("options", ("options", None)),
    ("custom", ("vector", "<B")),
    ("custom_format", "<b"),
    ("variables", ("vector", "<B")),
    ("intermediates", _INTS),
)
_GRAPH: Table = (
    ("tensor", ("tables", _TENSOR)),
    ("inputs", _INTS),
    ("outputs", _INTS),
    ("operator", ("tables", _OPERATOR)),
    ("name", ("vector", "<B")),
)
_MODEL: Table = (
    ("version", "<I"),
    (
        "code",
        ("tables", (("deprecated", "<b"), ("custom", ("vector", "<B")), ("version", "<i"), ("number", "<i"))),
    ),
    ("graph", ("tables", _GRAPH)),
    ("description", ("vector", "<B")),
    ("buffer", ("tables", (("data", ("vector", "<B")), ("offset", "<Q"), ("size", "<Q")))),
)
_LONGEST = 64
"""Elements of a vector that are listed; weights have more than anyone wants."""


@dataclass(frozen=True)
class Site:
    """Where a number lies and how it is packed."""

    position: int
    format: str

    def read(self, file: bytes | bytearray) -> int | float:
        value: int | float = struct.unpack_from(self.format, file, self.position)[0]
        return value


def sites(file: bytes) -> dict[str, Site]:
    """All numbers of a sound file, by path; `.length` of vectors, `.offset` of what lies elsewhere."""
    found = {"root": Site(0, "<I")}
    found.update(_table(file, struct.unpack_from("<I", file)[0], _MODEL, ""))
    return found


def edited(file: bytes, changes: Mapping[str, int | float]) -> bytes:
    """The file with the numbers at these paths replaced."""
    data, known = bytearray(file), sites(file)
    for path, value in changes.items():
        struct.pack_into(known[path].format, data, known[path].position, value)
    return bytes(data)


def _u32(file: bytes, position: int) -> int:
    value: int = struct.unpack_from("<I", file, position)[0]
    return value


def _table(file: bytes, position: int, spec: Table, path: str) -> Iterator[tuple[str, Site]]:
    yield f"{path}vtable", Site(position, "<i")
    for slot, place in _slots(file, position):
        if slot >= len(spec):
            continue
        entry = spec[slot]
        if entry is None:
            continue
        name, kind = entry
        yield from _field(file, position + place, f"{path}{name}", kind)


def _slots(file: bytes, position: int) -> Iterator[tuple[int, int]]:
    """(slot, place within the table) of every field that the table holds."""
    vtable = position - struct.unpack_from("<i", file, position)[0]
    for slot in range((struct.unpack_from("<H", file, vtable)[0] - 4) // 2):
        place = struct.unpack_from("<H", file, vtable + 4 + 2 * slot)[0]
        if place:
            yield slot, place


def _field(file: bytes, position: int, path: str, kind: object) -> Iterator[tuple[str, Site]]:
    if isinstance(kind, str):
        yield path, Site(position, kind)
        return
    assert isinstance(kind, tuple)
    what, inner = kind
    yield f"{path}.offset", Site(position, "<I")
    target = position + _u32(file, position)
    if what == "table":
        yield from _table(file, target, inner, f"{path}.")
    elif what == "options":
        for slot, place in _slots(file, target):
            yield (
                f"{path}.slot{slot}",
                Site(target + place, "<i" if target + place + 4 <= len(file) else "<B"),
            )
    else:
        count = _u32(file, target)
        yield f"{path}.length", Site(target, "<I")
        for index in range(min(count, _LONGEST)):
            if what == "vector":
                yield f"{path}[{index}]", Site(target + 4 + index * struct.calcsize(inner), inner)
            else:
                place = target + 4 + 4 * index
                yield f"{path}[{index}].offset", Site(place, "<I")
                yield from _table(file, place + _u32(file, place), inner, f"{path}[{index}].")
