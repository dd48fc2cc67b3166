"""Results as text for the terminal, and as self-contained web pages."""

from tinyml_compress.report.benchmark_html import benchmark_html
from tinyml_compress.report.benchmark_text import benchmark_blocks
from tinyml_compress.report.devices import devices_table

__all__ = ["benchmark_blocks", "benchmark_html", "devices_table"]
