"""A benchmark as one self-contained web page."""

from __future__ import annotations

from tinyml_compress.devices.measurement import Benchmark
from tinyml_compress.report.benchmark_json import benchmark_document
from tinyml_compress.report.page import results_page

__all__ = ["benchmark_html"]


def benchmark_html(result: Benchmark, command: str = "") -> str:
    """The page; it loads nothing from anywhere. `command` is the call that made the result."""
    count = len(result.runs)
    title = f"{result.model.name} on {count} device{'s' if count != 1 else ''}"
    return results_page([benchmark_document(result, command)], names=[result.model.source], title=title)
