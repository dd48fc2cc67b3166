"""`load(spec)`: a path to .npz or .npy, or the name of a shipped set."""

from __future__ import annotations

from pathlib import Path

from tinyml_compress.data.dataset import DataSet
from tinyml_compress.data.files import load_file
from tinyml_compress.data.shipped import load_shipped
from tinyml_compress.errors import DataError, UsageError

__all__ = ["load"]

_SUFFIXES = (".npz", ".npy")
_SPLITS = ("train", "test")
_FORMS = "PATH.npz, PATH.npz:train, PATH.npz:test, PATH.npy, data:NAME, data:NAME:train, data:NAME:test"


def load(spec: str | Path) -> DataSet:
    """The data set that `spec` names, checked.

    `data:NAME` is the whole shipped set, `data:NAME:train` and `data:NAME:test` its parts. The parts of a file
    are its arrays `train_inputs`, `train_labels`, `test_inputs`, `test_labels` (or `x_train`, `y_train` and so on).
    """
    text = str(spec)
    if text.startswith("data:"):
        name, colon, split = text.removeprefix("data:").partition(":")
        return load_shipped(name, _checked_split(text, split) if colon else None)
    path_text, colon, split = text.rpartition(":")
    chosen: str | None = None
    path = Path(text)
    if colon and Path(path_text).suffix.lower() in _SUFFIXES:
        path, chosen = Path(path_text), _checked_split(text, split)
    if path.suffix.lower() not in _SUFFIXES:
        raise UsageError("not a data set", which=text, allowed=_FORMS)
    if not path.is_file():
        raise DataError(
            "no such data file" if not path.exists() else "not a file",
            which=path,
            next_step="check the path; shipped sets are named data:NAME, e.g. data:digits",
        )
    return load_file(path, chosen)


def _checked_split(text: str, split: str) -> str:
    if split not in _SPLITS:
        raise UsageError(
            "no such part of a data set", which=text, found=split or "nothing", allowed=" or ".join(_SPLITS)
        )
    return split
