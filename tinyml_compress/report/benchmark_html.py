"""A benchmark as one self-contained web page."""

from __future__ import annotations

import json

from tinyml_compress.devices.measurement import Benchmark
from tinyml_compress.report.benchmark_json import benchmark_json
from tinyml_compress.report.page import results_page

__all__ = ["benchmark_html"]


def benchmark_html(result: Benchmark) -> str:
    """The page; it loads nothing from anywhere."""
    document = json.loads(benchmark_json(result))
    count = len(result.runs)
    title = f"{result.model.name} on {count} device{'s' if count != 1 else ''}"
    return results_page([document], names=[result.model.source], title=title)
