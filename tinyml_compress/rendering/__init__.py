"""Results as text for the terminal and as self-contained web pages; each is found by its type."""

from tinyml_compress.rendering import (
    comparison_text,
    compression_text,
    conversion_text,
    core_fit_text,
    demo,
    devices,
    evaluation_text,
    fit_text,
    gate,
    inspection,
    lists_text,
    optimization_text,
    parity_text,
    quantization_text,
    recording_text,
    small_texts,
    stream_text,
)
from tinyml_compress.rendering.benchmark_html import benchmark_html
from tinyml_compress.rendering.benchmark_text import benchmark_blocks

__all__ = [
    "benchmark_blocks",
    "benchmark_html",
    "comparison_text",
    "compression_text",
    "conversion_text",
    "core_fit_text",
    "demo",
    "devices",
    "evaluation_text",
    "fit_text",
    "gate",
    "inspection",
    "lists_text",
    "optimization_text",
    "parity_text",
    "quantization_text",
    "recording_text",
    "small_texts",
    "stream_text",
]
