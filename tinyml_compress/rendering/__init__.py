"""Results as text for the terminal, and as self-contained web pages."""

from tinyml_compress.rendering.benchmark_html import benchmark_html
from tinyml_compress.rendering.benchmark_text import benchmark_blocks
from tinyml_compress.rendering.comparison_text import comparison_blocks
from tinyml_compress.rendering.compression_text import compression_blocks
from tinyml_compress.rendering.conversion_text import conversion_blocks
from tinyml_compress.rendering.devices import target_blocks, targets_blocks
from tinyml_compress.rendering.evaluation_text import evaluation_blocks, evaluations_blocks
from tinyml_compress.rendering.gate import gate_blocks
from tinyml_compress.rendering.inspection import inspection_blocks, inspections_blocks
from tinyml_compress.rendering.lists_text import operators_blocks, sets_blocks, zoo_blocks
from tinyml_compress.rendering.parity_text import ladder_blocks
from tinyml_compress.rendering.small_texts import (
    check_blocks,
    compiled_blocks,
    data_check_blocks,
    diagnosis_blocks,
    exported_blocks,
    shrunk_blocks,
    verification_blocks,
)

__all__ = [
    "benchmark_blocks",
    "benchmark_html",
    "check_blocks",
    "comparison_blocks",
    "compiled_blocks",
    "compression_blocks",
    "conversion_blocks",
    "data_check_blocks",
    "diagnosis_blocks",
    "evaluation_blocks",
    "evaluations_blocks",
    "exported_blocks",
    "gate_blocks",
    "inspection_blocks",
    "inspections_blocks",
    "ladder_blocks",
    "operators_blocks",
    "sets_blocks",
    "shrunk_blocks",
    "target_blocks",
    "targets_blocks",
    "verification_blocks",
    "zoo_blocks",
]
