"""Constants that lie behind the file's tables are read as those inside are, by us and under every runtime."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import tflite

from tests.lib.nets import NETS
from tinyml_compress import frontend
from tinyml_compress.errors import ModelError
from tinyml_compress.formats.flat import decode
from tinyml_compress.formats.inside import inside
from tinyml_compress.pipeline.compare.verification import verify
from tinyml_compress.pipeline.sources.source import source_of
from tinyml_compress.runners import tflm

FILE = NETS["keyword"]()


def _outside(file: bytes, beyond: int = 0) -> bytes:
    """The same constants behind the tables: each buffer becomes a table of a place and a length alone."""
    model = tflite.Model.GetRootAs(file, 0)
    slot = model._tab.Vector(model._tab.Offset(12))
    whole, data, places = bytearray(file), bytearray(), []
    for number, buffer in enumerate(decode(file).buffers):
        if not buffer.data.size:
            continue
        whole += bytes(-len(whole) % 8)
        table = len(whole) + 12
        whole += struct.pack("<HHHHHxxiQQ", 10, 20, 0, 4, 12, 12, 0, buffer.data.size)
        entry = slot + 4 * number
        struct.pack_into("<I", whole, entry, table - entry)
        places.append((table + 4, len(data)))
        data += buffer.data.tobytes() + bytes(-buffer.data.size % 16)
    start = len(whole) + -len(whole) % 16
    for place, begin in places:
        struct.pack_into("<Q", whole, place, start + begin + beyond)
    return bytes(whole) + bytes(start - len(whole)) + bytes(data)


def test_what_lies_outside_is_read(tmp_path: Path) -> None:
    apart = _outside(FILE)
    assert all(buffer.external or not buffer.data.size for buffer in decode(apart).buffers)
    ours, theirs = (frontend.read(file, "net") for file in (apart, FILE))
    for name, tensor in theirs.tensors.items():
        if tensor.data is not None:
            np.testing.assert_array_equal(ours.tensors[name].data, tensor.data)
    (tmp_path / "apart.tflite").write_bytes(apart)
    (tmp_path / "usual.tflite").write_bytes(FILE)
    counted = [source_of(tmp_path / f"{name}.tflite").content() for name in ("apart", "usual")]
    assert counted[0] == counted[1]
    assert verify(tmp_path / "apart.tflite", vectors=3).equal


def test_it_goes_inside() -> None:
    apart = _outside(FILE)
    again = inside(apart)
    assert inside(FILE) is FILE
    assert [b.data.tobytes() for b in decode(again).buffers] == [
        b.data.tobytes() for b in decode(FILE).buffers
    ]
    assert not any(buffer.external for buffer in decode(again).buffers)
    rows = [[np.arange(13 * 6, dtype=np.int8).reshape(1, 13, 6, 1)]]
    wanted = tflm.run(FILE, rows).outputs[0][0]
    assert np.ptp(wanted) > 0
    for file in (apart, again):
        np.testing.assert_array_equal(tflm.run(file, rows).outputs[0][0], wanted)


def test_a_place_behind_the_file_is_refused() -> None:
    with pytest.raises(ModelError, match="ends behind the file"):
        decode(_outside(FILE, beyond=1 << 40))
