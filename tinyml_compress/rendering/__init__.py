"""Results as text for the terminal, and as self-contained web pages."""

from tinyml_compress.rendering.benchmark_html import benchmark_html
from tinyml_compress.rendering.benchmark_text import benchmark_blocks
from tinyml_compress.rendering.devices import devices_table

__all__ = ["benchmark_blocks", "benchmark_html", "devices_table"]
