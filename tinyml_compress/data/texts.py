"""Files with texts: a CSV with one sample per row, its words in one column, the class in another or a tag for
each word; or a line per word with its tag at the end, as tasks of CoNLL have them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress.data.dataset import DataSet
from tinyml_compress.data.described import split_parts
from tinyml_compress.data.description import Description
from tinyml_compress.data.tables import LABELS, read_rows
from tinyml_compress.errors import DataError
from tinyml_compress.evaluation import IGNORED
from tinyml_compress.support import files

_TEXTS = ("text", "sentence", "utterance")
_TAGS = ("tags", "ner_tags", "pos_tags")
_BETWEEN_DOCUMENTS = "-DOCSTART-"
Labels = npt.NDArray[np.int64]


def is_of_texts(path: Path) -> bool:
    """Whether a column of the table is named as one of texts."""
    return any(name.lower() in _TEXTS for name in read_rows(path).header)


def load_texts(path: Path, split: str | None, name: str) -> DataSet:
    """The texts, with their classes or the tags of their words where the table has a column of them."""
    rows = read_rows(path)
    header = [word.lower() for word in rows.header]
    column = next(place for place, word in enumerate(header) if word in _TEXTS)
    label = next((place for place, word in enumerate(header) if word in LABELS), None)
    tags = next((place for place, word in enumerate(header) if word in _TAGS), None)
    if label is not None and tags is not None:
        raise DataError(
            "the table has a class for each text and a tag for each word",
            which=path,
            found=f"columns {rows.header[label]} and {rows.header[tags]}",
            next_step="leave out the one that the model does not answer",
        )
    texts = [row[column].strip() for row in rows.body]
    empty = next((place for place, text in enumerate(texts) if not text), None)
    if empty is not None:
        raise DataError("a text is empty", which=f"{path}, row {empty + rows.first}")
    labels: Labels | None = None
    classes: tuple[str, ...] = ()
    if label is not None:
        labels, classes = _classes([row[label].strip() for row in rows.body])
    elif tags is not None:
        tagged = [(text.split(), row[tags].split()) for text, row in zip(texts, rows.body, strict=True)]
        labels, classes = _of_words(
            path, tagged, [f"row {rows.first + place}" for place in range(len(texts))]
        )
    return _parted(path, split, name, texts, labels, classes)


def load_words(path: Path, split: str | None, name: str) -> DataSet:
    """Lines of a word and, at their end, its tag; an empty line ends a text."""
    try:
        lines = files.content(path).decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            "the file cannot be read", which=path, found=error, allowed="text in UTF-8"
        ) from error
    texts: list[list[tuple[str, str]]] = [[]]
    begun = []
    for number, line in enumerate([*lines, ""], 1):
        cells = line.split()
        if not cells or cells[0] == _BETWEEN_DOCUMENTS:
            if texts[-1]:
                texts.append([])
            continue
        if len(cells) < 2:
            raise DataError(
                "a word has no tag",
                which=f"{path}, line {number}",
                found=repr(line[:60]),
                allowed="a word, and its tag at the end of the line; an empty line between texts",
            )
        if not texts[-1]:
            begun.append(f"the text of line {number}")
        texts[-1].append((cells[0], cells[-1]))
    if not begun:
        raise DataError("the file has no words", which=path)
    tagged = [([word for word, _ in text], [tag for _, tag in text]) for text in texts[: len(begun)]]
    labels, classes = _of_words(path, tagged, begun)
    return _parted(path, split, name, [" ".join(words) for words, _ in tagged], labels, classes)


def _parted(
    path: Path,
    split: str | None,
    name: str,
    texts: Sequence[str],
    labels: Labels | None,
    classes: tuple[str, ...],
) -> DataSet:
    whole = DataSet(
        name, np.zeros((len(texts), 0), np.float32), labels, classes, path.name, texts=tuple(texts)
    )
    if split is None:
        return whole
    groups = labels if labels is None or labels.ndim == 1 else None
    parts = split_parts(groups, len(texts), Description(path, path.name, 0.2, 0, 1.0, (0.0,), (1.0,)))
    return whole.picked(np.flatnonzero(np.array(parts) == split))


def _of_words(
    path: Path, tagged: Sequence[tuple[Sequence[str], Sequence[str]]], where: Sequence[str]
) -> tuple[Labels, tuple[str, ...]]:
    """Tags as (texts, words of the longest), -100 behind the last word and where that stands for a tag."""
    for (words, tags), place in zip(tagged, where, strict=True):
        if len(words) != len(tags):
            raise DataError(
                "a text has another number of tags than of words",
                which=f"{path}, {place}",
                found=f"{len(words)} words, {len(tags)} tags",
                allowed=f"a tag per word, blanks between them; {IGNORED} for a word that does not count",
            )
    flat = [tag for _, tags in tagged for tag in tags]
    counted = [tag for tag in flat if tag != str(IGNORED)]
    if not counted:
        raise DataError(f"no word has a tag: all are {IGNORED}", which=path)
    negative = next((tag for tag in counted if tag[0] == "-" and tag[1:].isdigit()), None)
    if negative is not None:
        raise DataError(
            "a tag is a negative number",
            which=path,
            found=negative,
            allowed=f"numbers from 0, names, or {IGNORED} for a word that does not count",
        )
    numbers, classes = _classes(counted)
    rest = iter(numbers.tolist())
    labels = np.full((len(tagged), max(len(tags) for _, tags in tagged)), IGNORED, np.int64)
    for row, (_, tags) in zip(labels, tagged, strict=True):
        row[: len(tags)] = [IGNORED if tag == str(IGNORED) else next(rest) for tag in tags]
    return labels, classes


def _classes(words: list[str]) -> tuple[Labels, tuple[str, ...]]:
    """Numbers stay what they are; names get numbers in their order."""
    if all(word.isascii() and word.isdigit() and len(word) < 6 for word in words):
        return np.array([int(word) for word in words], np.int64), ()
    classes = tuple(sorted(set(words)))
    places = {word: place for place, word in enumerate(classes)}
    return np.array([places[word] for word in words], np.int64), classes
