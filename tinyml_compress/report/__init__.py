"""Results as text for the terminal, as JSON, and as self-contained web pages."""

from tinyml_compress.report.benchmark_html import benchmark_html
from tinyml_compress.report.benchmark_json import benchmark_json
from tinyml_compress.report.benchmark_text import benchmark_blocks
from tinyml_compress.report.devices import device_blocks, device_json, devices_json, devices_table

__all__ = [
    "benchmark_blocks",
    "benchmark_html",
    "benchmark_json",
    "device_blocks",
    "device_json",
    "devices_json",
    "devices_table",
]
