"""Data sets from the user's own .npz and .npy files: nothing in them is trusted."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from tinyml_compress.data.dataset import DataSet, Floats, Labels
from tinyml_compress.errors import DataError
from tinyml_compress.evaluation import IGNORED

Array = npt.NDArray[np.generic]
_INPUT_NAMES = ("inputs", "x", "X", "data", "images", "features")
_LABEL_NAMES = ("labels", "y", "Y", "label", "targets")
_SPLITS = ("train", "test")
_MOST_CLASSES = 1 << 20
"""A table with a count per class has to fit into memory."""
_SEVERAL = "input_"
_UNPACKED, _TIMES = 256 << 20, 100
"""Bytes that any archive may unpack to, and how many more for each of its own."""


def load_file(path: Path, split: str | None) -> DataSet:
    """The set in `path`; of a file with train and test parts, the part `split`, or both when it is None."""
    arrays = read_arrays(path)
    if path.suffix.lower() == ".npy":
        if split is not None:
            raise DataError(
                "a .npy file has no parts", which=path, next_step="leave out the part after the colon"
            )
        return DataSet(str(path), as_inputs(path, "", arrays[""]))
    return load_arrays(path, arrays, split)


def load_arrays(path: Path | str, arrays: Mapping[str, Array], split: str | None) -> DataSet:
    """The set in named arrays; `path` names it in errors."""
    name = f"{path}:{split}" if split else str(path)
    if split is None and (several := {key: arrays[key] for key in arrays if key.startswith(_SEVERAL)}):
        return _of_several(name, path, arrays, several)
    keys = {part: _inputs_of(arrays, part) for part in _SPLITS}
    if split is None and (plain := _inputs_of(arrays, None) or _only_array(arrays)):
        parts: list[tuple[str | None, str]] = [(None, plain)]
    else:
        parts = [(part, key) for part, key in keys.items() if key is not None and split in (None, part)]
    if not parts:
        raise DataError(
            "no inputs in the data file" if split is None else f"the data file has no {split} part",
            which=path,
            found=", ".join(f"{key} {value.shape}" for key, value in sorted(arrays.items()))
            or "no array at all",
            allowed=(
                "arrays named inputs and labels (or x and y), or train_inputs, train_labels, test_inputs, ..."
            ),
        )
    pieces = [_piece(path, arrays, part, key) for part, key in parts]
    return _joined(name, path, pieces)


def read_arrays(path: Path) -> Mapping[str, Array]:
    """The arrays of a .npz by name, or that of a .npy under the empty name."""
    try:
        with warnings.catch_warnings(), path.open("rb") as file:
            warnings.simplefilter("ignore")  # numpy warns about old headers before it fails on them
            _check_size(path, file)
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                arrays: dict[str, Array] = {"": loaded}
            else:
                with loaded:
                    arrays = {key: loaded[key] for key in loaded.files}
    except DataError:
        raise
    except MemoryError as error:
        raise DataError(
            "the data does not fit in memory",
            which=path,
            next_step="cut the file: a few hundred samples calibrate",
        ) from error
    except Exception as error:  # numpy and zipfile raise about ten kinds, by what exactly is broken
        raise DataError(
            "the data file cannot be read",
            which=path,
            found=f"{type(error).__name__}: {error}" if str(error) else type(error).__name__,
            allowed="arrays of numbers written by numpy.savez or numpy.save",
        ) from error
    for key, value in arrays.items():
        if not isinstance(value, np.ndarray):
            raise DataError("the data file cannot be read", which=path, found=f"{key} is not an array")
    if path.suffix.lower() == ".npy" and "" not in arrays:
        raise DataError("the data file is not what its name says", which=path, found="a .npz archive")
    if path.suffix.lower() == ".npz" and "" in arrays:
        raise DataError("the data file is not what its name says", which=path, found="a single .npy array")
    return arrays


def _check_size(path: Path, file: BinaryIO) -> None:
    """A few kilobytes may unpack to more than the machine has."""
    if not zipfile.is_zipfile(file):
        file.seek(0)
        return
    most = _UNPACKED + _TIMES * path.stat().st_size
    with zipfile.ZipFile(file) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    file.seek(0)
    if unpacked > most:
        raise DataError(
            "the data file unpacks to too much",
            which=path,
            found=f"{unpacked:,} bytes in a file of {path.stat().st_size:,}",
            allowed=f"{most:,} bytes",
            next_step="save it with numpy.savez, which does not pack, if that is what it should hold",
        )


def as_inputs(path: Path | str, key: str, value: Array) -> Floats:
    """`value` as finite float32 samples."""
    which = f"{path}, array {key}" if key else str(path)
    if value.dtype.kind not in "fiub":
        raise DataError("inputs are not real numbers", which=which, found=f"dtype {value.dtype}")
    if value.ndim < 2:
        raise DataError(
            "inputs lack a dimension",
            which=which,
            found=f"shape {value.shape}",
            allowed="(count, ...): the first dimension counts the samples, the rest is one sample's shape",
        )
    if value.size == 0:
        raise DataError("the data set is empty", which=which, found=f"shape {value.shape}")
    with np.errstate(over="ignore", invalid="ignore"):
        floats = np.ascontiguousarray(value, dtype=np.float32)
    bad = ~np.isfinite(floats)
    if bad.any():
        first = tuple(int(index) for index in np.argwhere(bad)[0])
        raise DataError(
            "inputs hold values that are not finite numbers",
            which=which,
            found=f"{int(bad.sum())} of {bad.size}, the first at index {first}: {value[first]}",
            allowed="finite numbers in the range of float32",
            next_step="remove or repair those samples",
        )
    return floats


def as_labels(path: Path | str, key: str, value: Array, count: int) -> Labels:
    """`value` as `count` class indices; one-hot rows are accepted."""
    which = f"{path}, array {key}"
    if value.dtype.kind not in "fiub":
        raise DataError("labels are not numbers", which=which, found=f"dtype {value.dtype}")
    if value.ndim == 0 or value.shape[0] != count:
        raise DataError(
            "labels and inputs differ in number",
            which=which,
            found=f"shape {value.shape}",
            allowed=f"{count} labels, one per sample",
        )
    if value.ndim == 2 and value.dtype.kind == "i" and (value == IGNORED).any():
        return _of_places(which, value)
    if value.ndim == 2 and value.shape[1] > 1:
        numbers = value.astype(np.float64)
        if not (np.isin(numbers, (0.0, 1.0)).all() and (numbers.sum(axis=1) == 1).all()):
            raise DataError(
                "labels are neither class numbers nor one-hot rows", which=which, found=f"shape {value.shape}"
            )
        return np.asarray(numbers.argmax(axis=1), dtype=np.int64)
    if value.size != count:
        raise DataError("labels have a wrong shape", which=which, found=value.shape, allowed=f"({count},)")
    flat = value.reshape(count)
    numbers = flat.astype(np.float64)
    if not (
        np.isfinite(numbers) & (numbers == np.floor(numbers)) & (numbers >= 0) & (numbers < _MOST_CLASSES)
    ).all():
        allowed = f"whole numbers from 0 to {_MOST_CLASSES - 1:,}"
        raise DataError(
            "labels are not class numbers", which=which, found=_first_bad(numbers), allowed=allowed
        )
    return numbers.astype(np.int64)


def _of_places(which: str, value: Array) -> Labels:
    """A class for each place of a sample, or -100 where none counts."""
    numbers = value.astype(np.int64)
    bad = (numbers != IGNORED) & ((numbers < 0) | (numbers >= _MOST_CLASSES))
    if bad.any():
        raise DataError(
            "labels are not class numbers",
            which=which,
            found=int(numbers[bad][0]),
            allowed=f"0 to {_MOST_CLASSES - 1:,}, and {IGNORED} for places that do not count",
        )
    if (numbers == IGNORED).all():
        raise DataError(f"no place has a label: all are {IGNORED}", which=which)
    return numbers


def _first_bad(numbers: npt.NDArray[np.float64]) -> str:
    bad = ~(
        np.isfinite(numbers) & (numbers == np.floor(numbers)) & (numbers >= 0) & (numbers < _MOST_CLASSES)
    )
    place = int(bad.argmax())
    return f"{numbers[place]:g} of sample {place}"


def _names(part: str | None, plain: tuple[str, ...]) -> list[str]:
    if part is None:
        return list(plain)
    return [form for name in plain for form in (f"{part}_{name}", f"{name}_{part}")]


def _inputs_of(arrays: Mapping[str, Array], part: str | None) -> str | None:
    return next((name for name in _names(part, _INPUT_NAMES) if name in arrays), None)


def _only_array(arrays: Mapping[str, Array]) -> str | None:
    return next(iter(arrays)) if len(arrays) == 1 else None


def _of_several(
    name: str, path: Path | str, arrays: Mapping[str, Array], several: Mapping[str, Array]
) -> DataSet:
    """`input_NAME` for each input of a model that has several."""
    inputs = tuple(
        (key.removeprefix(_SEVERAL), as_inputs(path, key, value)) for key, value in several.items()
    )
    counts = {key: len(value) for key, value in inputs}
    if len(set(counts.values())) > 1:
        raise DataError("the inputs differ in the number of samples", which=path, found=counts)
    label_key = next((key for key in _LABEL_NAMES if key in arrays), None)
    first = inputs[0][1]
    labels = None if label_key is None else as_labels(path, label_key, arrays[label_key], len(first))
    return DataSet(name, first, labels, named=inputs)


def _piece(
    path: Path | str, arrays: Mapping[str, Array], part: str | None, key: str
) -> tuple[Floats, Labels | None]:
    inputs = as_inputs(path, key, arrays[key])
    label_key = next((name for name in _names(part, _LABEL_NAMES) if name in arrays), None)
    if label_key is None:
        return inputs, None
    return inputs, as_labels(path, label_key, arrays[label_key], len(inputs))


def _joined(name: str, path: Path | str, pieces: list[tuple[Floats, Labels | None]]) -> DataSet:
    shapes = {inputs.shape[1:] for inputs, _ in pieces}
    if len(shapes) > 1:
        raise DataError("the parts of the data file differ in shape", which=path, found=sorted(shapes))
    labels = [part for _, part in pieces if part is not None]
    if labels and len(labels) != len(pieces):
        raise DataError("only one part of the data file has labels", which=path)
    return DataSet(
        name,
        np.concatenate([inputs for inputs, _ in pieces]) if len(pieces) > 1 else pieces[0][0],
        (np.concatenate(labels) if len(labels) > 1 else labels[0]) if labels else None,
    )
