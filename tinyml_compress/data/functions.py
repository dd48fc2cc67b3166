"""`package.module:function`: data that the user's own Python makes."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import DataError, TinymlError, UsageError

__all__ = ["arrays_of_function"]

Array = npt.NDArray[np.generic]


def arrays_of_function(spec: str) -> Mapping[str, Array]:
    """What the function returns, under the names that an .npz file would have.

    It takes no argument and returns inputs, or (inputs, labels), or a dict of arrays by name.
    """
    module_name, _, function_name = spec.partition(":")
    # As `python` itself would: modules beside the user are found.
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise UsageError(
            "no such module", which=module_name, found=error, next_step="run in its folder, or install it"
        ) from error
    except Exception as error:  # whatever the user's module raises
        raise DataError("the module cannot be imported", which=module_name, found=_short(error)) from error
    function = getattr(module, function_name, None)
    if not callable(function):
        raise UsageError("no such function in the module", which=spec, allowed="a function without arguments")
    try:
        made = function()
    except TinymlError:
        raise
    except Exception as error:  # whatever the user's function raises
        raise DataError("the function failed", which=spec, found=_short(error)) from error
    if isinstance(made, tuple) and len(made) == 2:
        made = {"inputs": made[0], "labels": made[1]}
    if not isinstance(made, Mapping):
        made = {"inputs": made}
    try:
        return {str(key): np.asarray(value) for key, value in made.items() if value is not None}
    except ValueError as error:
        raise DataError(
            "the function did not return arrays",
            which=spec,
            found=_short(error),
            allowed="inputs, (inputs, labels), or a dict of arrays by name",
        ) from error


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
