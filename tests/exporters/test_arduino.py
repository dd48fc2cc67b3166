"""`export --format arduino`: the layout of the library specification, and its sketch on emulated cores."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.lib.bare_metal import built, ran
from tests.lib.bundles import damaged_vector, exported

CORE = Path(__file__).parent / "arduino_core"
# https://arduino.github.io/arduino-cli/latest/library-specification/
REQUIRED = (
    "name",
    "version",
    "author",
    "maintainer",
    "sentence",
    "paragraph",
    "category",
    "url",
    "architectures",
)
CATEGORIES = (
    "Display",
    "Communication",
    "Signal Input/Output",
    "Sensors",
    "Device Control",
    "Timing",
    "Data Storage",
    "Data Processing",
    "Other",
)


@pytest.fixture(scope="module", params=["c", "dsp"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("arduino")
    return exported(
        place, "arduino", net="residual", isa=request.param, author="A. Dent", url="https://a.example"
    ).folder


def sketch(folder: Path) -> dict[str, str]:
    """What the IDE compiles: the library's sources, and the sketch behind the core's header."""
    sources = {path.name: path.read_text() for path in (folder / "src").iterdir()}
    ino = (folder / "examples" / "SelfTest" / "SelfTest.ino").read_text()
    core = {path.name: path.read_text() for path in CORE.iterdir()}
    return {**sources, **core, "SelfTest.ino.cpp": f"#include <Arduino.h>\n{ino}"}


def printed(sources: dict[str, str], device: str) -> str:
    image = built(sources, device)
    engine = ran(image, device)
    assert int.from_bytes(engine.mem_read(image.symbols["serial_baud"], 4), "little") == 115200
    return bytes(engine.mem_read(image.symbols["serial_text"], 1024)).rstrip(b"\0").decode()


@pytest.mark.parametrize("device", ["nucleo-l4r5zi", "nucleo-g0b1re"])
def test_the_sketch_runs_on_emulated_cores(folder: Path, device: str) -> None:
    lines = printed(sketch(folder), device).splitlines()
    crc = re.search(r"KWS_WEIGHTS_CRC32 0x0*([0-9a-f]+)u", (folder / "src" / "kws.h").read_text())
    assert crc is not None
    assert lines == [
        f"kws: weights right (CRC-32 0x{crc[1].upper()})",
        "kws: 6 of 6 vectors equal",
        "kws: 100 to 100 microseconds per inference",
        "kws: self-test passed",
    ]


def test_the_sketch_reports_a_wrong_vector(folder: Path) -> None:
    sources = sketch(folder)
    sources["kws_test_vectors.h"] = damaged_vector(sources["kws_test_vectors.h"])
    text = printed(sources, "nucleo-g0b1re")
    assert "kws: 5 of 6 vectors equal\nkws: vector 5 is the first that differs\n" in text
    assert text.endswith("kws: self-test FAILED\n")


def test_layout_and_properties(folder: Path) -> None:
    lines = (folder / "library.properties").read_text().splitlines()
    properties = dict(line.split("=", 1) for line in lines)
    assert len(properties) == len(lines)
    assert not [key for key in REQUIRED if not properties.get(key)]
    assert re.fullmatch(r"[A-Za-z0-9][\w .-]{0,62}", properties["name"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", properties["version"])
    assert properties["category"] in CATEGORIES
    assert properties["author"] == "A. Dent"
    for header in properties["includes"].split(","):
        assert (folder / "src" / header).is_file()
    for path in (folder / "examples").rglob("*.ino"):
        assert path.stem == path.parent.name


def test_keywords_are_separated_by_tabs_and_exist(folder: Path) -> None:
    text = "".join(path.read_text() for path in (folder / "src").glob("*.h"))
    for line in (folder / "keywords.txt").read_text().splitlines():
        word, kind = line.split("\t")
        assert re.search(rf"\b{word}\b", text)
        assert kind in ("KEYWORD1", "KEYWORD2", "LITERAL1")
