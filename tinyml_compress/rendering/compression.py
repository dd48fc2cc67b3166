"""A run of a recipe as one self-contained page."""

from __future__ import annotations

from typing import Any

from tinyml_compress.rendering.page import results_page

__all__ = ["compression_page"]


def compression_page(report: dict[str, Any]) -> str:
    """The page for a report.json."""
    return results_page([report], title=f"{report['title']}: compression")
