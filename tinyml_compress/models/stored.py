"""Keras' two kinds of file, read as a stranger's: sizes capped, nothing followed out of the file, nothing
extracted by its own name.

What Keras gets to read in the end is a new file of our own making, with the configuration that was checked
and the weights, and nothing else.
"""

from __future__ import annotations

import json
import math
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyml_compress.errors import ModelError
from tinyml_compress.models.checked_config import LARGEST, CheckedConfig

_CONFIG, _METADATA, _WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_ROOT = "model_weights"
_LARGEST_LIST = 4 << 30
"""Bytes that a list of names may take in memory."""
_BROKEN = (
    ArithmeticError,
    AttributeError,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    RecursionError,
    RuntimeError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
)
"""What zipfile, json and h5py raise on broken files."""


@dataclass(frozen=True)
class Stored:
    """What a model file says about itself."""

    path: Path
    version: str
    """Of the Keras that wrote it."""
    config: str | bytes
    """JSON, unchecked."""
    weights: int
    """Bytes of all arrays in it, unpacked."""


def stored_keras(path: Path, folder: Path) -> Stored:
    """Of a `.keras` archive; its weights are unpacked into `folder`."""
    most = _most(path)
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(path, archive)
            metadata = json.loads(_member(path, archive, _METADATA))
            version = str(metadata["keras_version"])
            config = _member(path, archive, _CONFIG)
            with archive.open(_WEIGHTS) as source, (folder / _WEIGHTS).open("wb") as target:
                size = 0
                while piece := source.read(1 << 20):
                    size += len(piece)
                    if size > most:
                        raise damaged(path, f"{_WEIGHTS} unpacks to more than {most:,} bytes")
                    target.write(piece)
        weights = _weights_in(path, folder / _WEIGHTS, most)
    except _BROKEN as error:
        raise damaged(path, short(error)) from error
    return Stored(path, version, config, weights)


def rewrite_keras(stored: Stored, config: CheckedConfig, folder: Path) -> Path:
    """A new archive in `folder`, of the checked configuration and the weights that were unpacked there."""
    path = folder / "model.keras"
    with zipfile.ZipFile(path, "w") as new:
        new.writestr(_METADATA, json.dumps({"keras_version": stored.version}))
        new.writestr(_CONFIG, config.text())
        new.write(folder / _WEIGHTS, _WEIGHTS)
    (folder / _WEIGHTS).unlink()
    return path


def stored_h5(path: Path) -> Stored:
    """Of an HDF5 file that `model.save("….h5")` wrote."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            if "model_config" not in file.attrs:
                content = (
                    "weights only" if "layer_names" in file.attrs or "layers" in file else "no model_config"
                )
                raise ModelError(
                    "the .h5 file holds no architecture",
                    which=path,
                    found=content,
                    allowed="a file written by model.save(...)",
                    next_step="build the model, load the weights into it, and call model.save(...)",
                )
            version = _text(path, file, "keras_version") if "keras_version" in file.attrs else "2"
            config = _text(path, file, "model_config")
        return Stored(path, version, config, _weights_in(path, path, _most(path)))
    except _BROKEN as error:
        raise damaged(path, short(error)) from error


def rewrite_h5(stored: Stored, config: CheckedConfig, folder: Path) -> Path:
    """A new HDF5 file in `folder`, of the checked configuration and the weights."""
    import h5py

    path = folder / "model.h5"
    try:
        with h5py.File(stored.path, "r") as old, h5py.File(path, "w") as new:
            for name in ("keras_version", "backend"):
                if name in old.attrs:
                    new.attrs[name] = _text(stored.path, old, name).encode()
            new.attrs["model_config"] = config.text().encode()
            if _ROOT not in old:
                raise damaged(stored.path, f"no {_ROOT} in it")
            old.copy(old[_ROOT], new, _ROOT)
    except _BROKEN as error:
        raise damaged(stored.path, short(error)) from error
    return path


def _most(path: Path) -> int:
    """Bytes that weights may unpack to: packed zeros of a pruned net may be many, a file of 3 MB
    is no 3 GB.
    """
    return min(4 << 30, (64 << 20) + 100 * path.stat().st_size)


def _check_members(path: Path, archive: zipfile.ZipFile) -> None:
    """Nothing is extracted by name, but what has such members is no model."""
    seen: set[str] = set()
    for member in archive.infolist():
        name = member.filename
        parts = name.replace("\\", "/").split("/")
        if name in seen:
            raise damaged(path, f"member {name!r} twice")
        if ".." in parts or not parts[0] or ":" in parts[0]:
            raise damaged(path, f"member {name!r} leads out of the archive")
        if (member.external_attr >> 16) & 0o170000 == 0o120000:
            raise damaged(path, f"member {name!r} is a link")
        seen.add(name)


def _member(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as member:
        data = member.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise damaged(path, f"{name} unpacks to more than {LARGEST:,} bytes")
    return data


def _weights_in(path: Path, weights: Path, most: int) -> int:
    """Bytes of all arrays in the HDF5 file `weights` of the model `path`, unpacked; none may lie
    outside it.
    """
    import h5py

    total = packed = names = 0
    with h5py.File(weights, "r") as file:
        for item in _items(path, file):
            if isinstance(item, h5py.Group):
                names = max([names, *(_elements(item, name) for name in item.attrs)])
                continue
            if not isinstance(item, h5py.Dataset) or item.is_virtual or item.external:
                raise damaged(path, f"{item.name} lies outside the file")
            if item.dtype.kind not in "biufcSV" or item.dtype.hasobject:
                raise damaged(path, f"{item.name} holds {item.dtype}, no numbers")
            packed += item.id.get_storage_size()
            total += (item.size or 0) * item.dtype.itemsize
            if total > most:
                raise damaged(path, f"arrays that unpack to more than {most:,} bytes")
    # A list may name one long string a million times; no string is longer than what is not arrays.
    if names * (weights.stat().st_size - packed) > _LARGEST_LIST:
        raise damaged(path, f"a list of {names:,} names")
    return total


def _items(path: Path, file: Any) -> Iterator[Any]:
    """The file's groups and arrays, each once, and no way out of the file."""
    import h5py

    waiting, seen = [file], set()
    while waiting:
        group = waiting.pop()
        yield group
        for name in group:
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise damaged(
                    path, f"{group.name}/{name} is a link to somewhere else ({type(link).__name__})"
                )
            item = group[name]
            address = h5py.h5o.get_info(item.id).addr
            if address not in seen:
                seen.add(address)
                if isinstance(item, h5py.Group):
                    waiting.append(item)
                else:
                    yield item


def _elements(group: Any, name: str) -> int:
    kind = group.attrs.get_id(name)
    return math.prod(kind.shape or ()) if kind.dtype.hasobject else 0


def _text(path: Path, file: Any, name: str) -> str:
    kind = file.attrs.get_id(name)
    if kind.shape:
        raise damaged(path, f"{name} is no text")
    value = file.attrs[name]
    if len(value) > LARGEST:
        raise damaged(path, f"{name} holds {len(value):,} bytes")
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def damaged(path: Path, problem: str) -> ModelError:
    """The error for a file that is not what it should be."""
    return ModelError(
        "the model file is damaged", which=path, found=problem, next_step="save it or fetch it again"
    )


def short(error: BaseException) -> str:
    """The first lines of an exception, which in Keras may print whole configurations."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = " ".join(lines[:2])
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__
