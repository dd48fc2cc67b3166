"""The program that makes the arrays of docs/real-data.md, on small checkouts of the same form."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from docs.real_data import FOR_WORK, PICTURES, SCALE, ZERO_POINT, keywords, pictures


def _utterances(folder: Path, count: int) -> np.ndarray:
    folder.mkdir(parents=True)
    stored = np.random.default_rng(3).integers(-128, 128, (count, 490)).astype(np.int8)
    lines = []
    for place, values in enumerate(stored):
        (folder / f"tst_{place:06d}.bin").write_bytes(values.tobytes())
        lines.append(f"tst_{place:06d}.bin,12,{place % 12}")
    (folder / "y_labels.csv").write_text("\n".join(lines) + "\n")
    return stored


def test_keywords_follow_the_list_and_the_permutation(tmp_path: Path) -> None:
    stored = _utterances(tmp_path / "kws01", 640)
    work, final = keywords(tmp_path / "kws01")
    order = np.random.default_rng(0).permutation(640)
    assert work["inputs"].shape == (FOR_WORK, 49, 10, 1)
    assert len(final["labels"]) == 40
    for place in (0, 17, 599):
        wanted = (stored[order[place]].astype(float) - ZERO_POINT) * SCALE
        assert work["inputs"][place].reshape(-1) == pytest.approx(wanted, rel=1e-6)
        assert work["labels"][place] == order[place] % 12
    assert final["labels"].tolist() == (order[600:] % 12).tolist()


def test_pictures_are_the_first_of_each_class(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    for value, kind in enumerate(("bird", "airplane")):
        (tmp_path / kind).mkdir()
        for number in range(4):
            colour = (60 * value + number, 100, 200)
            image.new("RGB", (32, 32), colour).save(tmp_path / kind / f"{number:04d}.jpg", quality=100)
    made = pictures(tmp_path, 3)
    assert made["inputs"].shape == (6, 32, 32, 3)
    assert made["inputs"].dtype == np.uint8
    assert made["labels"].tolist() == [0, 0, 0, 1, 1, 1]
    assert abs(made["inputs"][0, 0, 0].astype(int) - (60, 100, 200)).max() <= 3  # airplane comes first
    assert abs(made["inputs"][5, 0, 0].astype(int) - (2, 100, 200)).max() <= 3
    assert PICTURES == {"train": 1000, "test": 100}


def test_wrong_folders_are_one_clear_error(repo: Path, tmp_path: Path) -> None:
    call = [sys.executable, "docs/real_data.py", "-o", str(tmp_path / "out")]
    for more, words in (([], "nothing to make"), (["--energyrunner", str(tmp_path)], "y_labels.csv")):
        done = subprocess.run([*call, *more], cwd=repo, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert words in done.stderr
        assert "Traceback" not in done.stderr
    _utterances(tmp_path / "top" / "datasets" / "kws01", 610)
    made = subprocess.run(
        [*call, "--energyrunner", str(tmp_path / "top")],
        cwd=repo,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    with np.load(tmp_path / "out" / "keywords.npz") as arrays:
        assert arrays["inputs"].shape == (600, 49, 10, 1)
