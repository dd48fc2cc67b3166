"""Pages of real runs in a browser: the demo, a published net on all boards, ten models compared, a search."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lib.browsing import charts_of, colours, complain, contrast, opened
from tests.lib.demos import make_demo
from tests.lib.schema import validate

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Once = Callable[[str, Callable[[Path], None]], Path]


def tool(*words: object) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tinyml_compress", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def looked_at(browser: Browser, page: Path, titles: set[str], least: int) -> None:
    """On a desk, in the dark, on a phone and on paper."""
    for options in ({}, {"color_scheme": "dark"}, {"viewport": {"width": 360, "height": 740}}):
        with opened(browser, page, **options) as shown:
            charts = charts_of(shown)
            for chart in charts:
                complain(chart)
            assert len(charts) >= least
            assert titles <= {chart["title"] for chart in charts}
            assert contrast(*colours(shown)) >= 7
            room = options.get("viewport", {}).get("width", 1100)
            assert shown.evaluate("document.documentElement.scrollWidth") <= room
            shown.emulate_media(media="print")
            assert colours(shown)[0] > 0.9
    assert not re.search(r"<(script|img)[^>]* src=", page.read_text().partition("\n<script>")[0])


def test_the_demo(once: Once, browser: Browser) -> None:
    page = once("demo", make_demo) / "out" / "report.html"
    titles = {
        "Training: loss",
        "Bytes of the file by cause",
        "Weights per layer",
        "Accuracy with its interval",
    }
    looked_at(browser, page, titles | {"Time of one inference", "Memory plan over time"}, least=12)


@pytest.mark.full
def test_a_published_net_on_all_boards(published: Path, browser: Browser, tmp_path: Path) -> None:
    results, page = tmp_path / "boards.json", tmp_path / "boards.html"
    model = published / "pretrainedResnet_quant.tflite"
    tool("benchmark", model, "--target", "all", "--json", results, "--html", page)
    found = json.loads(results.read_text())
    validate(found)
    fitting = sum(1 for run in found["runs"] if "nodes" in run)
    assert fitting >= 10
    looked_at(browser, page, {"Flash by cause", "RAM by cause", "Cycles per node"}, least=3 + 2 * fitting)


@pytest.mark.full
def test_ten_models_compared(once: Once, browser: Browser, tmp_path: Path) -> None:
    out = once("demo", make_demo) / "out"
    models = [out / "digits.keras", out / "int8" / "digits.tflite", out / "float32" / "digits.tflite"]
    forms = [["--mode", mode] for mode in ("int16x8", "dynamic", "float16")]
    forms += [["--per-tensor-dense"], ["--strip"], ["--io", "float32"], ["--samples", "20"]]
    for number, words in enumerate(forms):
        folder = tmp_path / f"form{number}"
        tool("convert", out / "digits.keras", "--calibration", "data:digits:train", "-o", folder, *words)
        models.append(folder / "digits.tflite")
    assert len(models) == 10
    page = tmp_path / "compare.html"
    validate(json.loads(tool("compare", *models, "--data", "data:digits:test", "--html", page, "--json")))
    looked_at(browser, page, {"Accuracy against file", "Time on this host", "Weights per layer"}, least=15)


@pytest.mark.full
def test_a_search(browser: Browser, tmp_path: Path) -> None:
    out = tmp_path / "fit"
    words = [
        "--train",
        "4",
        "--data",
        "data:digits",
        "--target",
        "nucleo-l4r5zi",
        "--max-flash",
        "60%",
        "--time-budget",
        "1.5",
    ]
    tool("fit", "zoo:digits_cnn", *words, "-o", out)
    validate(json.loads((out / "fit.json").read_text()))
    page = tmp_path / "fit.html"
    tool("report", out / "fit.json", "-o", page)
    looked_at(browser, page, {"Drop against flash"}, least=1)
