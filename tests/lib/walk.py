"""Where the words that name a model go: each file of the package whose functions take them, in order."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType

import tinyml_compress

PACKAGE = Path(tinyml_compress.__file__).parent


def walked(call: Callable[[], object], word: str) -> dict[str, list[str]]:
    """Functions by file, in the order in which `call` comes to them, that take `word`: as text, as a path, or
    in an object of the package that was made with it.
    """
    found: dict[str, list[str]] = {}

    def look(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        path = Path(code.co_filename)
        if event != "call" or PACKAGE not in path.parents:
            return
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        taken = (frame.f_locals.get(name) for name in names)
        if any(_is(value, word) or any(_is(part, word) for part in _parts(value)) for value in taken):
            functions = found.setdefault(path.relative_to(PACKAGE).as_posix(), [])
            if code.co_name not in functions:
                functions.append(code.co_name)

    threading.setprofile(look)
    sys.setprofile(look)
    try:
        call()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
    return found


def _is(value: object, word: str) -> bool:
    return isinstance(value, (str, Path)) and str(value) == word


def _parts(value: object) -> Iterable[object]:
    if not type(value).__module__.startswith(tinyml_compress.__name__):
        return ()
    fields = getattr(value, "__struct_fields__", ())
    return [*getattr(value, "__dict__", {}).values(), *(getattr(value, field, None) for field in fields)]
