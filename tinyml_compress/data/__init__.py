"""Calibration and evaluation data: `load(spec)` gives a checked, described `DataSet`; `check(spec)` says what
would spoil a calibration.
"""

from tinyml_compress.data.dataset import DataSet
from tinyml_compress.data.load import load
from tinyml_compress.data.shipped import manifest, shipped_names

__all__ = ["DataSet", "load", "manifest", "shipped_names"]

_CHECK = "tinyml_compress.pipeline.data_check"


def __getattr__(name: str) -> object:
    """`check` looks at sets through models, and so lives where these may be run."""
    from importlib import import_module

    if name != "check":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    function: object = import_module(_CHECK).check_data
    return function
