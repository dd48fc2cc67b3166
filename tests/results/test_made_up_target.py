"""A kind of target is one file: it gets its line in every form of output, and nothing else is touched."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lib.nets import NETS

PACKAGE = Path(__file__).parents[2] / "tinyml_compress"
FILE = '''
"""A made-up board that is asked over a wire, and tells how warm it is."""

from tinyml_compress.pipeline.measure.target import Target
from tinyml_compress.results import Demand, DeviceFacts, Figure, Kind, Measurement

class Wire(Target):
    name = "made-up"
    title = "A board that nobody has"
    is_surveyed = False
    def measure(self, work, toolchain):
        figures = (
            Figure(name="flash", value=len(work.model), unit="B", kind=Kind.EXACT, limit=70000),
            Figure(name="RAM", value=321, unit="B", kind=Kind.EXACT, limit=4096),
            Figure(name="ms", value=12.5, unit="ms", kind=Kind.MEASURED),
            Figure(name="warmth", value=36.5, unit="C", kind=Kind.MEASURED, error=0.02),
        )
        return Measurement(device=self.name, engine="wire", fits=True, title=self.title, figures=figures)
    def demands(self, content, engine, arena, max_ram):
        return (Demand(memory="RAM", needed=5000, available=4096, of_what="made up"),), ()
    def facts(self):
        return DeviceFacts(name=self.name, kind="wire", title=self.title)

Wire.own = (Wire,)
TARGET = Wire
'''


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with one file more."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(PACKAGE, folder / "tinyml_compress", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "tinyml_compress" / "pipeline" / "measure" / "kinds" / "wire.py").write_text(FILE)
    (folder / "net.tflite").write_bytes(NETS["keyword"]())
    return folder


def _called(place: Path, *words: str, code: int = 0) -> str:
    env = {**os.environ, "PYTHONPATH": str(place)}
    run = [sys.executable, "-c", "from tinyml_compress.cli import main; main()", *words]
    done = subprocess.run(run, cwd=place, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_it_is_in_text_json_and_page(place: Path) -> None:
    words = ("benchmark", "net.tflite", "--target", "made-up")
    text = _called(place, *words, "--json", "one.json", "--html", "one.html")
    assert "warmth 36.5 C ±2%" in text
    assert "321 of 4,096 B" in text
    (run,) = json.loads((place / "one.json").read_text())["runs"]
    assert run["ram"] == {"total": 321}
    page = (place / "one.html").read_text()
    assert "36.5 C" in page
    assert "made-up" in page


def test_it_has_a_line_among_others(place: Path) -> None:
    text = _called(place, "benchmark", "net.tflite", "--target", "nucleo-l4r5zi,made-up", "--vectors", "1")
    (line,) = [line for line in text.splitlines() if line.strip().startswith("made-up")]
    assert "321" in line
    assert "12.5" in line


def test_it_is_listed(place: Path) -> None:
    assert "A board that nobody has" in _called(place, "targets")
    shown = json.loads(_called(place, "targets", "show", "made-up", "--json"))
    assert shown["device"]["kind"] == "wire"


def test_gate_and_check_know_it(place: Path) -> None:
    _called(place, "benchmark", "net.tflite", "--target", "made-up", "--json", "a.json")
    document = json.loads((place / "a.json").read_text())
    for figure in document["runs"][0]["figures"]:
        figure["value"] *= 2
    (place / "b.json").write_text(json.dumps(document))
    text = _called(place, "gate", "--baseline", "a.json", "--current", "b.json", code=1)
    assert "321 to 642" in text
    assert "DOES NOT FIT" in _called(place, "check", "net.tflite", "--target", "made-up", code=1)
