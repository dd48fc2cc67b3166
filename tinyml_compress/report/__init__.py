"""Results as text for the terminal, as JSON, and as self-contained web pages."""

from tinyml_compress.report.benchmark_html import benchmark_html
from tinyml_compress.report.benchmark_json import benchmark_json
from tinyml_compress.report.benchmark_text import benchmark_text
from tinyml_compress.report.devices import device_json, device_text, devices_json, devices_text

__all__ = [
    "benchmark_html",
    "benchmark_json",
    "benchmark_text",
    "device_json",
    "device_text",
    "devices_json",
    "devices_text",
]
