"""The C structs that carry the parameters of kernels: declared beside each family, written by `codegen/`.

A module lists its own as `STRUCTS`, where they are found. A kernel names the type and includes nothing for
it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """One member."""

    name: str
    ctype: str
    note: str = ""
    length: int = 0
    """Of an array; 0: it is none."""
    inner: Struct | None = None
    """What it is made of, where it is a struct itself."""


@dataclass(frozen=True)
class Struct:
    """A typedef."""

    name: str
    fields: tuple[Field, ...]

    def names(self) -> Iterator[str]:
        """Of all that has a value, in order; those of a struct inside too."""
        for field in self.fields:
            yield from field.inner.names() if field.inner else (field.name,)


def struct(name: str, *fields: tuple[Field, ...]) -> Struct:
    return Struct(name, tuple(field for group in fields for field in group))


def _fields(ctype: str, names: str, note: str = "", length: int = 0) -> tuple[Field, ...]:
    return tuple(Field(name, ctype, note, length) for name in names.split())


def ints(names: str, note: str = "", length: int = 0) -> tuple[Field, ...]:
    """Members of int32_t, their names parted by spaces."""
    return _fields("int32_t", names, note, length)


def floats(names: str, note: str = "") -> tuple[Field, ...]:
    """Members of float."""
    return _fields("float", names, note)


def pointers(to: str, names: str, note: str = "") -> tuple[Field, ...]:
    """Members that point to constants of that type."""
    return _fields(f"const {to} *", names, note)


_WINDOW = struct(
    "tc_window",
    ints("batch in_h in_w in_c out_h out_w out_c kernel_h kernel_w stride_h stride_w pad_top pad_left"),
    ints("dilation_h dilation_w"),
)
WINDOW = (Field("window", _WINDOW.name, inner=_WINDOW),)
"""The window of a convolution over its input, as `Sliding` has it."""
STRUCTS = (_WINDOW,)
