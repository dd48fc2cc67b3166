"""The header of a .safetensors file, read strictly: every byte of the file belongs to one tensor of the size
that its shape and type say.

Programs that map such a file into memory believe its header; what it may not say is refused here first.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from tinyml_compress.errors import ModelError

_LENGTH = 8
_MOST_HEADER = 64 << 20
_MOST_DIMENSIONS = 8
_BYTES = {
    "BOOL": 1,
    "U8": 1,
    "I8": 1,
    "F8_E4M3": 1,
    "F8_E5M2": 1,
    "I16": 2,
    "U16": 2,
    "F16": 2,
    "BF16": 2,
    "I32": 4,
    "U32": 4,
    "F32": 4,
    "I64": 8,
    "U64": 8,
    "F64": 8,
}


@dataclass(frozen=True)
class StoredTensor:
    """One tensor as the header describes it."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int

    @property
    def elements(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True)
class SafetensorsHeader:
    """All tensors, in the order in which they lie in the file."""

    tensors: tuple[StoredTensor, ...]
    metadata: Mapping[str, str]
    file_bytes: int

    @property
    def parameters(self) -> int:
        return sum(tensor.elements for tensor in self.tensors)


def read_header(path: Path) -> SafetensorsHeader:
    """The header of the file, once all that it says of the file was found true."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            text = _header_text(file, path, size)
    except OSError as error:
        raise ModelError("the weights cannot be read", which=path, found=error.strerror) from error
    table = _parsed(text, path)
    metadata = table.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(one, str) for one in metadata.values()):
        _refuse(path, "its metadata is not a table of texts")
    tensors = sorted((_tensor(path, name, told) for name, told in table.items()), key=lambda one: one.begin)
    place = 0
    for tensor in tensors:
        if tensor.begin != place:
            how = "overlaps the one before it" if tensor.begin < place else "leaves a hole before it"
            _refuse(path, f"tensor {tensor.name} at {tensor.begin} {how}, which ends at {place}")
        place = tensor.end
    content = size - _LENGTH - len(text)
    if place != content:
        _refuse(path, f"the tensors take {place:,} bytes and the file holds {content:,}")
    return SafetensorsHeader(tuple(tensors), metadata, size)


def _header_text(file: BinaryIO, path: Path, size: int) -> bytes:
    if size < _LENGTH:
        _refuse(path, f"{size} bytes")
    length = int.from_bytes(file.read(_LENGTH), "little")
    if length > min(size - _LENGTH, _MOST_HEADER):
        _refuse(path, f"a header of {length:,} bytes in a file of {size:,}")
    return file.read(length)


def _parsed(text: bytes, path: Path) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(pairs)
        if len(table) != len(pairs):
            _refuse(path, "a key occurs twice in its header")
        return table

    try:
        table = json.loads(text.decode("utf-8"), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise ModelError(
            "not a .safetensors file", which=path, found=f"a header without JSON: {error}"
        ) from error
    if not isinstance(table, dict):
        _refuse(path, "its header is not a table")
    return table


def _tensor(path: Path, name: str, told: Any) -> StoredTensor:
    """One entry, whose size its shape and type must give."""
    if not isinstance(told, dict) or set(told) != {"dtype", "shape", "data_offsets"}:
        _refuse(path, f"tensor {name} is not described by dtype, shape and data_offsets")
    dtype, shape, offsets = told["dtype"], told["shape"], told["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _BYTES:
        _refuse(path, f"tensor {name} of type {dtype}", ", ".join(_BYTES))
    if not _whole(shape) or len(shape) > _MOST_DIMENSIONS:
        _refuse(path, f"tensor {name} of shape {shape}")
    if not _whole(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        _refuse(path, f"tensor {name} at {offsets}")
    tensor = StoredTensor(name, dtype, tuple(shape), offsets[0], offsets[1])
    wanted = tensor.elements * _BYTES[dtype]
    if tensor.end - tensor.begin != wanted:
        _refuse(
            path, f"tensor {name} has {tensor.end - tensor.begin:,} bytes", f"{wanted:,} for {dtype} {shape}"
        )
    return tensor


def _whole(numbers: Any) -> bool:
    return isinstance(numbers, list) and all(type(one) is int and one >= 0 for one in numbers)


def _refuse(path: Path, found: str, allowed: str | None = None) -> NoReturn:
    raise ModelError(
        "the weights are not what their header says",
        which=path,
        found=found,
        allowed=allowed,
        next_step="fetch the file again, or save it anew with save_pretrained",
    )
