"""The examples run as their first lines say, on made-up data, with few epochs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]


def run(example: str, folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, str(REPO / "examples" / example), "-o", str(folder), *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.full
def test_keywords_from_recordings(tmp_path: Path) -> None:
    shown = run("keywords_from_wav.py", tmp_path)
    found = re.search(r"accuracy +([\d.]+)%", shown)
    assert found is not None
    assert float(found[1]) > 80
    assert "ms modelled" in shown
    assert (tmp_path / "c" / "keywords.c").is_file()
    assert any("MFCC" in path.read_text().upper() for path in (tmp_path / "int8").glob("*.h"))


@pytest.mark.full
def test_vibration_anomaly(tmp_path: Path) -> None:
    shown = run("vibration_anomaly.py", tmp_path)
    found = re.search(r"AUC ([\d.]+)", shown)
    assert found is not None
    assert float(found[1]) > 0.8
    assert "false alarms" in shown


@pytest.mark.full
def test_images_on_a_narrow_mobilenet(tmp_path: Path) -> None:
    shown = run("images_mobilenet.py", tmp_path, "--keep", "0.5")
    found = re.search(r"03-convert +([\d.]+)%", shown)
    assert found is not None
    assert float(found[1]) > 80
    for board in ("nucleo-l4r5zi", "raspberry-pi-pico", "esp32-c3"):
        assert f"{board}: " in shown
