"""The header of a .safetensors file: what is true is read, what lies is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tinyml_compress.errors import ModelError
from tinyml_compress.formats.safetensors import read_header


def _entry(begin: int, end: int, shape: list[Any] | None = None, dtype: str = "F32") -> dict[str, Any]:
    return {
        "dtype": dtype,
        "shape": [(end - begin) // 4] if shape is None else shape,
        "data_offsets": [begin, end],
    }


def _file(place: Path, header: object, content: int = 16, length: int | None = None) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    size = len(text) if length is None else length
    place.write_bytes(size.to_bytes(8, "little") + text + bytes(content))
    return place


def test_what_is_true_is_read(tmp_path: Path) -> None:
    entries = {"b": _entry(8, 16, [2, 1]), "a": _entry(0, 8), "__metadata__": {"format": "pt"}}
    header = read_header(_file(tmp_path / "true.safetensors", entries))
    assert [(one.name, one.shape) for one in header.tensors] == [("a", (2,)), ("b", (2, 1))]
    assert (header.parameters, header.metadata) == (4, {"format": "pt"})


LIES: dict[str, tuple[object, str]] = {
    "overlap": ({"a": _entry(0, 12), "b": _entry(8, 16)}, "b at 8 overlaps"),
    "hole": ({"a": _entry(0, 4), "b": _entry(8, 16)}, "b at 8 leaves a hole"),
    "beyond the end": ({"a": _entry(0, 400)}, "take 400 bytes and the file holds 16"),
    "less than the file": ({"a": _entry(0, 8)}, "take 8 bytes"),
    "another size": ({"a": _entry(0, 16, [5])}, "a has 16 bytes"),
    "unknown type": ({"a": _entry(0, 16, dtype="F31")}, "of type F31"),
    "negative": ({"a": _entry(0, 16, [-2, -2])}, "of shape"),
    "no whole number": ({"a": _entry(0, 16, [4.0])}, "of shape"),
    "true is no number": ({"a": _entry(0, 16, [True, 4])}, "of shape"),
    "backwards": ({"a": _entry(16, 0, [4])}, "a at"),
    "huge": ({"a": _entry(0, 16, [1 << 62, 1 << 62])}, "a has 16 bytes"),
    "more keys": ({"a": {**_entry(0, 16), "more": 1}}, "not described by"),
    "a list": ([1, 2], "not a table"),
    "no JSON": (b"{,}", "without JSON"),
    "deep": (b"[" * 100_000, "without JSON"),
    "twice": (b'{"a": 1, "a": 2}', "occurs twice"),
    "metadata": ({"a": _entry(0, 16), "__metadata__": {"x": 1}}, "table of texts"),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_lies_is_refused(lie: str, tmp_path: Path) -> None:
    header, says = LIES[lie]
    with pytest.raises(ModelError, match=says):
        read_header(_file(tmp_path / "lie.safetensors", header))


def test_a_length_beyond_the_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="a header of"):
        read_header(_file(tmp_path / "long.safetensors", {}, length=1 << 62))
    (tmp_path / "short.safetensors").write_bytes(b"\0\0")
    with pytest.raises(ModelError, match="2 bytes"):
        read_header(tmp_path / "short.safetensors")
