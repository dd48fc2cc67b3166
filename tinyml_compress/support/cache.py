"""A content-addressed cache on disk: a key is the hash of everything the value depends on."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from tinyml_compress._version import __version__
from tinyml_compress.errors import OutputError

__all__ = ["cache_root", "cached_folder", "key_of"]


def cache_root() -> Path:
    """`$TINYML_COMPRESS_CACHE`, else the user's cache folder."""
    chosen = os.environ.get("TINYML_COMPRESS_CACHE")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "tinyml_compress"


def key_of(*parts: bytes | str) -> str:
    """A key from the parts, in order; the tool's version is always part of it."""
    digest = hashlib.sha256(__version__.encode())
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode()
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


def cached_folder(room: str, key: str, make: Callable[[Path], None]) -> Path:
    """The folder stored under `key`; when it is not there, `make(empty_folder)` fills it first.

    Several processes may ask at once: each makes its own, the first to finish wins, nobody sees half a folder.
    """
    place = cache_root() / room / key[:2] / key
    if place.is_dir():
        return place
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=place.parent, prefix=".making."))
    except OSError as error:
        raise OutputError(
            "cannot write to the cache",
            which=place.parent,
            found=error.strerror,
            next_step="set TINYML_COMPRESS_CACHE to a folder that can be written",
        ) from error
    try:
        make(beside)
        try:
            os.rename(beside, place)
        except OSError:
            if not place.is_dir():
                raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return place
