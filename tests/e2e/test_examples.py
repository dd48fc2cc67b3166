"""The examples run as their first lines say, on made-up data; what they promise holds for any seed."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tinyml_compress import data

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


def module(example: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(example, REPO / "examples" / f"{example}.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.mark.filterwarnings("ignore")
def test_the_seed_does_not_decide_what_keywords_learn(tmp_path: Path) -> None:
    """Seed 4 ended at chance level when the training stopped after 75 steps."""
    keywords = module("keywords_from_wav")
    described = tmp_path / "sounds.toml"
    described.write_text(
        keywords.DESCRIPTION.format(folder=keywords.make_recordings(tmp_path / "recordings"))
    )
    train, test = data.load(f"{described}:train"), data.load(f"{described}:test")
    model = keywords.trained(train, epochs=keywords.EPOCHS, seed=4)
    assert (model.predict(test.inputs, verbose=0).argmax(axis=-1) == test.need_labels()).mean() > 0.9


@pytest.mark.filterwarnings("ignore")
def test_the_net_for_pictures_starts_from_the_seed() -> None:
    images = module("images_mobilenet")
    first, again, other = (images.network(2, seed).get_weights()[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.full
@pytest.mark.parametrize("seed", ["1", "2"])
def test_keywords_from_recordings(seed: str, tmp_path: Path) -> None:
    shown = run("keywords_from_wav.py", tmp_path, "--seed", seed)
    found = re.search(r"accuracy +([\d.]+)%", shown)
    assert found is not None
    assert float(found[1]) > 80
    assert "ms modelled" in shown
    assert (tmp_path / "c" / "keywords.c").is_file()
    assert (tmp_path / "c" / "keywords_frontend.c").is_file()
    assert "its bytes are those of training" in shown
    assert any("MFCC" in path.read_text().upper() for path in (tmp_path / "int8").glob("*.h"))


@pytest.mark.full
def test_vibration_anomaly(tmp_path: Path) -> None:
    shown = run("vibration_anomaly.py", tmp_path)
    found = re.search(r"AUC ([\d.]+)", shown)
    assert found is not None
    assert float(found[1]) > 0.8
    assert "false alarms" in shown


@pytest.mark.full
@pytest.mark.parametrize("seed", ["1", "4"])
def test_images_on_a_narrow_mobilenet(seed: str, tmp_path: Path) -> None:
    shown = run("images_mobilenet.py", tmp_path, "--keep", "0.5", "--seed", seed)
    found = re.search(r"03-convert +([\d.]+)%", shown)
    assert found is not None
    assert float(found[1]) > 80
    for board in ("nucleo-l4r5zi", "raspberry-pi-pico", "esp32-c3"):
        assert f"{board}: " in shown
