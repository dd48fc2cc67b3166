"""`package.module:function`: the user's own Python, found in the folder he works in; the only thing that is.

What else lies in that folder is data. It stands behind everything installed while the user's code runs, and
nowhere at all before and after: a `numpy.py` beside a model file is never imported.

Imports nothing but Python's own modules: workers under other interpreters use it too.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from tinyml_compress.errors import TinymlError, UsageError


def callable_of(spec: str, failure: type[TinymlError], takes: str) -> Callable[..., Any]:
    """The function that `spec` names; it works with the user's folder in sight, however late it is called.

    `failure` is what a module that cannot be imported becomes, `takes` says what kind of function is wanted.
    """
    module_name, _, function_name = spec.partition(":")
    try:
        with folder_of_user(module_name):
            module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise UsageError(
            "no such module", which=module_name, found=error, next_step="run in its folder, or install it"
        ) from error
    except TinymlError:
        raise
    except Exception as error:  # whatever the user's module raises
        raise failure("the module cannot be imported", which=module_name, found=short(error)) from error
    function = getattr(module, function_name, None)
    if not callable(function):
        raise UsageError(
            "no such function in the module",
            which=spec,
            found="no such name" if function is None else "it is not callable",
            allowed=takes,
        )
    return _in_sight(function)


def called(spec: str, failure: type[TinymlError], takes: str) -> Any:
    """What the function returns that takes no argument; what it raises becomes a `failure`."""
    function = callable_of(spec, failure, takes)
    try:
        return function()
    except TinymlError:
        raise
    except Exception as error:  # whatever the user's function raises
        raise failure("the function failed", which=spec, found=short(error)) from error


@contextmanager
def folder_of_user(named: str = "") -> Iterator[None]:
    """The current folder behind everything installed; the module `named` is looked for there first."""
    here = os.getcwd()
    finder = _Named(named.partition(".")[0], here)
    sys.path.append(here)
    sys.meta_path.insert(0, finder)
    if named:
        importlib.invalidate_caches()  # he may have written the module a moment ago
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        # the last one is ours: the user's own process may have the folder on its path as well
        del sys.path[len(sys.path) - 1 - sys.path[::-1].index(here)]


def short(error: BaseException) -> str:
    """An exception of the user's code in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


class _Named(MetaPathFinder):
    """Finds one module in the user's folder, though an installed one may bear the same name."""

    def __init__(self, name: str, folder: str) -> None:
        self._name, self._folder = name, folder

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        return PathFinder.find_spec(fullname, [self._folder, *sys.path])


def _in_sight(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*values: Any, **named: Any) -> Any:
        with folder_of_user():
            return function(*values, **named)

    return call
