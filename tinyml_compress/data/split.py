"""A set in two parts: what trains or calibrates, and what judges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from tinyml_compress.data.dataset import DataSet
from tinyml_compress.data.load import load
from tinyml_compress.errors import DataError, UsageError


def loaded(data: str | Path | DataSet) -> DataSet:
    """The set, read where it is only named."""
    return data if isinstance(data, DataSet) else load(data)


def split_data(
    data: str | Path | DataSet, eval_data: str | Path | DataSet | None, seed: int
) -> tuple[DataSet, DataSet]:
    """Training set and evaluation set: as given, by the set's own parts, or one sample of five kept out."""
    if eval_data is not None:
        tests = loaded(eval_data)
        return loaded(data), tests
    if not isinstance(data, DataSet):
        text = str(data).removesuffix(":train")
        try:
            return load(f"{text}:train"), load(f"{text}:test")
        except (DataError, UsageError):
            data = load(data)  # the set has no parts
    return next(folded(data, 5, seed))


def folded(data: DataSet, folds: int, seed: int) -> Iterator[tuple[DataSet, DataSet]]:
    """As many ways to keep one of `folds` parts out of training; the parts are disjoint."""
    if data.count < folds:
        raise DataError(
            "too few samples to keep some out of training",
            which=data.name,
            found=data.count,
            allowed=f">= {folds}",
        )
    order, held = np.random.default_rng(seed).permutation(data.count), data.count // folds
    for start, end in pairwise([*range(0, held * folds, held), data.count]):
        rest = np.delete(order, slice(start, end))
        yield (
            part_of(data, np.sort(rest), f"{folds - 1} of {folds}"),
            part_of(data, np.sort(order[start:end]), f"1 of {folds}"),
        )


def part_of(data: DataSet, chosen: Any, what: str) -> DataSet:
    """Some samples of a set, which `what` names."""
    return replace(data.picked(chosen), name=f"{data.name} ({what})")
