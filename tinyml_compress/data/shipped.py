"""The sets of `calibration_data/`: a manifest each, and a file or the recipe of a synthetic set."""

from __future__ import annotations

import difflib
import hashlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinyml_compress.data.dataset import DataSet
from tinyml_compress.data.files import read_arrays
from tinyml_compress.data.grammar import texts_of
from tinyml_compress.data.synthetic import GENERATORS
from tinyml_compress.data.whole_numbers import Made
from tinyml_compress.errors import DataError, UsageError
from tinyml_compress.support.resources import calibration_folder

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_PARTS = ("train", "test")


@dataclass(frozen=True)
class StoredPart:
    """One split as it is stored: how many samples, and the sha256 of its stored bytes followed by
    its labels.
    """

    name: str
    count: int
    sha256: str


@dataclass(frozen=True)
class SetManifest:
    """What is known of a shipped set. A model's value is `stored * scale + offset`, exact in float32."""

    name: str
    title: str
    description: str
    source: str
    licence: str
    shape: tuple[int, ...]
    dtype: str
    scale: float
    offset: float
    classes: tuple[str, ...]
    parts: tuple[StoredPart, ...]
    file: str | None
    file_sha256: str | None
    generator: str | None
    seed: int | None
    options: Mapping[str, int]
    """What else the generator is told."""

    def part(self, name: str) -> StoredPart:
        return next(part for part in self.parts if part.name == name)


def shipped_names() -> tuple[str, ...]:
    """Names that `data:NAME` takes."""
    return tuple(sorted(path.stem for path in calibration_folder().glob("*.toml")))


def manifest(name: str) -> SetManifest:
    """The manifest of a shipped set."""
    names = shipped_names()
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        raise UsageError(
            "no such shipped data set",
            which=f"data:{name}",
            allowed=", ".join(f"data:{known}" for known in names),
            next_step=f"did you mean data:{near[0]}?" if near else None,
        )
    path = calibration_folder() / f"{name}.toml"
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        stored, synthetic = table.get("file", {}), table.get("synthetic", {})
        return SetManifest(
            name=name,
            title=table["title"],
            description=table["description"],
            source=table["source"],
            licence=table["licence"],
            shape=tuple(table["shape"]),
            dtype=table["dtype"],
            scale=float(table["scale"]),
            offset=float(table["offset"]),
            classes=tuple(table["classes"]),
            parts=tuple(StoredPart(part, table[part]["count"], table[part]["sha256"]) for part in _PARTS),
            file=stored.get("name"),
            file_sha256=stored.get("sha256"),
            generator=synthetic.get("generator"),
            seed=synthetic.get("seed"),
            options={key: int(value) for key, value in synthetic.items() if key not in ("generator", "seed")},
        )
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise DataError("a shipped data set's manifest is damaged", which=path, found=error) from error


def load_shipped(name: str, split: str | None) -> DataSet:
    """The part `split` of a shipped set, or the whole of it; what is loaded is compared with the manifest."""
    about = manifest(name)
    parts = [_checked(about, part) for part in about.parts if split in (None, part.name)]
    stored = np.concatenate([inputs for inputs, _ in parts])
    labels = np.concatenate([labels for _, labels in parts])
    texts = texts_of(stored) if about.dtype == "text" else ()
    values = (
        np.zeros((len(texts), 0)) if texts else stored * np.float32(about.scale) + np.float32(about.offset)
    )
    return DataSet(
        name=f"data:{name}:{split}" if split else f"data:{name}",
        inputs=values.astype(np.float32),
        texts=texts,
        labels=labels,
        classes=about.classes,
        description=about.title,
        source=about.source,
        licence=about.licence,
    )


def write_file(name: str, path: str) -> None:
    """The set `data:NAME` as an .npz with train_inputs, train_labels, ... in the values that the
    model takes.
    """
    arrays: dict[str, Any] = {}
    for part in _PARTS:
        data = load_shipped(name, part)
        arrays[f"{part}_inputs"], arrays[f"{part}_labels"] = data.inputs, data.need_labels()
    np.savez_compressed(Path(path), **arrays)


def part_sha256(arrays: Made) -> str:
    """The digest that a manifest carries for a part."""
    inputs, labels = arrays
    digest = hashlib.sha256(np.ascontiguousarray(inputs).tobytes())
    digest.update(np.ascontiguousarray(labels, dtype="<i8").tobytes())
    return digest.hexdigest()


def _stored_part(about: SetManifest, part: StoredPart) -> Made:
    """Stored bytes and labels of a part, unchecked."""
    if about.generator is not None and about.seed is not None:
        return GENERATORS[about.generator](
            about.shape, len(about.classes), part.count, about.seed, _PARTS.index(part.name), **about.options
        )
    path = calibration_folder() / str(about.file)
    if not path.is_file():
        raise DataError("a shipped data set is missing", which=path, next_step="install the tool again")
    if hashlib.sha256(path.read_bytes()).hexdigest() != about.file_sha256:
        raise DataError("a shipped data set is damaged", which=path, next_step="install the tool again")
    arrays = read_arrays(path)
    inputs, labels = arrays[f"{part.name}_inputs"], arrays[f"{part.name}_labels"]
    return inputs.astype(np.uint8), labels.astype(np.int64)


def _checked(about: SetManifest, part: StoredPart) -> Made:
    arrays = _stored_part(about, part)
    if arrays[0].shape != (part.count, *about.shape) or part_sha256(arrays) != part.sha256:
        raise DataError(
            "a shipped data set differs from its manifest",
            which=f"data:{about.name}:{part.name}",
            next_step="install the tool again; if it stays, report it with the version of numpy",
        )
    return arrays
