"""`load(spec)`: from a file, a folder, a description, a function, or the name of a shipped set."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from tinyml_compress.data.dataset import DataSet
from tinyml_compress.data.described import load_described, load_folder, load_table
from tinyml_compress.data.files import load_arrays, load_file
from tinyml_compress.data.functions import arrays_of_function
from tinyml_compress.data.shipped import load_shipped
from tinyml_compress.data.texts import is_of_texts, load_texts, load_words
from tinyml_compress.errors import DataError, UsageError

_WORDS = (".conll", ".bio", ".iob")
_SUFFIXES = (".npz", ".npy", ".csv", ".toml", *_WORDS)
_SPLITS = ("train", "test")
_FUNCTION = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_FORMS = (
    "data:NAME, a .npz, .npy, .csv or .conll file, a folder with one subfolder of pictures or .wav files per "
    "class, a description .toml, or package.module:function; :train or :test behind it takes a part"
)


def load(spec: str | Path) -> DataSet:
    """The data set that `spec` names, checked.

    `:train` and `:test` behind it take a part. Parts of an .npz are its arrays `train_inputs`,
    `train_labels`, `test_inputs`, ... (or `x_train` and so on), those of a folder its subfolders `train` and
    `test`; where a folder, table or description has none, a fifth of each class is the test part, chosen by a
    fixed seed.
    """
    text = str(spec)
    if text.startswith("data:"):
        name, colon, split = text.removeprefix("data:").partition(":")
        return load_shipped(name, _checked_split(text, split) if colon else None)
    place, part = _parted(text)
    path = Path(place)
    if text and path.is_dir():
        return load_folder(path, part, text)
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES:
        if _FUNCTION.fullmatch(place):
            data = load_arrays(place, arrays_of_function(place), part)
            return replace(data, name=text)
        raise UsageError("not a data set", which=text, allowed=_FORMS)
    if not path.is_file():
        raise DataError(
            "no such data file" if not path.exists() else "not a file",
            which=path,
            next_step="check the path; shipped sets are named data:NAME, e.g. data:digits",
        )
    if suffix == ".toml":
        return load_described(path, part, text)
    if suffix == ".csv":
        return load_texts(path, part, text) if is_of_texts(path) else load_table(path, part, text)
    if suffix in _WORDS:
        return load_words(path, part, text)
    return load_file(path, part)


def _parted(text: str) -> tuple[str, str | None]:
    """`path:test` is the part test of path; the colon of a function is not one of a part."""
    place, colon, split = text.rpartition(":")
    if not colon or Path(text).exists():
        return text, None
    if split in _SPLITS:
        # `module:test` is a function of that name unless something lies at `module`.
        if Path(place).exists() or Path(place).suffix.lower() in _SUFFIXES or ":" in place:
            return place, split
        return text, None
    if Path(place).suffix.lower() in _SUFFIXES or Path(place).is_dir():
        _checked_split(text, split)
    return text, None


def _checked_split(text: str, split: str) -> str:
    if split not in _SPLITS:
        raise UsageError(
            "no such part of a data set", which=text, found=split or "nothing", allowed=" or ".join(_SPLITS)
        )
    return split
