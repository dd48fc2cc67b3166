"""A benchmark as one self-contained web page."""

from __future__ import annotations

from tinyml_compress.rendering.page import results_page
from tinyml_compress.results import Benchmark, encoded


def benchmark_html(result: Benchmark, command: str = "") -> str:
    """The page; it loads nothing from anywhere. `command` is the call that made the result."""
    count = len(result.runs)
    title = f"{result.model.name} on {count} device{'s' if count != 1 else ''}"
    return results_page([encoded(result, command)], names=[result.model.source], title=title)
