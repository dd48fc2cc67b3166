"""An environment that cannot come: its size is said before, the error is one, and nothing of it stays."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tinyml_compress.errors import MissingDependency
from tinyml_compress.support import environments
from tinyml_compress.support.disk import DiskFull
from tinyml_compress.support.environments import TORCH, Environment, python_of

SMALL = Environment(
    title="a tool of ours",
    variable="TINYML_COMPRESS_NO_SUCH_PYTHON",
    imports=("no_such_module",),
    requirements=("no-such-distribution==1.0",),
    nbytes=1_000_000,
)


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The cache on a disk of two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    able = all(map(shutil.which, ("mount", "umount")))
    if not able or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small disk")
    monkeypatch.setenv("TINYML_COMPRESS_CACHE", str(place / "cache"))
    yield place
    subprocess.run(["umount", str(place)], check=True)


def _kept(cache: Path) -> list[str]:
    places = (path for path in (cache / "environments").iterdir() if path.is_dir())
    return [path.name for path in places if any(path.iterdir())]


def test_without_an_index_nothing_stays(
    no_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip itself, with no index to ask, as on a machine without a network."""
    (tmp_path / "wheels").mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    said: list[str] = []
    with pytest.raises(MissingDependency, match="a tool of ours cannot be installed here") as caught:
        python_of(SMALL, said.append)
    assert said == ["installing a tool of ours into the cache, once: about 1 MB"]
    assert "no-such-distribution" in str(caught.value.found)
    assert SMALL.variable in str(caught.value.next_step)
    assert _kept(no_cache) == []


def test_gigabytes_are_not_begun_where_there_is_no_room(small_disk: Path) -> None:
    said: list[str] = []
    with pytest.raises(DiskFull, match="no room for PyTorch(.|\n)*2,100,000,000 B(.|\n)*_CACHE"):
        python_of(replace(TORCH, imports=("no_such_module",)), said.append)
    assert said == []
    assert _kept(small_disk / "cache") == []


def test_a_disk_that_fills_up_meanwhile(small_disk: Path) -> None:
    """The virtual environment alone is larger than the disk."""
    with pytest.raises(DiskFull, match="the disk is full"):
        python_of(SMALL)
    assert _kept(small_disk / "cache") == []


def test_sizes_are_said_in_words() -> None:
    assert (TORCH.size, environments.QUANTIZER.size) == ("2.1 GB", "310 MB")
