"""CSV files: one sample per row, numbers in the columns, the class in one of them."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import DataError
from tinyml_compress.support import files

Doubles = npt.NDArray[np.float64]
LABELS = ("label", "class", "target", "y")


@dataclass(frozen=True)
class TableForm:
    """Which columns are what; None: found by themselves."""

    label: str | None = None
    """Name or number (from 0) of the column; "" says that there is none."""
    columns: tuple[str, ...] | None = None
    shape: tuple[int, ...] | None = None
    """Of a sample, row-major."""
    separator: str | None = None


@dataclass(frozen=True, eq=False)
class TableValues:
    """Values (count, *shape), and per row the text of its class."""

    values: Doubles
    labels: tuple[str, ...] | None


@dataclass(frozen=True)
class TableRows:
    """Names of the columns, and the cells below them."""

    header: tuple[str, ...]
    body: tuple[tuple[str, ...], ...]
    first: int
    """The number of the first row in the file."""


def read_rows(path: Path, separator: str | None = None) -> TableRows:
    """The cells of a CSV file. The first line names the columns unless all of it is numbers."""
    try:
        text = files.content(path).decode("utf-8-sig")
        mark = separator or _separator(text)
        rows = [
            tuple(row)
            for row in csv.reader(text.splitlines(), delimiter=mark, strict=True)
            if any(map(str.strip, row))
        ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            "the table cannot be read", which=path, found=error, allowed="CSV text in UTF-8"
        ) from error
    if not rows:
        raise DataError("the table is empty", which=path)
    named = not all(_is_number(cell) for cell in rows[0])
    header = [cell.strip() for cell in rows[0]] if named else [str(index) for index in range(len(rows[0]))]
    body = rows[1:] if named else rows
    if not body:
        raise DataError("the table is empty", which=path, found="a line of names and no rows")
    first = 2 if named else 1
    for number, row in enumerate(body, first):
        if len(row) != len(header):
            raise DataError(
                "a row has another number of cells",
                which=f"{path}, row {number}",
                found=len(row),
                allowed=len(header),
            )
    return TableRows(tuple(header), tuple(body), first)


def read_table(path: Path, form: TableForm) -> TableValues:
    """The rows of a CSV file of numbers."""
    rows = read_rows(path, form.separator)
    header, body = rows.header, rows.body
    label = _label_column(path, header, form)
    columns = _columns(path, header, form, label)
    values = np.empty((len(body), len(columns)))
    for place, row in enumerate(body):
        for index, column in enumerate(columns):
            values[place, index] = _number(path, place + rows.first, header[column], row[column])
    if form.shape is not None:
        if math.prod(form.shape) != len(columns):
            raise DataError(
                "the columns do not fill the shape",
                which=path,
                found=f"{len(columns)} columns",
                allowed=f"{math.prod(form.shape)} for {'x'.join(map(str, form.shape))}",
            )
        values = values.reshape(-1, *form.shape)
    return TableValues(values, None if label is None else tuple(row[label].strip() for row in body))


def _separator(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(",;\t", key=lambda mark: (first.count(mark), mark == ","))


def _label_column(path: Path, header: Sequence[str], form: TableForm) -> int | None:
    if form.label == "":
        return None
    if form.label is None:
        return next((index for index, name in enumerate(header) if name.lower() in LABELS), None)
    return _place(path, header, form.label)


def _columns(path: Path, header: Sequence[str], form: TableForm, label: int | None) -> list[int]:
    if form.columns is not None:
        return [_place(path, header, name) for name in form.columns]
    columns = [index for index in range(len(header)) if index != label]
    if not columns:
        raise DataError("the table has no column of values", which=path, found=", ".join(header))
    return columns


def _place(path: Path, header: Sequence[str], name: str) -> int:
    if name in header:
        return header.index(name)
    if name.isascii() and name.isdigit() and len(name) < 10 and int(name) < len(header):
        return int(name)
    raise DataError("no such column", which=path, found=name, allowed=", ".join(header))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _number(path: Path, row: int, column: str, cell: str) -> float:
    try:
        return float(cell)
    except ValueError as error:
        raise DataError(
            "a cell is no number",
            which=f"{path}, row {row}, column {column}",
            found=repr(cell),
            next_step=(
                "name the class column `label`, or choose columns in a "
                "description (calibration_data/README.md)"
            ),
        ) from error
