"""docs/onnx.md: its commands, in their order, and the tables that benchmarks/onnx_coverage.py recorded."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.onnx_coverage import RECORD, agreeing, markdown
from tests.lib.onnx_files import small_net
from tests.lib.pages import blocks_of, run_page

REPO = Path(__file__).resolve().parents[2]
PAGE = (REPO / "docs" / "onnx.md").read_text(encoding="utf-8")


def test_the_tables_are_what_was_recorded() -> None:
    results = json.loads(RECORD.read_text())["tests"]
    assert markdown(results) in PAGE
    good, floats = agreeing(results)
    assert floats > 500
    assert good / floats >= 0.6


@pytest.mark.full
def test_the_page_is_what_happens(tmp_path: Path) -> None:
    (block,) = (one for one in blocks_of(PAGE) if one.value == "tests/docs/test_onnx_page.py")
    small_net(tmp_path / "net.onnx", batch="batch")
    samples = np.random.default_rng(1).standard_normal((32, 3, 12, 12)).astype(np.float32)
    np.savez(tmp_path / "samples.npz", inputs=samples)
    apart = run_page(f"<!-- numbers: measured here -->\n```console\n{block.text}\n```\n", tmp_path)
    assert not apart, "\n\n".join(apart)
