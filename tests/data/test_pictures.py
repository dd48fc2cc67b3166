"""Pictures deeper than eight bits, larger than memory, and in formats that their names do not tell."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tinyml_compress import data
from tinyml_compress.data import pictures
from tinyml_compress.errors import DataError

DEEP = np.array([[0, 128, 257, 32_767], [32_896, 65_278, 65_406, 65_535]], np.uint16)
SHALLOW = [[0, 0, 1, 127], [128, 254, 254, 255]]
"""By value / 65535 * 255, rounded."""


def one_class(folder: Path, name: str, picture: Image.Image) -> Path:
    place = folder / "set" / "a" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    picture.save(place)
    return folder / "set"


@pytest.mark.parametrize("name", ["p.png", "p.tif", "p.pgm"])
def test_sixteen_bits_become_eight_by_their_whole_range(name: str, tmp_path: Path) -> None:
    found = data.load(one_class(tmp_path, name, Image.fromarray(DEEP)))
    assert found.inputs.shape == (1, 2, 4, 1)
    np.testing.assert_allclose(found.inputs[0, ..., 0] * 255, SHALLOW, atol=1e-4)


def test_big_endian_and_resized(tmp_path: Path) -> None:
    picture = Image.frombytes("I;16B", (4, 2), DEEP.astype(">u2").tobytes())
    folder = one_class(tmp_path, "p.tif", picture)
    assert (data.load(folder).inputs[0, ..., 0] * 255).round().astype(int).tolist() == SHALLOW
    (tmp_path / "d.toml").write_text('path = "set"\n[image]\nheight = 1\nwidth = 1\nchannels = 1\n')
    mean = data.load(tmp_path / "d.toml").inputs
    assert mean.shape == (1, 1, 1, 1)
    assert 100 < float(mean[0, 0, 0, 0]) < 155


def test_sixteen_bits_a_channel(tmp_path: Path) -> None:
    rows = b"".join(b"\0" + struct.pack(">6H", 0, 65_535, 32_768, 256, 65_000, 12) for _ in range(2))
    png = _png(2, 2, rows, depth=16, kind=2)
    (tmp_path / "set" / "a").mkdir(parents=True)
    (tmp_path / "set" / "a" / "p.png").write_bytes(png)
    found = data.load(tmp_path / "set").inputs
    assert found.shape == (1, 2, 2, 3)
    np.testing.assert_allclose(found[0, 0].reshape(-1) * 255, [0, 255, 128, 1, 253, 0], atol=1.01)


@pytest.mark.parametrize(("mode", "words"), [("F", "floating point"), ("I", "32 bits")])
def test_values_without_a_range_are_refused(mode: str, words: str, tmp_path: Path) -> None:
    folder = one_class(tmp_path, "p.tif", Image.new(mode, (4, 2), 3))
    with pytest.raises(DataError, match="black and white") as caught:
        data.load(folder)
    assert words in str(caught.value)
    assert "p.tif" in str(caught.value)


def test_a_picture_above_the_limit_is_refused_by_its_header(tmp_path: Path) -> None:
    """Its pixels are not even there."""
    (tmp_path / "set" / "a").mkdir(parents=True)
    for size in (13_000, 60_000, 2**31 - 1):
        (tmp_path / "set" / "a" / "p.png").write_bytes(_png(size, size, b"\0"))
        with pytest.raises(DataError, match="the picture is too large") as caught:
            data.load(tmp_path / "set")
        assert "100,000,000 pixels" in str(caught.value)


def test_one_picture_at_a_time_is_in_memory(tmp_path: Path) -> None:
    """Five of 8000 x 8000 grey pixels, small on the disk: 320 MB unpacked, of which there is a fifth at a
    time.
    """
    (tmp_path / "set" / "a").mkdir(parents=True)
    one = _png(8000, 8000, b"\0" * (8001 * 8000))
    for number in range(5):
        (tmp_path / "set" / "a" / f"{number}.png").write_bytes(one)
    (tmp_path / "d.toml").write_text('path = "set"\n[image]\nheight = 8\nwidth = 8\nchannels = 1\n')
    code = (
        "import resource, sys\n"
        "from tinyml_compress import data\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(data.load(sys.argv[1]).inputs.shape, "
        "resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "d.toml")]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    shape, kilobytes = done.stdout.rsplit(" ", 1)
    assert shape == "(5, 8, 8, 1)"
    assert int(kilobytes) < 220_000


def test_a_set_of_too_many_values_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        folder = one_class(tmp_path, f"{number}.png", Image.new("L", (10, 10)))
    monkeypatch.setattr(pictures, "_MOST_VALUES", 299)
    with pytest.raises(DataError, match="more values") as caught:
        data.load(folder)
    assert "3 of 10x10" in str(caught.value)
    monkeypatch.setattr(pictures, "_MOST_VALUES", 300)
    assert data.load(folder).inputs.shape == (3, 10, 10, 1)


def test_a_name_does_not_choose_the_reader(tmp_path: Path) -> None:
    """Pillow would hand PostScript to another program, whatever the file is called."""
    (tmp_path / "set" / "a").mkdir(parents=True)
    (tmp_path / "set" / "a" / "p.png").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n%%EndComments\n(x) (w) file\n%%EOF\n"
    )
    with pytest.raises(DataError, match="cannot be read"):
        data.load(tmp_path / "set")


def _png(width: int, height: int, rows: bytes, depth: int = 8, kind: int = 0) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows, 1))
        + chunk(b"IEND", b"")
    )
