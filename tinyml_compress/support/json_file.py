"""JSON that somebody else may have written: bounded in size, depth and numbers, and free of NaN."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from tinyml_compress.errors import DataError
from tinyml_compress.support.files import content

_LARGEST = 256 << 20
_DEEPEST = 64
_DIGITS = 300
"""A longer whole number is beyond every float, and slow to print."""


class _Refused(ValueError):
    """What this reader refuses and JSON, or Python's reader of it, does not."""


def read_json(path: Path, what: str = "cannot read the result") -> Any:
    """The value in a file; DataError, which begins with `what`, where there is none."""
    try:
        data = content(path, _LARGEST)
    except OSError as error:
        raise DataError(what, which=path, found=error.strerror or error) from error
    return _parse_json(data, path, what)


def _parse_json(data: bytes, which: object, what: str = "cannot read the result") -> Any:
    """The value that `data` holds, in any of the encodings of JSON."""
    try:
        if len(data) > _LARGEST:
            raise _Refused(f"more than {_LARGEST >> 20} MB")
        value = json.loads(data, parse_constant=_constant, parse_float=_float, parse_int=_int)
        _check_depth(value)
    except (ValueError, RecursionError) as error:
        why = "levels within levels beyond measure" if isinstance(error, RecursionError) else error
        raise DataError(
            what,
            which=which,
            found=why,
            allowed=f"JSON with finite numbers and at most {_DEEPEST} levels",
            next_step="write it anew, with the verb that made it",
        ) from error
    return value


def _constant(word: str) -> float:
    raise _Refused(f"{word}, which is no number")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _Refused(f"{text[:20]}, which is beyond every float")
    return value


def _int(text: str) -> int:
    if len(text) > _DIGITS:
        raise _Refused(f"a whole number of {len(text)} digits")
    return int(text)


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(_DEEPEST + 1):
        level = [
            inner
            for one in level
            if isinstance(one, (dict, list))
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return
    raise _Refused(f"more than {_DEEPEST} levels")
