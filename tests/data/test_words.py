"""Texts with a tag for each word: a column of a table, or a word in each line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tinyml_compress import data
from tinyml_compress.errors import DataError
from tinyml_compress.evaluation import IGNORED

LINES = """-DOCSTART- -X- O

turn VB B-act
on RP I-act
the DT O
lamp NN B-thing

-DOCSTART- -X- O

play VB B-act
music NN -100


"""


def test_a_word_in_each_line(tmp_path: Path) -> None:
    path = tmp_path / "wishes.conll"
    path.write_text(LINES)
    words = data.load(path)
    assert words.texts == ("turn on the lamp", "play music")
    assert words.classes == ("B-act", "B-thing", "I-act", "O")
    assert words.need_labels().tolist() == [[0, 2, 3, 1], [0, IGNORED, IGNORED, IGNORED]]
    path.write_text(LINES.replace("\n", "\r\n"))
    again = data.load(path)
    assert again.texts == words.texts
    path.write_text("\n".join(f"word{place} {place % 3}\n" for place in range(20)))
    parts = [data.load(f"{path}:{part}") for part in ("train", "test")]
    assert [part.count for part in parts] == [16, 4]
    assert sorted(parts[0].texts + parts[1].texts) == sorted(data.load(path).texts)
    assert parts[0].need_labels().shape == (16, 1)


def test_tags_in_a_column(tmp_path: Path) -> None:
    path = tmp_path / "wishes.csv"
    path.write_text("text,tags\nturn on the lamp,1 2 0 3\n play  music ,1 -100\n")
    words = data.load(path)
    assert words.classes == ()
    assert words.need_labels().tolist() == [[1, 2, 0, 3], [1, IGNORED, IGNORED, IGNORED]]
    assert words.take(1).need_labels().shape == (1, 4)


BAD = {
    "a tag too few": ("a.csv", "text,tags\na b,1 2\na b,1\n", "row 3(.|\n)*2 words, 1 tags"),
    "both": ("a.csv", "text,tags,label\na b,1 2,3\n", "columns label and tags"),
    "none at all": ("a.csv", "text,tags\na b,-100 -100\n", "no word has a tag"),
    "a negative one": ("a.csv", "text,tags\na b,1 -1\n", "negative number(.|\n)*-1"),
    "a word alone": ("a.conll", "a B\nb\n", "a word has no tag(.|\n)*line 2"),
    "no words": ("a.conll", "\n\n-DOCSTART- O\n", "no words"),
    "no text": ("a.conll", b"\xff\xfe", "cannot be read"),
}


@pytest.mark.parametrize("fault", BAD)
def test_each_fault_is_named(fault: str, tmp_path: Path) -> None:
    name, content, says = BAD[fault]
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=says):
        data.load(tmp_path / name)


def test_places_of_an_array(tmp_path: Path) -> None:
    """Tokens that were made elsewhere, with PyTorch's number where nothing is asked."""
    path = tmp_path / "tokens.npz"
    ids = np.ones((2, 3), np.int64)
    labels = np.array([[IGNORED, 4, 1], [IGNORED, 0, IGNORED]])
    np.savez(path, input_input_ids=ids, input_attention_mask=ids, labels=labels)
    assert data.load(path).need_labels().tolist() == labels.tolist()
    np.savez(path, inputs=ids, labels=labels - 1)
    with pytest.raises(DataError, match="neither class numbers"):
        data.load(path)
    np.savez(path, inputs=ids, labels=np.where(labels == 1, -7, labels))
    with pytest.raises(DataError, match="not class numbers(.|\n)*-7"):
        data.load(path)
    np.savez(path, inputs=ids, labels=np.full((2, 3), IGNORED))
    with pytest.raises(DataError, match="no place has a label"):
        data.load(path)
