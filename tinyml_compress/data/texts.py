"""CSV files with texts: one sample per row, its words in one column, the class in another."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tinyml_compress.data.dataset import DataSet
from tinyml_compress.data.described import split_parts
from tinyml_compress.data.description import Description
from tinyml_compress.data.tables import LABELS, read_rows
from tinyml_compress.errors import DataError

_TEXTS = ("text", "sentence", "utterance")


def is_of_texts(path: Path) -> bool:
    """Whether a column of the table is named as one of texts."""
    return any(name.lower() in _TEXTS for name in read_rows(path).header)


def load_texts(path: Path, split: str | None, name: str) -> DataSet:
    """The texts, with their classes where the table has a column of them."""
    rows = read_rows(path)
    header = [word.lower() for word in rows.header]
    column = next(place for place, word in enumerate(header) if word in _TEXTS)
    label = next((place for place, word in enumerate(header) if word in LABELS), None)
    texts = [row[column].strip() for row in rows.body]
    empty = next((place for place, text in enumerate(texts) if not text), None)
    if empty is not None:
        raise DataError("a text is empty", which=f"{path}, row {empty + rows.first}")
    labels, classes = (None, ()) if label is None else _classes([row[label].strip() for row in rows.body])
    whole = DataSet(
        name, np.zeros((len(texts), 0), np.float32), labels, classes, path.name, texts=tuple(texts)
    )
    if split is None:
        return whole
    parts = split_parts(labels, len(texts), Description(path, path.name, 0.2, 0, 1.0, (0.0,), (1.0,)))
    return whole.picked(np.flatnonzero(np.array(parts) == split))


def _classes(words: list[str]) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], tuple[str, ...]]:
    """Numbers stay what they are; names get numbers in their order."""
    if all(word.isascii() and word.isdigit() and len(word) < 6 for word in words):
        return np.array([int(word) for word in words], np.int64), ()
    classes = tuple(sorted(set(words)))
    places = {word: place for place, word in enumerate(classes)}
    return np.array([places[word] for word in words], np.int64), classes
