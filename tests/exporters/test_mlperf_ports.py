"""`ports/` of `export --format mlperf-tiny`: each main program speaks, on a stand-in for its ecosystem; the
emulated board's is run by tests/emulated/test_serve.py.
"""

from __future__ import annotations

import configparser
import re
import subprocess
from pathlib import Path

import pytest

from tests.lib.bundles import CAREFUL, exported
from tinyml_compress.runners import toolchain

STANDINS = Path(__file__).parent / "line_ports"
MAINS = {
    "arduino": ("arduino/kws_device/kws_device.ino", "arduino_start.cpp"),
    "zephyr": ("zephyr/src/main.c", ""),
    "esp-idf": ("esp-idf/main/main.c", "esp_start.c"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(tmp_path_factory.mktemp("ports"), "mlperf-tiny").folder


# a sketch is C++, whose library the compiler builds first
@pytest.mark.parametrize(
    "ecosystem", [pytest.param(one, marks=[pytest.mark.full] if one == "arduino" else []) for one in MAINS]
)
def test_it_speaks_through_the_functions_of_its_ecosystem(folder: Path, ecosystem: str) -> None:
    main, start = MAINS[ecosystem]
    headers = {str(path.relative_to(STANDINS)): path.read_text() for path in STANDINS.rglob("*.h")}
    sources = {path.name: path.read_text() for path in folder.iterdir() if path.suffix in (".c", ".h")}
    sources["sketch.ino" if main.endswith(".ino") else "main.c"] = (folder / "ports" / main).read_text()
    if main.endswith(".ino"):
        del sources["main.c"]
    if start:
        sources[start] = (STANDINS / start).read_text()
    flags = (flag for flag in CAREFUL if flag != "-std=c99")
    program = toolchain.executable({**headers, **sources}, flags=(*flags, "-Wno-unused-function"))
    done = subprocess.run(
        [program], input=b"name%infer 2 1%selftest%", capture_output=True, timeout=60, check=True
    )
    text = done.stdout.decode()
    assert text.startswith("m-init-done\r\nm-ready\r\nm-name-dut-[tinyml_compress]\r\nm-ready\r\n")
    first, second = map(int, re.findall(r"m-lap-us-(\d+)", text))
    assert second - first == 1000
    assert "m-selftest-[passed]" in text


def test_projects_name_files_that_are_there(folder: Path) -> None:
    ports = folder / "ports"
    sources = {path.name for path in folder.glob("*.c")} - {"main.c"}
    esp = (ports / "esp-idf" / "main" / "CMakeLists.txt").read_text()
    assert set(re.findall(r'"\.\./\.\./\.\./([^"]+\.c)"', esp)) == sources
    zephyr = (ports / "zephyr" / "CMakeLists.txt").read_text()
    assert set(re.findall(r"\$\{EXPORT\}/(\S+\.c)", zephyr)) == sources
    ini = configparser.ConfigParser()
    ini.read(ports / "platformio" / "platformio.ini")
    kept = set(re.findall(r"\+<([^>]+)>", ini["env:board"]["build_src_filter"]))
    assert kept == {*sources, "ports/platformio/main.cpp"}
    sketch = re.search(r'#include "([^"]+\.ino)"', (ports / "platformio" / "main.cpp").read_text())
    assert sketch is not None
    assert (ports / "platformio" / sketch[1]).resolve().is_file()
